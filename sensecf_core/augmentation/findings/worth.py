"""Labels' worth: how many real labels give what an arm gives, read off the scarce learning curve."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sensecf_core.augmentation.findings.cell_view import CellView
from sensecf_core.augmentation.measures import labels_worth
from sensecf_core.types import JsonView

Curve = tuple[tuple[int, float], ...]
"""(training labels, mean AUROC), by labels; of the scarce model, the last point has all labels."""


@dataclass(frozen=True)
class Reading:
    """Where an arm's AUROC meets the curve.

    ``labels`` is the number of labels there and ``worth`` how many more than the arm had; both None where the
    curve does not come that high, begins higher, or has one point: ``why`` says which.
    """

    labels: float | None
    worth: float | None
    why: str = ""


def learning_curve(results: Sequence[JsonView], scenario: str, student: str) -> Curve:
    """The scarce learning curve of a scenario: one point a cell, and the full data."""
    cells = [cell for cell in results if cell["scenario"] == scenario and cell["repeats"]]
    points: dict[int, float] = {}
    for cell in cells:
        found = cell["students"][student]
        if "curve" in found:
            return tuple(sorted((round(labels), height) for labels, height in found["curve"]))
        arms, left, gone = found["arms"], cell["counts"]["train"], cell["counts"]["removed"]
        points[round(sum(left.values()))] = arms["scarce"]["means"]["auroc"]
        points[round(sum(left.values()) + sum(gone.values()))] = arms["full"]["means"]["auroc"]
    return tuple(sorted(points.items()))


def arm_curve(results: Sequence[JsonView], titles: JsonView, scenario: str, student: str, arm: str) -> Curve:
    """The AUROC of an arm in each cell of a scenario that it ran in, by the labels that it had."""
    points: dict[int, float] = {}
    for cell in results:
        if cell["scenario"] == scenario and cell["repeats"] and arm in cell["students"][student]["arms"]:
            height = CellView(cell, titles, student, "auroc").level(arm)
            if height is not None:
                points[round(sum(cell["counts"]["train"].values()))] = height
    return tuple(sorted(points.items()))


def read_off(curve: Curve, auroc: float, labels: int) -> Reading:
    """Read the curve, never falling and linear in the logarithm of the labels, at an arm's AUROC.

    ``labels`` are those that the arm had.
    """
    if len(curve) < 2:
        return Reading(None, None, "The run has one point of the learning curve; it takes two.")
    worth = labels_worth(curve, auroc, labels)
    if worth is not None:
        return Reading(labels + worth, worth)
    if auroc < curve[0][1]:
        why = "It lies below the start of the curve: fewer labels than the run tried would do as well."
    else:
        why = "It lies above the curve: no number of labels of this cohort gave as much."
    return Reading(None, None, why)
