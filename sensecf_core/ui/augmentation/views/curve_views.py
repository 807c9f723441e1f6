"""Curves: the learning curve with labels' worth, and how many rows to make."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from sensecf_core.augmentation.findings import ratio, runs, words, worth
from sensecf_core.augmentation.findings.cell_view import CONTROLS, CellView
from sensecf_core.ui.augmentation import show
from sensecf_core.ui.augmentation.charts import curve_charts
from sensecf_core.ui.augmentation.charts.curve_charts import Read
from sensecf_core.ui.augmentation.chosen import Chosen
from sensecf_core.ui.augmentation.views import arm_picker
from sensecf_core.ui.common import wording

TREES = "trees"


def learning(chosen: Chosen, view: CellView) -> None:
    """The scarce learning curve, with an arm and the best control read off it."""
    arm = arm_picker.choose(chosen, view, "How many real labels is it worth?")
    curve = worth.learning_curve(chosen.summary["results"], chosen.scenario, chosen.student)
    labels = round(sum(view.cell["counts"]["train"].values()))
    in_auroc = CellView(view.cell, view.titles, view.student, "auroc")
    control = in_auroc.best(CONTROLS)
    names = [
        name
        for name in dict.fromkeys((arm, control))
        if name is not None and view.level(name, "auroc") is not None
    ]
    if not names or len(curve) < 2:
        show.missing(
            chosen, "This run has no learning curve; this command draws one:", removed=(0.5, 0.8, 0.9, 0.95)
        )
        return
    reads = [_read(chosen, view, name, curve, labels) for name in names]
    sentence = (
        f"AUROC of {words.STUDENTS[chosen.student]} against training labels in scenario {chosen.scenario}, "
        f"means over repeats; dotted: read off at {wording.count(labels)} labels. "
        f"{' '.join(_said(one.name, one.reading) for one in reads)}"
    )
    if len(curve) == 2:
        sentence += (
            " With one share removed, the curve is a straight line between two points: a rough reading."
        )
    lines = [
        {"point": "real labels", "labels": count, "auroc": height, "labels_worth": None}
        for count, height in curve
    ]
    for one in reads:
        lines += [
            {
                "point": one.name,
                "labels": count,
                "auroc": height,
                "labels_worth": one.reading.worth if count == labels else None,
            }
            for count, height in one.curve
        ]
    show.draw(chosen, curve_charts.learning(curve, reads, sentence), pd.DataFrame(lines), "learning")
    if len(curve) == 2:
        more = runs.command(
            chosen.cohort.schema.name, scenarios=[chosen.scenario], removed=(0.5, 0.8, 0.9, 0.95)
        )
        with st.expander("More points", icon=":material/terminal:"):
            st.markdown("A run with more shares has a curve with more points:")
            st.code(more, language=None, wrap_lines=True)


def _read(chosen: Chosen, view: CellView, arm: str, curve: worth.Curve, labels: int) -> Read:
    results, titles = chosen.summary["results"], view.titles
    own = worth.arm_curve(results, titles, chosen.scenario, chosen.student, arm)
    height = float(view.level(arm, "auroc") or 0.0)
    reading = worth.read_off(curve, height, labels)
    return Read(words.arm_name(arm, titles), view.group(arm), own, labels, height, reading)


def _said(name: str, reading: worth.Reading) -> str:
    if reading.worth is None:
        return f"{name}: no reading. {reading.why}"
    count = wording.count(abs(round(reading.worth)))
    return f"{name}: worth {count} real labels {'more' if reading.worth >= 0 else 'fewer'}."


def ratios(chosen: Chosen, view: CellView) -> None:
    """Gain against rows made per row removed, and against the weight of a synthetic row."""
    curves = [curve for curve in ratio.ratio_curves(view) if len(curve.points) > 1]
    st.header("How many rows should be made?")
    of_trees = CellView(view.cell, view.titles, TREES, view.measure)
    if not curves and view.student != TREES and ratio.ratio_curves(of_trees):
        st.info("Other ratios and weights were run for boosted trees only: choose that student above.")
        return
    if not curves:
        arms = ("search-hard", "search-panel")
        more = [f"{arm}@{kind}" for arm in arms for kind in ("0.25", "0.5", "2", "weight-0.25")]
        show.missing(
            chosen,
            "This run has one ratio only, as many rows as were removed; other ratios and weights are arms of "
            "their own:",
            arms=(*arms, *more),
        )
        return
    named = [(one, words.arm_name(one.arm, view.titles), view.group(one.arm)) for one in curves]
    told = " ".join(
        f"{name}: best at {one.best:g}{'' if one.interior else ', an end of what was tried'}."
        for one, name, _ in named
    )
    sentence = (
        f"Gain in {chosen.measure_name} against synthetic rows per removed row, with plain 95 % intervals; "
        f"the best of each is ringed. {told}"
    )
    frame = pd.DataFrame(
        [
            {"arm": one.arm, "ratio": at, "weight": 1.0, "gain": gain["mean"], "se": gain["se"]}
            for one in curves
            for at, gain in one.points
        ]
        + [
            {"arm": one.arm, "ratio": 1.0, "weight": weight, "gain": gain["mean"], "se": gain["se"]}
            for one in curves
            for weight, gain in one.weights
            if weight != 1
        ]
    )
    chart = curve_charts.ratios(named, view.measure, view.loss["mean"], sentence)
    show.draw(chosen, chart, frame, "ratio")
    lighter = [(name, one) for one, name, _ in named if len(one.weights) > 1]
    if lighter:
        st.markdown("**And if a synthetic row weighs less than a real one?** (ratio 1)")
        table = pd.DataFrame(
            [
                {
                    "Arm": name,
                    **{
                        f"Weight {weight:g}": words.with_error(gain, view.measure, sign=True)
                        for weight, gain in one.weights
                    },
                }
                for name, one in lighter
            ]
        )
        show.table(chosen, table, "weights")
