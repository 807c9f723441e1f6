"""Where the loss goes: the waterfall of F1, and the three thresholds."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from sensecf_core.augmentation.findings import waterfall, words
from sensecf_core.augmentation.findings.cell_view import CellView
from sensecf_core.augmentation.findings.waterfall import Step
from sensecf_core.ui.augmentation import show
from sensecf_core.ui.augmentation.charts import level_charts
from sensecf_core.ui.augmentation.chosen import Chosen
from sensecf_core.ui.augmentation.views import arm_picker
from sensecf_core.ui.common import wording

THRESHOLDS = ("threshold 0.5", "known prevalence", "tuned")


def where(chosen: Chosen, view: CellView) -> None:
    """The waterfall: what the threshold takes and returns, what is information, what an arm gives back."""
    family = waterfall.family_of(chosen.measure)
    name = waterfall.FAMILIES[family]
    arm = arm_picker.choose(chosen, view, f"Where does {name} go?")
    steps = () if arm is None else waterfall.steps(view, arm, family)
    if arm is None or not steps:
        show.missing(chosen, "This run has no arm that adds anything.")
        return
    _, taken, moved, _, helped, missing, _ = steps
    lost = helped.change + missing.change
    sentence = (
        f"At threshold 0.5 scarce labels change {name} by {_points(taken)} points; moving the threshold "
        f"alone brings {_points(moved)}. The information that the removed labels held is "
        f"{words.points(lost, 'f1')} points; {words.arm_name(arm, chosen.titles)} changes it by "
        f"{_points(helped)}. Hatched: taken at 0.5; dotted: given back by the threshold; outlined: "
        "still missing."
    )
    frame = pd.DataFrame(
        [
            {"Step": step.label, "From": round(100 * step.start, 2), "To": round(100 * step.end, 2)}
            for step in steps
        ]
    )
    chart = level_charts.waterfall(steps, view.group(arm), f"{name}, × 100", sentence)
    show.draw(chosen, chart, frame, "waterfall")


def _points(step: Step) -> str:
    return words.points(step.change, "f1", sign=True)


def three(chosen: Chosen, view: CellView) -> None:
    """Three thresholds: all labels, scarce ones, class weights and an arm, and the papers' figures beside."""
    arm = arm_picker.choose(chosen, view, "The same models at three thresholds")
    if arm is None:
        show.missing(chosen, "This run has no arm that adds anything.")
        return
    family = waterfall.family_of(chosen.measure)
    measures = dict(zip(waterfall.at_thresholds(family), THRESHOLDS, strict=True))
    name = waterfall.FAMILIES[family]
    scarce_class = words.SCARCE_CLASS[chosen.scenario] if family == "f1" else "both classes"
    left, right = st.columns([3, 2], gap="medium")
    with left:
        sentence = (
            f"{name[0].upper()}{name[1:]} ({scarce_class}). What is far apart at 0.5 and close together "
            "where the threshold is set for the people to be judged was lost by the threshold, not labels."
        )
        frame = pd.DataFrame(
            [
                {
                    "Threshold": label,
                    **{
                        title: _hundred(view.level(which, measure))
                        for title, which in _columns(view, arm).items()
                    },
                }
                for measure, label in measures.items()
            ]
        )
        chart = level_charts.dumbbells(view, measures, arm, f"{name}, × 100", sentence)
        show.draw(chosen, chart, frame, "thresholds")
    with right:
        _published(chosen, arm)


def _columns(view: CellView, arm: str) -> dict[str, str]:
    named = {"All labels": "full", "Scarce": "scarce", "Class weights": "weights"}
    columns = {title: which for title, which in named.items() if which in view.arms}
    return {**columns, words.arm_name(arm, view.titles): arm}


def _hundred(value: float | None) -> float | None:
    return None if value is None else round(100 * value, 1)


def _published(chosen: Chosen, arm: str) -> None:
    """The papers' gains beside ours at the fixed threshold, and beside class weights'."""
    lines = []
    for scenario, published in words.PUBLISHED_GAINS.items():
        view = chosen.view_of(scenario)
        lines.append(
            {
                "Scenario": scenario,
                "Published": f"{published:g}",
                "This arm": _gain(view, arm),
                "Class weights": _gain(view, "weights"),
            }
        )
    st.markdown("**F1 points won back at threshold 0.5**")
    show.table(chosen, pd.DataFrame(lines), "published")
    st.caption(
        wording.plain(
            f"Published on AI-READI, not comparable: {words.PUBLISHED_IN}; half of the labels removed, "
            "other data and classifiers, threshold and formula unknown. The other columns are this run's, at "
            f"{words.percent(chosen.removed)} removed. Class weights add no row at all."
        )
    )


def _gain(view: CellView | None, arm: str) -> str:
    if view is None or arm not in view.arms:
        return "not run"
    return words.with_error(view.arms[arm]["gains"]["f1_half"], "f1_half", sign=True)
