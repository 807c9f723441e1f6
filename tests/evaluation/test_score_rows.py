"""Judging changed rows: rules against the row as it was, limits by profile, order kept."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from sensecf_core.counterfactuals.problem.fitted_cohort import FittedCohort
from sensecf_core.errors import InputError
from sensecf_core.evaluation.score_rows import ChangedRow, score_rows

SUGAR = "Sugar cannot exceed carbohydrate"


def person_where(checker: FittedCohort, condition: str) -> str:
    return str(checker.cohort.rows.query(condition).index[0][0])


def violations(checker: FittedCohort, person: str, profile: str | None = None, **codes: float) -> list[str]:
    (entry,) = score_rows(checker, [ChangedRow(person, "0", codes)], profile=profile)
    found: list[str] = entry["violations"]
    return found


def test_rules_across_features(checker: FittedCohort) -> None:
    person = person_where(checker, "sugar < 100 and carbohydrate > 200")
    assert violations(checker, person) == []
    assert SUGAR in violations(checker, person, carbohydrate=90, sugar=95)


def test_a_rule_that_the_row_already_breaks_is_reported_and_counts_only_where_it_gets_worse(
    checker: FittedCohort,
) -> None:
    person = person_where(checker, "sugar > 120 and carbohydrate < 250")
    rows = checker.cohort.rows.copy()
    rows.loc[(person, "0"), ["sugar", "carbohydrate"]] = [150.0, 140.0]
    broken = replace(checker, cohort=replace(checker.cohort, rows=rows))
    assert violations(broken, person) == [SUGAR]
    assert violations(broken, person, sugar=145) == []
    assert SUGAR in violations(broken, person, "contrast", sugar=155)


def test_limits_by_profile(checker: FittedCohort) -> None:
    person = person_where(checker, "bmi > 26 and bmi < 28 and waist > 80")
    bmi = float(checker.cohort.rows.loc[(person, "0"), "bmi"])
    assert violations(checker, person, bmi=bmi + 1) == ["`bmi` may only go down"]
    assert violations(checker, person, "contrast", bmi=bmi + 1) == []
    assert violations(checker, person, "contrast", age=30) == ["`age` is context and may not change"]


def test_rows_are_judged_in_the_order_given(checker: FittedCohort) -> None:
    index = checker.cohort.rows.index
    people = [index[position][0] for position in (5, 2, 5, 9)]
    judged = score_rows(
        checker, [ChangedRow(person, "0", {"age": 20.0 + n}) for n, person in enumerate(people)]
    )
    assert [entry["participant_id"] for entry in judged] == people
    alone = [
        score_rows(checker, [ChangedRow(person, "0", {"age": 20.0 + n})])[0]
        for n, person in enumerate(people)
    ]
    assert judged == alone


def test_predicted_follows_the_threshold(checker: FittedCohort) -> None:
    rows = checker.cohort.part("test")
    judged = score_rows(checker, [ChangedRow(person, row) for person, row in rows.index])
    assert [entry["predicted"] for entry in judged] == checker.classifier.predict(rows).tolist()
    lows, highs = np.array([entry["interval"] for entry in judged]).T
    assert (lows <= highs).all()


def test_unknown_limits(checker: FittedCohort) -> None:
    with pytest.raises(InputError, match="did you mean contrast"):
        score_rows(checker, [], profile="contrasts")
