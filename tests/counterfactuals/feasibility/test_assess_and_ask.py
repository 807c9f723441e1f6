"""What is feasible for a query, what a person is told before any method runs, and how ``auto`` is decided."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from sensecf_core.counterfactuals import explain as explaining
from sensecf_core.counterfactuals.baselines.exact_distance import prove
from sensecf_core.counterfactuals.checks.grades import grade_reductions, grade_rows
from sensecf_core.counterfactuals.explain import answer, query_of
from sensecf_core.counterfactuals.feasibility.ask import decided
from sensecf_core.counterfactuals.feasibility.assess import Reach, assess
from sensecf_core.counterfactuals.problem.fitted_cohort import FittedCohort
from sensecf_core.counterfactuals.problem.problem import Problem
from sensecf_core.counterfactuals.problem.search_space import SearchSpace
from sensecf_core.errors import InputError
from sensecf_core.queries.answer import Answer, Feasibility
from sensecf_core.queries.goal import Goal
from sensecf_core.queries.request import ExplainRequest
from tests.counterfactuals.checks.test_grades import problem
from tests.evaluation import hand_table as hand


def ask(participant: str, **options: Any) -> ExplainRequest:
    asked = {"cohort": "small", "participant_id": participant, "method": "random", "candidates": 64}
    return ExplainRequest.model_validate({**asked, **options})


def of_kind(posed: Problem, **goal: Any) -> Problem:
    query = posed.space.query.model_copy(update={"goal": Goal(**goal)})
    return Problem.of(posed.fitted, query)


def test_a_reduction_is_graded_by_nine_of_ten_refits_and_the_second_classifier() -> None:
    # The factual: log-odds 2, refits 1, 2, 3: risks .7311 .8808 .9526; the second (bmi 32): .9820.
    # sugar 100: log-odds 1: refits .5, .7311, .8808: falls .2311 .1497 .0718, 10th percentile 8.74 points;
    # the second does not read sugar: 0 points. bmi 30: the same 8.74 points, the second .8808: 10.1 points.
    rows = np.array([hand.row(sugar=100), hand.row(bmi=30.0), hand.row(sugar=200)])
    posed = of_kind(problem(), kind="lower", asked="lower")
    graded = grade_rows(posed, rows)
    assert graded.grades == ("fragile", "solid", None)
    assert graded.reliable_reduction[:2] == pytest.approx([8.74, 8.74], abs=0.01)
    assert graded.held_by_refits.tolist() == [1, 1, 0]
    assert graded.second_agrees.tolist() == [False, True, False]
    # Whatever the query's goal, one function says what a reduction is worth.
    assert grade_reductions(problem(), rows, graded.reliable_reduction) == graded.grades


def test_a_target_risk_is_a_line_of_its_own() -> None:
    # Target 80 of 100 is log-odds 1.386. bmi 30: 1, refits 0, 1, 2: two of three hold; the second's log-odds
    # move 2, at least half of the classifier's 1. sugar 130: 1.6 is not there.
    posed = of_kind(problem(), kind="target", target=80, asked="target")
    graded = grade_rows(posed, np.array([hand.row(bmi=30.0), hand.row(sugar=130), hand.row(sugar=0)]))
    assert graded.grades == ("fragile", None, "fragile")
    assert graded.held_by_refits[0] == pytest.approx(2 / 3)
    assert graded.second_agrees.tolist() == [True, False, False]


def reach(fitted: FittedCohort, request: ExplainRequest) -> Reach:
    return assess(fitted, [query_of(fitted, request)])[0]


def test_what_is_proven_agrees_with_the_exact_search(fitted: FittedCohort, flagged: list[str]) -> None:
    proven = 0
    for person in flagged[-12:]:
        request = ask(person, max_changes=2)
        found = reach(fitted, request)
        space = SearchSpace.of(fitted.schema, query_of(fitted, request))
        if found.cross == "proven none":
            proven += 1
            assert prove(fitted, space).impossible
        elif found.cross in ("solid", "fragile"):
            assert not prove(fitted, space).impossible
    assert proven >= 2


@settings(max_examples=15)
@given(
    who=st.integers(0, 60), seed=st.integers(0, 10**6), profile=st.sampled_from(["intervention", "contrast"])
)
def test_no_method_finds_what_is_proven_not_to_be(
    *, fitted: FittedCohort, flagged: list[str], who: int, seed: int, profile: str
) -> None:
    request = ask(flagged[who % len(flagged)], seed=seed, profile=profile, goal="cross", search_first=False)
    found, searched = answer(fitted, request), reach(fitted, request)
    assert found.feasibility is None
    if searched.cross == "proven none":
        assert found.trace.valid == 0 and not found.counterfactuals
    assert 0 <= (searched.reliable_reduction or 0) <= 100


def test_assessing_many_at_once_says_the_same_of_each(fitted: FittedCohort, flagged: list[str]) -> None:
    queries = [query_of(fitted, ask(person)) for person in flagged[:6]]
    assert assess(fitted, queries) == [assess(fitted, [query])[0] for query in queries]


def never_asked(*_: object) -> None:
    pytest.fail("a method was asked for what cannot be")


def test_where_nothing_can_be_no_method_is_asked_and_the_gap_is_said(
    fitted: FittedCohort, flagged: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(explaining, "proposer_for", never_asked)
    frozen = ("waist", "sugar", "sleep", "smoking", "active", "diet", "bmi")
    for method in ("random", "lm-guided", "treecf"):
        found = answer(fitted, ask(flagged[-1], method=method, goal="cross", frozen=frozen))
        assert found.status == "none" and found.trace.proposed == 0
        assert found.feasibility is not None and found.feasibility.cross == "proven none"
        best, line = found.feasibility.best_probability, round(100 * found.threshold)
        assert best is not None and best >= found.threshold
        assert f"best reachable {round(100 * best)}, line {line} of 100" in found.reasons[0]
        assert 0 < found.seconds.search <= found.seconds.total


def test_the_limit_to_lift_is_named(fitted: FittedCohort, flagged: list[str]) -> None:
    held = ("bmi", "waist", "carbohydrate", "sugar", "sleep", "smoking", "active")
    for person in flagged:
        found = answer(fitted, ask(person, profile="contrast", frozen=held, max_changes=1))
        if found.feasibility is not None and found.feasibility.binding:
            break
    else:
        pytest.fail("no flagged person is held back by one frozen feature")
    assert any(text.endswith("is frozen") for text in found.feasibility.binding)
    for text in found.feasibility.binding:
        if not text.endswith("is frozen"):
            continue
        name = text.split("`")[1]
        rest = tuple(other for other in held if other != name)
        freed = reach(fitted, ask(person, profile="contrast", frozen=rest, max_changes=1))
        assert freed.cross in ("solid", "fragile") or freed.on_the_line


def found_by(fitted: FittedCohort, people: list[str], **options: Any) -> list[Answer]:
    return [answer(fitted, ask(person, **options)) for person in people]


def test_auto_crosses_where_that_is_solid_and_else_lowers(fitted: FittedCohort, flagged: list[str]) -> None:
    kinds = set()
    for found in found_by(fitted, [*flagged[:6], *flagged[-6:]]):
        assert found.goal.asked == "auto" and found.feasibility is not None
        if not found.counterfactuals:
            continue
        kinds.add(found.goal.kind)
        grades = {option.grade for option in found.counterfactuals}
        if found.goal.kind == "cross":
            assert "solid" in grades
            assert all(option.probability < found.threshold for option in found.counterfactuals)
        else:
            assert all((option.reliable_reduction or 0) > 0 for option in found.counterfactuals)
            assert found.notes[0].startswith("No change that was proposed can be relied on to cross the line")
            best = max(option.reliable_reduction or 0 for option in found.counterfactuals)
            assert (found.feasibility.reliable_reduction or 0) >= best
            assert "In nine of ten retrained copies it would fall by" in found.counterfactuals[0].sentence
    assert kinds == {"cross", "lower"}


@pytest.mark.parametrize(
    ("cross", "lower", "reduction", "kind"),
    [
        ("solid", "solid", 9.0, "cross"),
        ("fragile", "solid", 9.0, "lower"),
        ("fragile", "fragile", 2.0, "lower"),
        ("fragile", "none found", 0.0, "cross"),
        ("none found", "none found", 0.0, "lower"),
        ("proven none", "solid", 9.0, "lower"),
        ("none found", "none found", None, "cross"),
    ],
)
def test_auto_asks_for_a_fragile_crossing_where_nothing_lowers(
    cross: Any, lower: Any, reduction: float | None, kind: str
) -> None:
    query = problem().space.query.model_copy(update={"goal": Goal(kind="cross", asked="auto")})
    found = Feasibility(cross=cross, lower=lower, reliable_reduction=reduction, best_probability=0.4)
    assert decided(query, found).goal == Goal(kind=kind, asked="auto")  # type: ignore[arg-type]
    named = query.model_copy(update={"goal": Goal(kind="cross", asked="cross")})
    assert decided(named, found) == named


def test_contrast_crosses_unless_asked_otherwise(fitted: FittedCohort, flagged: list[str]) -> None:
    request = ask(flagged[0], profile="contrast")
    crossed = answer(fitted, request)
    assert crossed.goal == Goal(kind="cross", asked="cross")
    as_before = answer(fitted, request.model_copy(update={"search_first": False}))
    assert crossed.counterfactuals == as_before.counterfactuals
    lowered = answer(fitted, request.model_copy(update={"goal": "lower"}))
    assert lowered.goal == Goal(kind="lower", asked="lower") and lowered.counterfactuals


def test_a_target_risk_is_reached_or_named_as_the_line(fitted: FittedCohort, flagged: list[str]) -> None:
    found = answer(fitted, ask(flagged[-1], target=75))
    assert found.goal == Goal(kind="target", target=75, asked="target")
    assert found.counterfactuals
    assert all(option.valid and option.probability < 0.75 for option in found.counterfactuals)
    beyond = answer(fitted, ask(flagged[-1], target=2))
    assert beyond.status == "none" and "crosses the target" in beyond.reasons[0]
    there = answer(fitted, ask(flagged[-1], target=99.9))
    assert there.status == "already_desired" and "already" in there.reasons[0]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"target": 40, "goal": "cross"}, "leave out `cross`"),
        ({"target": 0}, "above 0 and below 100"),
        ({"target": 140}, "got 140"),
    ],
)
def test_targets_that_make_no_sense(
    fitted: FittedCohort, flagged: list[str], options: Any, said: str
) -> None:
    with pytest.raises(InputError, match=said):
        answer(fitted, ask(flagged[0], **options))


def test_treecf_lowers_a_risk_by_the_largest_step_that_a_plan_reaches(
    fitted: FittedCohort, flagged: list[str]
) -> None:
    found = answer(fitted, ask(flagged[-1], method="treecf", goal="lower"))
    assert found.goal.kind == "lower" and found.counterfactuals
    falls = [100 * (found.factual.probability - option.probability) for option in found.counterfactuals]
    reached = next(points for points in (20, 10, 5, 3) if min(falls) >= points - 1e-6)
    assert reached >= 3
