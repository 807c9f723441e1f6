"""The five glucose ranges, the time spent in each, and the goals that the consensus sets for them.

Ranges and goals: Battelino et al. 2019, Diabetes Care 42:1593 (doi 10.2337/dci19-0028).
"""

from __future__ import annotations

import operator
from dataclasses import dataclass
from typing import Literal

from sensecf_core.aireadi.features.glucose import GlucoseMetrics
from sensecf_core.aireadi.report.units import GlucoseUnit

MINUTES_A_DAY = 24 * 60
BandName = Literal["very_high", "high", "target", "low", "very_low"]
GoalSet = Literal["standard", "older"]


@dataclass(frozen=True)
class Band:
    """One of the five ranges, with its bounds as text in both units."""

    name: BandName
    title: str
    mg_dl: str
    mmol_l: str

    def bounds(self, unit: GlucoseUnit) -> str:
        """Bounds with their unit: "70–180 mg/dL"."""
        return f"{self.mg_dl if unit == 'mg/dL' else self.mmol_l} {unit}"


BANDS = (
    Band("very_high", "Very high", "above 250", "above 13.9"),
    Band("high", "High", "181–250", "10.1–13.9"),
    Band("target", "In range", "70–180", "3.9–10.0"),
    Band("low", "Low", "54–69", "3.0–3.8"),
    Band("very_low", "Very low", "below 54", "below 3.0"),
)
"""From very high to very low, in the order in which they are stacked."""


@dataclass(frozen=True)
class BandTime:
    """Time in one range: percent of the time with glucose, and minutes of an average day."""

    band: Band
    percent: float

    @property
    def minutes(self) -> float:
        """Minutes of an average day of 24 hours."""
        return self.percent / 100 * MINUTES_A_DAY


def band_times(metrics: GlucoseMetrics) -> tuple[BandTime, ...]:
    """Split the recorded time into the five ranges, very high first; together 100 percent."""
    percent: dict[BandName, float] = {
        "very_high": metrics.tar2,
        "high": metrics.tar - metrics.tar2,
        "target": metrics.tir,
        "low": metrics.tbr - metrics.tbr2,
        "very_low": metrics.tbr2,
    }
    return tuple(BandTime(band, percent[band.name]) for band in BANDS)


@dataclass(frozen=True)
class Goal:
    """A goal for a share of time: the ``metric`` of :class:`GlucoseMetrics` compared with ``percent``."""

    metric: Literal["tar2", "tar", "tir", "tbr", "tbr2"]
    title: str
    sign: Literal["<", ">"]
    percent: float

    @property
    def text(self) -> str:
        """The goal in words: "above 70 %"."""
        return f"{'below' if self.sign == '<' else 'above'} {self.percent:g} %"

    def met(self, metrics: GlucoseMetrics) -> bool:
        """Whether the metrics meet the goal; never if there were too few data."""
        return self.met_by(getattr(metrics, self.metric))

    def met_by(self, percent: float) -> bool:
        """Whether a percentage of time meets the goal; NaN never does."""
        compare = operator.lt if self.sign == "<" else operator.gt
        return bool(compare(percent, self.percent))


GOALS: dict[GoalSet, tuple[Goal, ...]] = {
    "standard": (
        Goal("tar2", "Very high", "<", 5),
        Goal("tar", "High and very high", "<", 25),
        Goal("tir", "In range", ">", 70),
        Goal("tbr", "Low and very low", "<", 4),
        Goal("tbr2", "Very low", "<", 1),
    ),
    "older": (
        Goal("tar2", "Very high", "<", 10),
        Goal("tar", "High and very high", "<", 50),
        Goal("tir", "In range", ">", 50),
        Goal("tbr", "Low and very low", "<", 1),
    ),
}
"""Goals for most adults with type 1 or 2 diabetes, and for older people or those at high risk."""

STABLE_CV = 36.0
"""Percent; glucose counts as stable up to this coefficient of variation."""

TIGHT_USUAL = (93.0, 98.0)
"""Percent of time in 70-140 mg/dL of the middle half of healthy adults (Shah 2019, n 153, median 96)."""
