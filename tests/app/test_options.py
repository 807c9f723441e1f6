"""Which options are shown, in which order and under which number, and what is said of each."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, strategies as st

from sensecf_core.counterfactuals.checks.option_order import numbered
from sensecf_core.queries.answer import Answer, Counterfactual, Trace
from sensecf_core.queries.goal import Goal
from sensecf_core.queries.limits import Limits
from sensecf_core.records.kept_options import kept_options
from sensecf_core.ui.common import data, wording
from sensecf_core.ui.interventions import answer as intervention_answer, believed, card, evidence, options
from tests.records.made_answers import make_answer, make_counterfactual
from tests.small_cohort import SCHEMA

VALUES = {"sleep": (5.5, 7.0), "sugar": (140, 80), "bmi": (33.5, 30.0), "waist": (110, 100)}
GRADES = st.sampled_from(["solid", "fragile"])
CHANGES = st.sets(st.sampled_from(sorted(VALUES)), min_size=1)
BEHAVIOURS = st.sets(st.sampled_from(["sleep", "sugar"]), min_size=1)


def option(names: set[str], grade: Any) -> Counterfactual:
    return make_counterfactual({name: VALUES[name] for name in sorted(names)}).model_copy(
        update={"grade": grade}
    )


def found(own: list[Counterfactual], beside: list[Counterfactual] | None, k: int) -> Answer:
    alone = None
    if beside is not None:
        limits = Limits(profile="behaviour")
        alone = make_answer("b", counterfactuals=tuple(beside), limits=limits, settings={"k": k})
    return make_answer(counterfactuals=tuple(own), settings={"k": k}, behaviours=alone)


@given(
    own=st.lists(st.builds(option, CHANGES, GRADES), max_size=5, unique_by=lambda o: str(o.changes)),
    beside=st.none()
    | st.lists(st.builds(option, BEHAVIOURS, GRADES), max_size=5, unique_by=lambda o: str(o.changes)),
    k=st.integers(1, 8),
)
def test_options_are_numbered_as_shown(
    own: list[Counterfactual], beside: list[Counterfactual] | None, k: int
) -> None:
    unnumbered = found(own, beside, k)
    answer = numbered(SCHEMA, unnumbered)
    groups = options.grouped(SCHEMA, answer)
    shown = [one for group in groups for one in group.options]
    assert [one.number for one in shown] == list(range(1, len(shown) + 1))
    everywhere = kept_options(answer, None)
    assert (*shown, *options.rest(SCHEMA, answer)) == everywhere
    assert [one.number for one in everywhere] == list(range(1, len(everywhere) + 1))
    assert all(a.option.changes != b.option.changes for n, a in enumerate(everywhere) for b in everywhere[:n])
    clinical = ["bmi" in one.option.changes or "waist" in one.option.changes for one in shown]
    assert clinical == sorted(clinical), "behaviours stand first"
    assert bool(groups and groups[0].heading) == (len(set(clinical)) == 2)
    alone = [one.option for one in shown if not {"bmi", "waist"} & set(one.option.changes)]
    assert [o.grade for o in alone] == sorted((o.grade for o in alone), key=lambda g: g != "solid")
    assert all(a.changes != b.changes for n, a in enumerate(alone) for b in alone[:n])
    assert len(shown) <= k
    for one in shown:
        assert one.option in one.answer.counterfactuals
    same = [one.option for one in options.shown(SCHEMA, unnumbered)]
    assert [o.changes for o in same] == [one.option.changes for one in shown]
    before = {one.number: one.option.changes for one in kept_options(unnumbered, None)}
    assert all(before[one.number] == one.option.changes for one in options.shown(SCHEMA, unnumbered)), (
        "what was kept before options had numbers is called what it was called"
    )
    if own or beside:
        assert shown
    if clinical.count(False) and [o for o in own if {"bmi", "waist"} & set(o.changes)]:
        assert clinical.count(False) == len(alone) <= max(-(-k // 2), k - clinical.count(True))


def test_an_explanation_keeps_its_order() -> None:
    own = [option({"bmi"}, "fragile"), option({"sleep"}, "solid")]
    answer = make_answer(counterfactuals=tuple(own), limits=Limits(profile="contrast"))
    (group,) = options.grouped(SCHEMA, answer)
    assert group.heading == "" and [one.option for one in group.options] == own


def test_what_a_grade_rests_on_is_counted() -> None:
    judged = option({"sleep"}, "solid").model_copy(
        update={
            "held_by_refits": 0.95,
            "held_under_noise": 0.97,
            "second_agrees": True,
            "reliable_reduction": 6.2,
        }
    )
    assert believed.rests_on(judged, "cross", refits=20) == (
        "held by 19 of 20 retrained copies, 97 of 100 noisy copies, second model agrees"
    )
    assert believed.rests_on(judged, "lower", refits=20) == (
        "6 points or more in nine of ten retrained copies, held by 19 of 20 retrained copies, "
        "97 of 100 noisy copies, second model moves the same way"
    )
    against = judged.model_copy(update={"second_agrees": False, "held_under_noise": None})
    assert believed.rests_on(against, "cross", refits=3) == (
        "held by 3 of 3 retrained copies, second model does not follow"
    )
    assert set(believed.DEFINITIONS) == {"cross", "lower", "target"}
    assert all(text.startswith("Solid: ") and "Fragile: " in text for text in believed.DEFINITIONS.values())


@pytest.mark.parametrize(
    ("risks", "agrees", "kind", "said"),
    [
        ((0.70, 0.46), True, "cross", "agrees (46 of 100, its own line: 52)"),
        ((0.70, 0.61), False, "cross", "**disagrees** (61 of 100, its own line: 52)"),
        ((0.40, 0.30), True, "cross", "never flagged this participant and follows (40 → 30 of 100"),
        (
            (0.40, 0.39),
            False,
            "cross",
            "never flagged this participant and does **not** follow (40 → 39",
        ),
        ((0.70, 0.66), True, "lower", "moves the same way (70 → 66 of 100"),
        ((0.70, 0.70), False, "lower", "does **not** follow (70 → 70 of 100"),
    ],
)
def test_the_second_model_is_told_beside_its_own_line(
    monkeypatch: pytest.MonkeyPatch, risks: tuple[float, float], agrees: bool, kind: Any, said: str
) -> None:
    before, after = risks
    monkeypatch.setattr(data, "one_row", lambda *_: None)
    classifier = SimpleNamespace(second_probability=lambda _: np.array([before]), second_threshold=0.52)
    cohort = SimpleNamespace(schema=SCHEMA)
    page: Any = SimpleNamespace(required_cohort=cohort, row_key=("p", "0"), classifier=classifier)
    shown = option({"sleep"}, "solid").model_copy(
        update={
            "second_judge_probability": after,
            "second_judge_agrees": after < 0.52,
            "second_agrees": agrees,
        }
    )
    answer = make_answer(goal=Goal(kind=kind, asked="auto"))
    assert said in believed.second_text(page, answer, shown)


def plausibility(**changed: Any) -> str:
    shown = option({"sleep"}, "solid").model_copy(update=changed)
    return card.plausibility_text(SCHEMA, make_answer(), shown)


def test_nothing_is_called_usual_that_nobody_resembles() -> None:
    assert "usual among" in plausibility(similar=12) and "12" in plausibility(similar=12)
    nobody = plausibility(similar=0)
    assert "usual" not in nobody and "none of them in the training part is similar" in nobody
    assert "**unusual**" in plausibility(similar=0, lof_inlier=False)
    assert "**unusual**" in plausibility(similar=3, in_domain=False)


def test_the_funnel_counts_different_candidates_too() -> None:
    steps = {"proposed": 12, "readable": 12, "within_limits": 12, "valid": 4, "plausible": 4, "shown": 3}
    counts = {"proposed": 16, "unique": 12, "readable": 16, "within_limits": 16, "valid": 16, "plausible": 4}
    trace = Trace(**counts, shown=3, different=steps)
    assert "valid 16 (4 different) ▸ plausible 4 ▸ shown 3" in evidence.funnel_line(trace)
    kept_before = Trace(**counts, shown=3)
    assert "different" not in evidence.funnel_line(kept_before)
    summary = intervention_answer._summary(make_answer(trace=trace))
    assert "16 passed before any clean-up (4 different)" in summary
    assert wording.counted(16, "candidate") in summary
