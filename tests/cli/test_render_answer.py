"""An answer on the command line: the same words as on the pages."""

from __future__ import annotations

from sensecf_core.cli.render_answer import as_text, funnel
from sensecf_core.queries.answer import BindingLimit, Feasibility, Trace
from sensecf_core.queries.goal import Goal
from sensecf_core.queries.limits import Limits
from tests.records.made_answers import make_answer
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
