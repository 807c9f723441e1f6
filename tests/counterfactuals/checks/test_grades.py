"""Grades worked out by hand on ``hand_table``, each vote written out, and what holds for any answer."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast

import numpy as np
import pytest

from sensecf_core.counterfactuals.checks.grades import _second_agrees, grade_rows
from sensecf_core.counterfactuals.explain import answer
from sensecf_core.counterfactuals.problem.budget import Budget
from sensecf_core.counterfactuals.problem.fitted_cohort import FittedCohort
from sensecf_core.counterfactuals.problem.problem import Problem
from sensecf_core.queries.request import ExplainRequest
from tests.evaluation import hand_table as hand


def problem(**classifier: Any) -> Problem:
    fitted = hand.evaluators().fitted
    fitted = replace(fitted, classifier=cast(Any, hand.Lines(**classifier)))
    return Problem(fitted, hand.space(fitted), Budget(fitted.classifier))


def test_solid_needs_refits_noise_and_the_second_classifier() -> None:
    # Log-odds -3: refits -4, -3, -2; noise of 0.33 log-odds never crosses 0; the second (bmi 24 < 28) agrees.
    # Log-odds -0.5: refits -1.5, -0.5 and +0.5; the second (bmi 29) still says class 1.
    # Log-odds -2: refits -3, -2, -1 hold, but the second (bmi 30) does not agree.
    rows = np.array(
        [hand.row(bmi=24.0, sugar=100), hand.row(bmi=29.0, sugar=100), hand.row(bmi=30.0, sugar=0)]
    )
    graded = grade_rows(problem(), rows)
    assert graded.grades == ("solid", "fragile", "fragile")
    assert graded.held_by_refits == pytest.approx([1, 2 / 3, 1])
    assert graded.held_under_noise[0] == graded.held_under_noise[2] == 1
    assert 0.85 < graded.held_under_noise[1] < 1  # P(noise of 0.33 log-odds < 0.5) is 0.94
    assert graded.second_agrees.tolist() == [True, False, False]


def test_a_row_that_most_retrained_copies_would_not_flip_is_on_the_line() -> None:
    # Log-odds -0.5 under refits that add 0, 1 and 2: one of three holds.
    graded = grade_rows(problem(refits=(0.0, 1.0, 2.0)), hand.row(bmi=24.0, sugar=225)[None])
    assert graded.held_by_refits == pytest.approx([1 / 3])
    assert graded.grades == ("on the line",)


def test_what_is_not_valid_or_has_no_refits_has_no_grade() -> None:
    assert grade_rows(problem(), hand.row(bmi=31.0)[None]).grades == (None,)
    graded = grade_rows(problem(refits=()), hand.row(bmi=24.0, sugar=100)[None])
    assert graded.grades == (None,)
    assert np.isnan(graded.held_by_refits).all() and np.isnan(graded.reliable_reduction).all()


def test_the_reliable_reduction_is_the_tenth_percentile_over_the_refits() -> None:
    # Risks of the factual (log-odds 1, 2, 3): .73106 .88080 .95257; of the row (-4, -3, -2): .01799 .04743
    # .11920. Reductions .71307 .83337 .83337; a fifth of the way from the least to the next is .73713.
    graded = grade_rows(problem(), hand.row(bmi=24.0, sugar=100)[None])
    assert graded.reliable_reduction == pytest.approx([73.713], abs=2e-3)


def test_a_second_classifier_that_was_there_before_has_to_follow() -> None:
    # The factual: bmi 26, sugar 250, log-odds 1 (class 1); the second, at -2, says class 0 already.
    # First row: the classifier moves 3, the second 2, more than half. Second row: 2, but the second stays.
    rows = np.array(
        [hand.row(bmi=26.0, sugar=250), hand.row(bmi=24.0, sugar=150), hand.row(bmi=26.0, sugar=150)]
    )
    assert _second_agrees(cast(Any, hand.Lines()), rows, 0).tolist() == [True, False]


def test_grades_of_answers_hold_when_asked_again(fitted: FittedCohort, flagged: list[str]) -> None:
    grades = set()
    for person in flagged[:6]:
        request = ExplainRequest(cohort="small", participant_id=person, method="random", candidates=64)
        first, again = answer(fitted, request), answer(fitted, request)
        assert [c.grade for c in first.counterfactuals] == [c.grade for c in again.counterfactuals]
        for found in first.counterfactuals:
            grades.add(found.grade)
            assert found.held_by_refits is not None and found.held_under_noise is not None
            if found.grade == "solid":
                assert found.valid and not found.violations and found.second_agrees
                assert min(found.held_by_refits, found.held_under_noise) >= 0.9
            else:
                assert min(found.held_by_refits, found.held_under_noise) < 0.9 or not found.second_agrees
    assert len(grades) > 1
