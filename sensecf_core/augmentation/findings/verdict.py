"""Whether counterfactuals help in a cell, decided by rules that were fixed before the runs.

Corrected intervals decide (:class:`~sensecf_core.augmentation.measures.Paired`); plain ones are shown beside.
The arms that are compared are the best counterfactual one and the best control, each picked by its mean gain:
both are flattered by the choice, and no wording here calls that a test.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import pandas as pd

from sensecf_core.augmentation.findings.cell_view import CONTROLS, COUNTERFACTUALS, CellView
from sensecf_core.augmentation.measures import LEAST_LOSS, Paired, gains
from sensecf_core.types import Floats, JsonView

Light = Literal["helps", "level", "likely", "unclear", "no", "nothing", "refused", "absent"]

LIGHTS: Mapping[Light, str] = {
    "helps": "Helps beyond controls",
    "level": "Helps, as controls do",
    "likely": "May help",
    "unclear": "Cannot tell yet",
    "no": "Does not help",
    "nothing": "Nothing to recover",
    "refused": "Too few people",
    "absent": "Not in this run",
}
"""What each light says, from the best news to none."""

RESTORED = 0.9
"""From this share of a loss at threshold 0.5 on, a moved threshold counts as having returned it."""


@dataclass(frozen=True)
class Verdict:
    """What is said of one cell, for one student and measure.

    Attributes
    ----------
    best, control : the best counterfactual arm and the best control, where there was something to recover.
    difference : the first minus the second, paired by repeat.
    by_threshold : a moved threshold alone returns what is lost at 0.5.
    """

    light: Light
    best: str | None = None
    control: str | None = None
    difference: Paired | None = None
    by_threshold: bool = False


ABSENT = Verdict("absent")


def verdict(view: CellView, table: pd.DataFrame | None = None) -> Verdict:
    """Decide about a cell.

    Parameters
    ----------
    table : the run's table (:func:`~sensecf_core.augmentation.summary.table`), for the paired difference
        between the best counterfactual arm and the best control. Without it nobody can be called better.

    Notes
    -----
    In order: what a moved threshold returns is nothing to recover; a loss up to 2 standard errors or 0.02 is
    none (above 0.02: more repeats are needed to tell); no gain does not help; a gain whose corrected interval
    holds 0 may help if the plain one does not, and cannot be told from none otherwise; a sure gain is more
    than a control's only if the corrected interval of the paired difference is above 0.
    """
    if view.losses.get(view.measure, {}).get("mean") is None:
        return ABSENT
    by_threshold = threshold_restores(view)
    loss = view.loss
    if view.measure.endswith("_half") and by_threshold:
        return Verdict("nothing", by_threshold=True)
    if not loss["lost"]:
        known = loss["se"] is not None
        return Verdict(
            "nothing" if known and loss["mean"] <= LEAST_LOSS else "unclear", by_threshold=by_threshold
        )
    best, control = view.best(COUNTERFACTUALS), view.best(CONTROLS)
    if best is None:
        return Verdict("absent", None, control)
    difference = None if table is None or control is None else paired_difference(view, table, best, control)
    return Verdict(_light(view.gain(best), difference), best, control, difference, by_threshold)


def _light(gain: JsonView, difference: Paired | None) -> Light:
    if gain["mean"] <= 0:
        return "no"
    if gain["corrected_low"] is None or gain["low"] <= 0:
        return "unclear"
    if gain["corrected_low"] <= 0:
        return "likely"
    return "helps" if difference is not None and difference.corrected_low > 0 else "level"


def threshold_restores(view: CellView) -> bool:
    """Whether a moved threshold alone returns at least :data:`RESTORED` of what F1 loses at 0.5."""
    half = view.losses.get("f1_half")
    if not half or not half["lost"] or "threshold" not in view.arms:
        return False
    returned = view.arms["threshold"]["gains"]["f1_half"]["mean"]
    return bool(returned >= RESTORED * half["mean"])


def paired_difference(view: CellView, table: pd.DataFrame, first: str, second: str) -> Paired | None:
    """How much better the first arm is than the second in the view's measure, paired by repeat.

    None where they share no repeat.
    """
    if view.measure not in table:
        return None
    cell = table[
        table["scenario"].eq(view.cell["scenario"])
        & table["removed"].eq(view.cell["removed"])
        & table["student"].eq(view.student)
    ]
    values = cell[cell["arm"].isin((first, second))].pivot_table(
        index="repeat", columns="arm", values=view.measure
    )
    if not {first, second} <= set(values.columns):
        return None
    both = values.dropna()
    better: Floats = gains(view.measure, both[first].to_numpy(), both[second].to_numpy())
    return Paired.of(better) if len(both) else None
