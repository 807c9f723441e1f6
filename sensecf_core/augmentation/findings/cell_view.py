"""One cell of a run's summary, as one student sees it in one measure.

Summaries of version 1 lack what later ones say of an arm (its source, labels, ratio and weight); there it is
read off the arm's name.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sensecf_core.augmentation.measures import BEST, LOWER_IS_BETTER
from sensecf_core.types import JsonView

CONTROLS = ("nothing added", "resampled")
COUNTERFACTUALS = ("counterfactual", "language model")
GROUPS = (*CONTROLS, *COUNTERFACTUALS, "outside information", "diagnostic")
"""Groups of arms, in the order in which they are listed."""
LABELS = ("hard", "margin", "panel", "edits", "full")
FEWEST_REPEATS = 10
"""Slow arms run in the first repeats only; with fewer than these, and than the cell has, none is best."""
INSTEAD = ("ridge", "panel")
"""Arms that put another student in this one's place."""


@dataclass(frozen=True)
class ArmParts:
    """What an arm is made of: where its rows come from, their labels, rows per removed row, their weight."""

    source: str | None
    labels: str | None
    ratio: float = 1.0
    weight: float = 1.0

    @property
    def plain(self) -> bool:
        """Whether it has as many rows as were removed, each of full weight."""
        return self.ratio == 1 and self.weight == 1


@dataclass(frozen=True)
class CellView:
    """A cell (an entry of a summary's ``results`` that has repeats), a student and a measure."""

    cell: JsonView
    titles: JsonView
    student: str
    measure: str

    @property
    def arms(self) -> JsonView:
        """What each arm comes to, by name."""
        found: JsonView = self.cell["students"][self.student]["arms"]
        return found

    @property
    def losses(self) -> JsonView:
        """Full data minus scarce, by measure."""
        found: JsonView = self.cell["students"][self.student]["losses"]
        return found

    @property
    def loss(self) -> JsonView:
        """The loss in the measure."""
        found: JsonView = self.losses[self.measure]
        return found

    def gain(self, arm: str) -> JsonView:
        """An arm's paired gain over the same student with nothing added."""
        found: JsonView = self.arms[arm]["gains"][self.measure]
        return found

    def mean(self, arm: str, measure: str | None = None) -> float | None:
        """An arm's mean in the measure, or in another one."""
        found: float | None = self.arms[arm]["means"].get(measure or self.measure)
        return found

    def level(self, arm: str, measure: str | None = None) -> float | None:
        """The mean of an arm over all repeats of the cell, also where it ran in some of them only.

        The mean of scarce and the paired gain: what the first repeats are like cancels out. Where the best
        value is in the middle (calibration), it is the arm's own mean.
        """
        name = measure or self.measure
        scarce, gain = self.mean("scarce", name), self.arms[arm]["gains"].get(name, {}).get("mean")
        if name in BEST or scarce is None or gain is None:
            return self.mean(arm, name)
        return float(scarce - gain if name in LOWER_IS_BETTER else scarce + gain)

    def title(self, arm: str) -> str:
        """An arm's name in words."""
        return str(self.titles[arm]["title"]) if arm in self.titles else arm

    def group(self, arm: str) -> str:
        """The group that an arm belongs to."""
        return str(self.titles[arm]["group"]) if arm in self.titles else "diagnostic"

    def of_groups(self, groups: Iterable[str], *, plain: bool = True) -> list[str]:
        """The arms of some groups that have a gain, without ``scarce``.

        ``plain``: only those with as many rows as were removed, each of full weight.
        """
        wanted = set(groups)
        return [
            arm
            for arm in self.arms
            if arm != "scarce"
            and self.group(arm) in wanted
            and self.arms[arm]["gains"].get(self.measure, {}).get("mean") is not None
            and (not plain or parts(arm, self.titles).plain)
        ]

    def best(self, groups: Iterable[str]) -> str | None:
        """The arm of some groups with the highest mean gain; of equal ones the first.

        Arms with fewer than :data:`FEWEST_REPEATS` repeats, and than the cell has, are left out.
        """
        return max(self.often(groups), key=lambda arm: self.gain(arm)["mean"], default=None)

    def often(self, groups: Iterable[str], *, plain: bool = True) -> list[str]:
        """:meth:`of_groups` without arms that ran in too few repeats to be called best."""
        enough = min(FEWEST_REPEATS, self.loss["repeats"])
        return [arm for arm in self.of_groups(groups, plain=plain) if self.gain(arm)["repeats"] >= enough]


def parts(arm: str, titles: JsonView) -> ArmParts:
    """What an arm is made of: as the summary says, or read off its name."""
    said = titles.get(arm, {})
    if "rows" in said or "source" in said:
        source = said.get("rows", said.get("source"))
        return ArmParts(
            source, said.get("labels"), float(said.get("ratio") or 1), float(said.get("weight") or 1)
        )
    base, _, more = arm.partition("@")
    ratio, weight = 1.0, 1.0
    if more.startswith("weight-"):
        weight = float(more.removeprefix("weight-"))
    elif more:
        ratio = float(more)
    group = said.get("group")
    if group in (None, "nothing added") or base in ("full", "full-weights"):
        return ArmParts(None, None, ratio, weight)
    source, dash, labels = base.rpartition("-")
    if dash and labels in LABELS:
        return ArmParts(source, labels, ratio, weight)
    return ArmParts(base, "hard" if group == "resampled" else None, ratio, weight)


def find_cell(results: Sequence[JsonView], scenario: str, removed: float) -> JsonView | None:
    """The cell of a scenario and share, or None if the run has none."""
    return next(
        (cell for cell in results if (cell["scenario"], cell["removed"]) == (scenario, removed)), None
    )


@dataclass(frozen=True)
class BestModel:
    """The best student and arm of a cell, and its mean in a measure."""

    student: str
    arm: str
    value: float


def best_model(cell: JsonView, titles: JsonView, measure: str) -> BestModel | None:
    """The best mean over all students and arms of a cell, what reads removed labels left out.

    The arms ``ridge`` and ``panel`` are those students with nothing added, and go by that name. Of equally
    good ones the one with fewer additions wins, as it is listed first. None where nothing was measured.
    """
    found: list[BestModel] = []
    for student in cell["students"]:
        view = CellView(cell, titles, student, measure)
        for arm in ("scarce", *view.often((*CONTROLS, *COUNTERFACTUALS), plain=False)):
            value = view.level(arm)
            if value is not None and not (arm in INSTEAD and arm in cell["students"]):
                found.append(BestModel(student, arm, value))
    return min(found, key=lambda one: (badness(measure, one.value), one.arm != "scarce"), default=None)


def badness(measure: str, value: float) -> float:
    """How bad a value of a measure is: the lowest is best."""
    if measure in BEST:
        return abs(value - BEST[measure])
    return value if measure in LOWER_IS_BETTER else -value
