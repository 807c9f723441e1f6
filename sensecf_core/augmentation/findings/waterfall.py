"""Where a loss of F1 goes: what the fixed threshold takes, what moving it returns, what is information."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from sensecf_core.augmentation.findings import words
from sensecf_core.augmentation.findings.cell_view import CellView

FAMILIES = {
    "f1": "F1 of the scarce class",
    "f1_macro": "macro F1",
    "balanced_accuracy": "balanced accuracy",
}
"""Measures that depend on a threshold; each is there at 0.5, at the known prevalence, and tuned."""

Kind = Literal["level", "taken", "threshold", "arm", "missing"]


@dataclass(frozen=True)
class Step:
    """A level (``start`` 0), or a change from ``start`` to ``end``."""

    kind: Kind
    label: str
    start: float
    end: float

    @property
    def change(self) -> float:
        """How much it adds."""
        return self.end - self.start


def family_of(measure: str) -> str:
    """The family of a measure with a threshold; of others F1."""
    return next((name for name in FAMILIES if measure in at_thresholds(name)), "f1")


def at_thresholds(family: str) -> tuple[str, str, str]:
    """The measures of a family: at 0.5, at the known prevalence, tuned."""
    return f"{family}_half", f"{family}_prevalence", f"{family}_tuned"


def steps(view: CellView, arm: str, family: str = "f1") -> tuple[Step, ...]:
    """From the full data at threshold 0.5 to the full data at a tuned threshold, by way of the scarce ones.

    Means over repeats, so the changes add up: full at 0.5, minus what scarcity takes at 0.5, plus what a
    tuned threshold returns, plus what the arm adds at it, plus what is still missing, is full at a tuned one.
    The information lost is the last two together. () where the run has no such measure.
    """
    half, _, tuned = at_thresholds(family)
    if any(
        view.level(name, measure) is None for name in ("full", "scarce", arm) for measure in (half, tuned)
    ):
        return ()

    def at(name: str, measure: str) -> float:
        return float(view.level(name, measure) or 0.0)

    full, scarce = at("full", half), at("scarce", half)
    moved, helped, goal = at("scarce", tuned), at(arm, tuned), at("full", tuned)
    return (
        Step("level", "all labels, threshold 0.5", 0, full),
        Step("taken", "scarce labels at that threshold", full, scarce),
        Step("threshold", "threshold moved", scarce, moved),
        Step("level", "scarce labels, tuned threshold", 0, moved),
        Step("arm", words.arm_name(arm, view.titles), moved, helped),
        Step("missing", "still missing", helped, goal),
        Step("level", "all labels, tuned threshold", 0, goal),
    )
