"""Calibration: reliability, calibration in the large, subgroups, and how stable a person's risk is."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from sensecf_core.augmentation.findings import words
from sensecf_core.augmentation.findings.cell_view import GROUPS, CellView
from sensecf_core.ui.augmentation import show
from sensecf_core.ui.augmentation.charts import arm_charts, curve_charts
from sensecf_core.ui.augmentation.chosen import Chosen
from sensecf_core.ui.augmentation.views import arm_picker

CONTROL = "weights"


def calibration(chosen: Chosen, view: CellView) -> None:
    """Are the risks right? Before and after."""
    arm = arm_picker.choose(chosen, view, "Are the risks still right?")
    if arm is None:
        show.missing(chosen, "This run has no arm that adds anything.")
        return
    left, right = st.columns(2, gap="medium")
    with left:
        _reliability(chosen, view, arm)
    with right:
        _in_the_large(chosen, view, arm)
    _people(chosen, view, arm)


def _reliability(chosen: Chosen, view: CellView, arm: str) -> None:
    bins = view.cell.get("reliability") or {}
    drawn = {
        name: (words.arm_name(name, view.titles), view.group(name), bins[name])
        for name in dict.fromkeys(("full", "scarce", arm))
        if name in bins
    }
    if arm not in drawn:
        show.missing(chosen, "This run kept no reliability curve of this arm; this command makes one:")
        return
    sentence = (
        "Predicted against observed risk of test people in ten groups of equal size, boosted trees, "
        "corrected for the known prevalence. On the dotted line the risks are right."
    )
    frame = pd.DataFrame([{"arm": name, **one} for name, (_, _, points) in drawn.items() for one in points])
    show.draw(chosen, curve_charts.reliability(drawn, sentence), frame, "reliability", ask_format=False)


def _in_the_large(chosen: Chosen, view: CellView, arm: str) -> None:
    arms = [
        name
        for group in GROUPS
        for name in _sorted(view, group)
        if name in ("full", "scarce", "threshold", CONTROL, "smotenc", arm) or name == chosen.best_arm
    ]
    shifted = "moves" if chosen.scenario in ("A", "B") else "does not move"
    sentence = (
        "Mean risk minus the share of class 1, risks as the model says them. Removing labels "
        f"{shifted} the prior in scenario {chosen.scenario}."
    )
    every = [name for group in GROUPS for name in _sorted(view, group)]
    frame = pd.DataFrame(
        [
            {
                "arm": name,
                "group": view.group(name),
                **{
                    measure: view.mean(name, measure)
                    for measure in ("calibration", "calibration_slope", "brier", "brier_corrected")
                    if view.mean(name, measure) is not None
                },
            }
            for name in every
        ]
    )
    show.draw(chosen, arm_charts.in_the_large(view, ["scarce", *arms], sentence), frame, "calibration")


def _sorted(view: CellView, group: str) -> list[str]:
    return [arm for arm in view.of_groups([group]) if view.mean(arm, "calibration") is not None]


def _people(chosen: Chosen, view: CellView, arm: str) -> None:
    """By subgroup, and from repeat to repeat."""
    groups = view.cell.get("subgroups") or {}
    unstable = view.cell.get("instability") or {}
    if arm not in groups and arm not in unstable:
        st.caption("This run kept neither subgroups nor the spread of one person's risk; newer runs do.")
        return
    compared = {name: words.arm_name(name, view.titles) for name in ("full", "scarce", CONTROL, arm)}
    if unstable:
        known = [
            f"{title} {100 * unstable[name]:.1f}" for name, title in compared.items() if name in unstable
        ]
        st.caption(
            "One person's risk moves by so many of 100 from repeat to repeat (standard deviation, boosted "
            f"trees): {'; '.join(known)}."
        )
    if arm in groups:
        lines = []
        for level in groups[arm]:
            line = {"Subgroup": level, "People": round(groups[arm][level]["n"])}
            for name, title in compared.items():
                one = groups.get(name, {}).get(level)
                line[f"{title}: AUROC"] = _number(one, "auroc", 3)
                line[f"{title}: in the large"] = _number(one, "calibration", 3)
            lines.append(line)
        with st.expander("By subgroup (boosted trees)", icon=":material/diversity_3:"):
            show.table(chosen, pd.DataFrame(lines), "subgroups")


def _number(entry: dict[str, float] | None, name: str, digits: int) -> str:
    value = None if entry is None else entry.get(name)
    return "–" if value is None else f"{value:.{digits}f}".replace("-", words.MINUS)
