"""How many rows to make: gains by synthetic rows per removed row, and by their weight."""

from __future__ import annotations

from dataclasses import dataclass

from sensecf_core.augmentation.findings.cell_view import CellView, parts
from sensecf_core.types import JsonView


@dataclass(frozen=True)
class RatioCurve:
    """The gains of one arm at several ratios, and at lighter rows.

    Attributes
    ----------
    arm : the arm at ratio 1 and weight 1.
    points : (rows made per row removed, paired gain), by ratio.
    weights : (weight of a synthetic row, paired gain) at ratio 1, by weight.
    """

    arm: str
    points: tuple[tuple[float, JsonView], ...]
    weights: tuple[tuple[float, JsonView], ...]

    @property
    def best(self) -> float:
        """The ratio with the highest mean gain; of equal ones the smallest."""
        return max(self.points, key=lambda point: (point[1]["mean"], -point[0]))[0]

    @property
    def interior(self) -> bool:
        """Whether the best ratio is neither the smallest nor the largest that was tried."""
        return self.points[0][0] < self.best < self.points[-1][0]


def ratio_curves(view: CellView) -> tuple[RatioCurve, ...]:
    """Every arm that was run at more than one ratio or weight, in the run's order."""
    found: dict[tuple[str | None, str | None], dict[tuple[float, float], str]] = {}
    for arm, entry in view.arms.items():
        made = parts(arm, view.titles)
        if made.source is not None and entry["gains"].get(view.measure, {}).get("mean") is not None:
            found.setdefault((made.source, made.labels), {})[made.ratio, made.weight] = arm
    return tuple(
        RatioCurve(
            arms[1.0, 1.0],
            tuple((ratio, view.gain(arm)) for (ratio, weight), arm in sorted(arms.items()) if weight == 1),
            tuple((weight, view.gain(arm)) for (ratio, weight), arm in sorted(arms.items()) if ratio == 1),
        )
        for arms in found.values()
        if len(arms) > 1 and (1.0, 1.0) in arms
    )
