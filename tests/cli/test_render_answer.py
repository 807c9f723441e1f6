"""An answer on the command line: the same words as on the pages."""

from __future__ import annotations

import pytest

from sensecf_core.cli.render_answer import as_text, funnel
from sensecf_core.queries.answer import BindingLimit, Feasibility, Trace
from sensecf_core.queries.goal import Goal, GoalKind
from sensecf_core.queries.limits import Limits
from tests.records.made_answers import make_answer, make_counterfactual
from tests.small_cohort import SCHEMA


def test_the_gap_and_the_limits_to_lift_stand_beside_what_lowers_the_risk() -> None:
    more = BindingLimit(
        kind="max_changes", text="at most 3 changes (5 would do)", limits=Limits(profile="intervention")
    )
    feasible = Feasibility(
        cross="proven none",
        reliable_reduction=7.0,
        best_probability=0.4,
        binding=(more.text,),
        binding_limits=(more,),
    )
    answer = make_answer(goal=Goal(kind="lower", asked="auto"), feasibility=feasible, second_threshold=0.36)
    text = as_text(answer, SCHEMA)
    assert "crosses the line: best reachable 40, line 31 of 100." in text
    assert "One limit lifted would do: at most 3 changes (5 would do)." in text
    assert "second judge agrees (25 of 100, its own line 36)" in text
    crosses = feasible.model_copy(update={"cross": "solid"})
    assert "best reachable" not in as_text(answer.model_copy(update={"feasibility": crosses}), SCHEMA)
    assert "its own line" not in as_text(answer.model_copy(update={"second_threshold": None}), SCHEMA)


@pytest.mark.parametrize(
    ("kind", "follows", "in_class", "said"),
    [
        ("lower", True, False, "second judge moves the same way (77 of 100)"),
        ("lower", False, True, "second judge does not follow (77 of 100)"),
        ("target", True, False, "second judge moves the same way (77 of 100)"),
        ("lower", None, False, "second judge disagrees (77 of 100, its own line 36)"),
        ("cross", False, False, "second judge disagrees (77 of 100, its own line 36)"),
        ("cross", True, True, "second judge agrees (77 of 100, its own line 36)"),
        ("cross", None, True, "second judge agrees (77 of 100, its own line 36)"),
        (
            "cross",
            False,
            True,
            "second judge said so before any change and does not follow (77 of 100, its own line 36)",
        ),
    ],
)
def test_the_second_judge_is_told_by_what_the_goal_asks_of_it(
    kind: GoalKind, follows: bool | None, in_class: bool, said: str
) -> None:
    option = make_counterfactual({"bmi": (33.5, 30.0)}).model_copy(
        update={
            "second_judge_probability": 0.77,
            "second_judge_agrees": in_class,
            "second_agrees": follows,
        }
    )
    answer = make_answer(goal=Goal(kind=kind), counterfactuals=(option,), second_threshold=0.36)
    (line,) = (line for line in as_text(answer, SCHEMA).splitlines() if "second judge" in line)
    assert line.endswith(f"; {said}")


def test_the_funnel_says_how_many_are_different() -> None:
    trace = Trace(
        proposed=16,
        unique=12,
        readable=16,
        within_limits=16,
        valid=16,
        plausible=4,
        shown=3,
        different={
            "proposed": 12,
            "readable": 12,
            "within_limits": 12,
            "valid": 4,
            "plausible": 4,
            "shown": 3,
        },
    )
    assert funnel(trace).startswith("proposed 16 (12 different) > readable 16 (12 different)")
    assert funnel(trace).endswith("valid 16 (4 different) > plausible 4 > shown 3")
    assert "different" not in funnel(trace.model_copy(update={"different": {}}))
