"""Which limits hold a query back, each with the limits that lift it and nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, strategies as st

from sensecf_core.counterfactuals.checks.sentences import gap
from sensecf_core.counterfactuals.explain import answer, query_of
from sensecf_core.counterfactuals.feasibility import reasons
from sensecf_core.counterfactuals.feasibility.binding import binding_limits
from sensecf_core.counterfactuals.feasibility.reasons import _what_binds
from sensecf_core.counterfactuals.problem.fitted_cohort import FittedCohort
from sensecf_core.counterfactuals.problem.problem import Problem
from sensecf_core.queries.answer import BindingLimit, Feasibility, Trace
from sensecf_core.queries.goal import CROSS, Goal
from sensecf_core.queries.limits import Limits
from sensecf_core.queries.request import ExplainRequest
from tests.counterfactuals.problem.test_meaningful_changes import fit, schema_with


@pytest.fixture(scope="module")
def normal(fitted: FittedCohort) -> FittedCohort:
    return fit(fitted, schema_with(least=False, references=True))


def asked(person: str, **limits: Any) -> ExplainRequest:
    return ExplainRequest.model_validate(
        {"cohort": "small", "participant_id": person, "method": "random", "candidates": 16, **limits}
    )


def lifted(fitted: FittedCohort, request: ExplainRequest, crosses: Any) -> dict[str, BindingLimit]:
    found = binding_limits(Problem.of(fitted, query_of(fitted, request)), crosses)
    return {limit.text: limit for limit in found}


def always(limits: Sequence[Limits]) -> list[bool]:
    return [True] * len(limits)


def never(limits: Sequence[Limits]) -> list[bool]:
    return [False] * len(limits)


def test_every_limit_is_lifted_alone(fitted: FittedCohort, flagged: list[str]) -> None:
    request = asked(
        flagged[0],
        profile="behaviour",
        frozen=("sugar", "sleep"),
        ranges={"carbohydrate": (100, 200)},
        levels={"smoking": ("former",)},
    )
    limits = query_of(fitted, request).limits
    found = list(lifted(fitted, request, always).values())
    assert [(limit.kind, limit.features) for limit in found] == [
        ("frozen", ("sugar",)),
        ("frozen", ("sleep",)),
        ("range", ("carbohydrate",)),
        ("levels", ("smoking",)),
        ("max_changes", ()),
        ("profile", ()),
        ("profile", ()),
    ]
    changed = [
        {name for name in Limits.model_fields if getattr(limit.limits, name) != getattr(limits, name)}
        for limit in found[:-1]
    ]
    assert changed == [{"frozen"}, {"frozen"}, {"ranges"}, {"levels"}, {"max_changes"}, {"profile"}]
    assert found[0].limits.frozen == ("sleep",) and found[4].limits.max_changes == 5
    assert found[6].limits == Limits(profile="contrast", frozen=("sugar", "sleep"))
    assert not lifted(fitted, request, never)


def by_features(names: set[str]) -> Any:
    """Only limits that open a range of one of these features help."""

    def crosses(limits: Sequence[Limits]) -> list[bool]:
        return [bool(names & set(each.ranges)) for each in limits]

    return crosses


def test_reference_ranges_are_named_one_by_one_where_one_does(
    normal: FittedCohort, flagged: list[str]
) -> None:
    request = asked(flagged[0])
    every = next(
        limit
        for limit in lifted(normal, request, lambda each: [len(one.ranges) > 1 for one in each]).values()
        if limit.kind == "reference_range"
    )
    assert len(every.features) > 1 and set(every.limits.ranges) == set(every.features)
    assert every.text.startswith("no value moves further than its reference range asks for")
    one = every.features[0]
    (alone,) = lifted(normal, request, by_features({one})).values()
    assert alone.features == (one,) and set(alone.limits.ranges) == {one}
    assert alone.text == f"`{one}` moves no further than its reference range asks for"


@given(names=st.sets(st.sampled_from(["bmi", "sugar", "sleep", "carbohydrate"])))
def test_no_feature_is_asked_about_where_all_of_them_do_not(
    *, normal: FittedCohort, flagged: list[str], names: set[str]
) -> None:
    calls: list[int] = []

    def crosses(limits: Sequence[Limits]) -> list[bool]:
        calls.append(len(limits))
        return by_features(names)(limits)

    found = lifted(normal, asked(flagged[0]), crosses)
    assert {name for limit in found.values() for name in limit.features} <= names
    assert len(calls) == (2 if found else 1)


def test_an_answer_asked_again_with_a_binding_limit_lifted_crosses(
    normal: FittedCohort, flagged: list[str]
) -> None:
    tried = 0
    for person in flagged[::3]:
        found = answer(normal, asked(person, max_changes=1, goal="cross"))
        if found.feasibility is None or not found.feasibility.binding:
            continue
        assert tuple(limit.text for limit in found.feasibility.binding_limits) == found.feasibility.binding
        for limit in found.feasibility.binding_limits:
            tried += 1
            again = answer(
                normal,
                asked(person, goal="cross", candidates=4, **limit.limits.model_dump()),
            )
            assert again.feasibility is not None
            assert again.feasibility.cross in ("solid", "fragile"), limit.text
    assert tried >= 3


@pytest.mark.parametrize(
    ("cross", "best", "goal", "said"),
    [
        (
            "proven none",
            0.68,
            CROSS,
            "It is proven that no change within these limits crosses the line: best reachable 68, line 35 of "
            "100.",
        ),
        (
            "none found",
            0.354,
            CROSS,
            "No change was found that within these limits crosses the line: best reachable 35, line 35 of "
            "100.",
        ),
        (
            "none found",
            0.33,
            CROSS,
            "Changes within these limits cross the line too narrowly to be believed: best reachable 33, line "
            "35 of 100.",
        ),
        (
            "none found",
            0.5,
            Goal(kind="target", target=40, asked="target"),
            "No change was found that within these limits crosses the target: best reachable 50, target 40 "
            "of 100.",
        ),
    ],
)
def test_the_gap_is_said(cross: Any, best: float, goal: Goal, said: str) -> None:
    feasible = Feasibility(cross=cross, reliable_reduction=None, best_probability=best)
    assert gap(feasible, goal, threshold=0.35, desired=0) == said


def test_what_binds_is_said_in_words() -> None:
    free = Limits(profile="intervention")
    lifted = BindingLimit(kind="max_changes", text="at most 3 changes (5 would do)", limits=free)
    unrealistic = BindingLimit(kind="profile", text="real", limits=Limits(profile="contrast"))
    assert _what_binds(free, [lifted, unrealistic]).endswith("lifted: at most 3 changes (5 would do).")
    assert _what_binds(free, [unrealistic]).startswith("No realistic change is enough.")
    alone = "A search of the classifier finds no answer within these limits either"
    assert _what_binds(free, []) == f"{alone}."
    own = free.model_copy(update={"frozen": ("sleep",)})
    assert _what_binds(own, []) == f"{alone}, nor with any one of your own limits lifted."


def test_candidates_that_came_more_than_once_are_counted_both_ways() -> None:
    steps = {"proposed": 16, "unique": 9, "readable": 16, "within_limits": 12, "valid": 5, "plausible": 0}
    trace = Trace(**steps, shown=0, different={"valid": 2, "plausible": 0})
    said = reasons._where_it_ended(trace, CROSS)
    assert said.startswith(
        "5 candidates (2 different) alter the prediction, but all would make this an unusual"
    )
    narrowly = trace.model_copy(update={"plausible": 5, "on_the_line": 1, "different": {"plausible": 1}})
    assert reasons._where_it_ended(narrowly, CROSS) == (
        "5 candidates (1 different) alter the prediction, but too narrowly to be believed."
    )
    once = trace.model_copy(update={"different": {}})
    assert reasons._where_it_ended(once, CROSS).startswith("5 candidates alter the prediction")
