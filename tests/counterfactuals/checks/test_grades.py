"""Grades worked out by hand on ``hand_table``, each vote written out, and what holds for any answer."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from sensecf_core.cohorts.encoding import from_values
from sensecf_core.counterfactuals.checks.graded import GradedRows
from sensecf_core.counterfactuals.checks.grades import _second_agrees, grade_rows
from sensecf_core.counterfactuals.checks.refine import refine, refine_passed
from sensecf_core.counterfactuals.checks.select import select
from sensecf_core.counterfactuals.checks.sentences import on_the_line
from sensecf_core.counterfactuals.checks.verify import verify
from sensecf_core.counterfactuals.explain import answer, query_of
from sensecf_core.counterfactuals.problem.budget import Budget
from sensecf_core.counterfactuals.problem.fitted_cohort import FittedCohort
from sensecf_core.counterfactuals.problem.make_queries import with_limits
from sensecf_core.counterfactuals.problem.problem import Problem
from sensecf_core.queries.limits import Limits
from sensecf_core.queries.request import ExplainRequest
from tests.evaluation import hand_table as hand


def problem(**classifier: Any) -> Problem:
    fitted = hand.evaluators().fitted
    fitted = replace(fitted, classifier=cast(Any, hand.Lines(**classifier)))
    return Problem(fitted, hand.space(fitted), Budget(fitted.classifier))


def under_contrast(posed: Problem) -> Problem:
    query = with_limits(posed.fitted, posed.space.query, Limits(profile="contrast"))
    return Problem.of(posed.fitted, query)


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
    assert _second_agrees(problem(), rows).tolist() == [True, False]


def test_noise_that_decides_nothing_is_left_out_and_changes_no_grade() -> None:
    rows = np.array(
        [hand.row(bmi=24.0, sugar=100), hand.row(bmi=29.0, sugar=100), hand.row(bmi=30.0, sugar=0)]
    )
    short, whole = grade_rows(problem(), rows, complete=False), grade_rows(problem(), rows)
    assert short.grades == whole.grades
    assert np.isnan(short.held_under_noise).tolist() == [False, True, True]


def test_a_row_on_the_line_is_counted_and_told_but_not_chosen() -> None:
    posed = problem(refits=(0.0, 1.0, 2.0))
    # Log-odds -0.5 (one of three refits holds), twice, and -2.5: all three hold, bmi 24 agrees.
    rows = np.array([hand.row(bmi=24.0, sugar=225)] * 2 + [hand.row(bmi=24.0, sugar=125)])
    graded = GradedRows.of(posed, verify(posed, rows))
    assert graded.grades.grades == ("on the line", "on the line", "solid")
    assert select(graded, posed.space.changed(rows), 4).tolist() == [2]
    assert graded.distinct_on_the_line == 1
    assert "1 other change crosses the line only just" in on_the_line(1, others=1)
    assert on_the_line(2, others=0).startswith("This participant sits on the line: measure again. 2 changes")


def test_solid_comes_before_fragile_even_where_it_changes_more() -> None:
    # Fragile: sugar alone, log-odds -0.4 (one of three refits says +0.6), near. Solid: two changes, -3.
    rows = np.array([hand.row(sugar=30), hand.row(bmi=24.0, sugar=100)])
    graded = GradedRows.of(problem(), verify(problem(), rows))
    assert graded.grades.grades == ("fragile", "solid")
    assert select(graded, problem().space.changed(rows), 2).tolist() == [1, 0]


def test_refining_stops_before_it_would_lower_the_grade() -> None:
    # Log-odds -3, solid. Pulled up to the line it would be fragile; so would be a quarter of its 3 log-odds
    # (the refit that adds 1 is lost). Half of them, 1.5, is enough: sugar goes back to 150 (log-odds -2),
    # then bmi up to 24.5, log-odds -1.75; at 25 it would be -1.5, not more than that.
    posed = under_contrast(problem())
    raw = verify(posed, hand.row(bmi=24.0, sugar=100)[None])
    assert raw.passed.all()
    refined = refine_passed(posed, raw)
    assert refined.grades.grades[0] == "solid"
    assert refined.checks.codes[0].tolist() == hand.row(bmi=24.5).tolist()
    assert grade_rows(posed, refine(posed, raw.codes)).grades == ("fragile",)


@settings(max_examples=25)
@given(
    who=st.integers(0, 39),
    seed=st.integers(0, 10**6),
    profile=st.sampled_from(["intervention", "contrast"]),
    goal=st.sampled_from(["auto", "cross", "lower"]),
    changes=st.integers(1, 4),
)
def test_options_are_valid_within_limits_and_keep_their_grade_when_asked_again(
    *, fitted: FittedCohort, flagged: list[str], who: int, seed: int, profile: Any, goal: Any, changes: int
) -> None:
    request = ExplainRequest(
        cohort="small",
        participant_id=flagged[who % len(flagged)],
        method="random",
        candidates=48,
        seed=seed,
        profile=profile,
        goal=goal,
        max_changes=changes,
    )
    found = answer(fitted, request)
    query = query_of(fitted, request).model_copy(update={"goal": found.goal})
    again = Problem.of(fitted, query)
    assert found.goal.asked == goal and found.goal.kind in ((goal,) if goal != "auto" else ("cross", "lower"))
    grades = [option.grade for option in found.counterfactuals]
    assert "on the line" not in grades and None not in grades
    assert grades == sorted(grades, reverse=True), "solid first"
    for option in found.counterfactuals:
        row = from_values(fitted.schema, option.features)[None]
        checks, judged = verify(again, row), grade_rows(again, row)
        assert checks.passed.all() and not checks.violations[0]
        assert judged.grades == (option.grade,)
        assert option.held_by_refits == judged.held_by_refits[0]
        if option.grade == "solid":
            assert option.valid and option.second_agrees
        if option.grade == "solid" and found.goal.kind == "lower":
            assert (option.reliable_reduction or 0) >= 3
        elif option.grade == "solid":
            assert min(option.held_by_refits or 0, option.held_under_noise or 0) >= 0.9
