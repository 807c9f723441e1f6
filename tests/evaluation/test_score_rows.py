"""Judging changed rows: rules against the row as it was, limits by profile, order kept."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from sensecf_core.counterfactuals.problem.fitted_cohort import FittedCohort
from sensecf_core.errors import InputError
from sensecf_core.evaluation.score_rows import ChangedRow, score_rows

SUGAR = "Sugar cannot exceed carbohydrate"


def person_where(fitted: FittedCohort, condition: str) -> str:
    return str(fitted.cohort.rows.query(condition).index[0][0])


def violations(fitted: FittedCohort, person: str, profile: str | None = None, **codes: float) -> list[str]:
    (entry,) = score_rows(fitted, [ChangedRow(person, "0", codes)], profile=profile)
    found: list[str] = entry["violations"]
    return found


def test_rules_across_features(fitted: FittedCohort) -> None:
    person = person_where(fitted, "sugar < 100 and carbohydrate > 200")
    assert violations(fitted, person) == []
    assert SUGAR in violations(fitted, person, carbohydrate=90, sugar=95)


def test_a_rule_that_the_row_already_breaks_is_reported_and_counts_only_where_it_gets_worse(
    fitted: FittedCohort,
) -> None:
    person = person_where(fitted, "sugar > 120 and carbohydrate < 250")
    rows = fitted.cohort.rows.copy()
    rows.loc[(person, "0"), ["sugar", "carbohydrate"]] = [150.0, 140.0]
    broken = replace(fitted, cohort=replace(fitted.cohort, rows=rows))
    assert violations(broken, person) == [SUGAR]
    assert violations(broken, person, sugar=145) == []
    assert SUGAR in violations(broken, person, "contrast", sugar=155)


def test_limits_by_profile(fitted: FittedCohort) -> None:
    person = person_where(fitted, "bmi > 26 and bmi < 28 and waist > 80")
    bmi = float(fitted.cohort.rows.loc[(person, "0"), "bmi"])
    assert violations(fitted, person, bmi=bmi + 1) == ["`bmi` may only go down"]
    assert violations(fitted, person, "contrast", bmi=bmi + 1) == []
    assert violations(fitted, person, "contrast", age=30) == ["`age` is context and may not change"]


def test_rows_are_judged_in_the_order_given(fitted: FittedCohort) -> None:
    index = fitted.cohort.rows.index
    people = [index[position][0] for position in (5, 2, 5, 9)]
    judged = score_rows(
        fitted, [ChangedRow(person, "0", {"age": 20.0 + n}) for n, person in enumerate(people)]
    )
    assert [entry["participant_id"] for entry in judged] == people
    alone = [
        score_rows(fitted, [ChangedRow(person, "0", {"age": 20.0 + n})])[0] for n, person in enumerate(people)
    ]
    assert judged == alone


def test_predicted_follows_the_threshold(fitted: FittedCohort) -> None:
    rows = fitted.cohort.part("test")
    judged = score_rows(fitted, [ChangedRow(person, row) for person, row in rows.index])
    assert [entry["predicted"] for entry in judged] == fitted.classifier.predict(rows).tolist()
    lows, highs = np.array([entry["interval"] for entry in judged]).T
    assert (lows <= highs).all()


def test_unknown_limits(fitted: FittedCohort) -> None:
    with pytest.raises(InputError, match="did you mean contrast"):
        score_rows(fitted, [], profile="contrasts")
