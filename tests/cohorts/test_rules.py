from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, strategies as st

from sensecf_core.cohorts.encoding import Codes, from_values, to_codes
from sensecf_core.cohorts.rules import broken_rules, broken_shares, rule_texts, violations
from tests.small_cohort import SCHEMA, make

SUGAR, WAIST = 0, 1
"""Columns of `violations`: the one rule, then the one coupling."""

number = st.one_of(st.none(), st.floats(0, 900))


def row(**values: float | None) -> Codes:
    return from_values(SCHEMA, {"bmi": 30.0, "waist": 100.0, "carbohydrate": 200.0, "sugar": 90.0} | values)


def test_texts_name_rules_then_couplings() -> None:
    assert rule_texts(SCHEMA) == ("Sugar cannot exceed carbohydrate", "Waist moves with BMI")


@pytest.mark.parametrize(
    ("changes", "broken"),
    [
        ({"sugar": 201.0}, (True, False)),
        ({"sugar": 200.0}, (False, False)),  # equality keeps a rule
        ({"bmi": 26.0}, (False, True)),  # waist should have gone with it: 9.2 cm, 7 are tolerated
        ({"bmi": 26.0, "waist": 91.0}, (False, False)),
        ({"waist": 107.0}, (False, False)),  # exactly the tolerance
        ({"waist": 107.1}, (False, True)),
    ],
)
def test_each_rule_judges_the_change(changes: dict[str, float], broken: tuple[bool, bool]) -> None:
    assert tuple(violations(SCHEMA, row(), row(**changes)[np.newaxis])[0]) == broken


def test_a_rule_that_the_factual_breaks_counts_only_when_it_gets_worse() -> None:
    factual = row(sugar=230.0)
    candidates = np.array([factual, row(sugar=230.0, carbohydrate=190.0), row(sugar=220.0), row(sugar=195.0)])
    assert violations(SCHEMA, factual, candidates)[:, SUGAR].tolist() == [False, True, False, False]
    assert broken_rules(SCHEMA, candidates)[:, SUGAR].tolist() == [True, True, True, False]


def test_rules_with_a_value_not_measured_are_not_judged() -> None:
    factual = row(sugar=None, waist=None)
    candidates = np.array([row(sugar=None, carbohydrate=1.0, waist=None, bmi=10.0)])
    assert not violations(SCHEMA, factual, candidates).any()
    assert not broken_rules(SCHEMA, candidates).any()


@given(
    values=st.lists(st.tuples(number, number, number, number), min_size=1, max_size=8),
    factual=st.integers(0, 7),
)
def test_staying_as_it_is_never_breaks_anything(values: list[tuple[float | None, ...]], factual: int) -> None:
    names = ("bmi", "waist", "carbohydrate", "sugar")
    rows = np.array([row(**dict(zip(names, row_values, strict=True))) for row_values in values])
    unchanged = rows[factual % len(rows)]
    assert not violations(SCHEMA, unchanged, unchanged[np.newaxis]).any()


@given(values=st.lists(st.tuples(number, number, number, number), min_size=2, max_size=8))
def test_many_rows_are_judged_as_each_alone(values: list[tuple[float | None, ...]]) -> None:
    names = ("bmi", "waist", "carbohydrate", "sugar")
    rows = np.array([row(**dict(zip(names, row_values, strict=True))) for row_values in values])
    together = violations(SCHEMA, rows[0], rows)
    alone = np.vstack([violations(SCHEMA, rows[0], row_values[np.newaxis]) for row_values in rows])
    assert np.array_equal(together, alone)


def test_shares_count_rows_by_rule() -> None:
    codes = to_codes(SCHEMA, make(n=50).rows)
    codes[:5, SCHEMA.positions["sugar"]] = 1000
    assert broken_shares(SCHEMA, codes) == {"sugar_in_carbohydrate": 0.1}
