"""The one-page glucose report as texts and numbers, in the standard order; nothing here draws.

From top to bottom: period and data sufficiency, red flag, tiles, time in ranges with the goals, 24-hour
profile, days. Both the page and the sheet of paper show it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from sensecf_core.aireadi.features.days import Worn
from sensecf_core.aireadi.features.glucose import HIGH, LOW, TIGHT_HIGH, VERY_LOW, GlucoseMetrics
from sensecf_core.aireadi.features.wear import CONSENSUS_DAYS
from sensecf_core.aireadi.open_participant import OpenPerson
from sensecf_core.aireadi.report.bands import (
    GOALS,
    STABLE_CV,
    TIGHT_USUAL,
    BandName,
    BandTime,
    Goal,
    GoalSet,
    band_times,
)
from sensecf_core.aireadi.report.day_curves import DayCurve, weeks
from sensecf_core.aireadi.report.modal_day import ModalDay, modal_day
from sensecf_core.aireadi.report.periods import GlucoseSummary, Period, summary, trace_of
from sensecf_core.aireadi.report.units import GlucoseUnit, measure, number
from sensecf_core.aireadi.report.very_low import VeryLow, very_low
from sensecf_core.aireadi.report.wording import (
    UNDER_ONE,
    duration,
    percent,
    period_name,
    share_beside_goal,
    shares,
    sufficiency,
)

GOAL_TITLES: dict[GoalSet, str] = {
    "standard": "Most adults with diabetes",
    "older": "Older people or high risk",
}
SOURCE = "Battelino et al. 2019, doi 10.2337/dci19-0028"
_GLANCE = ("In range", "Mean", "GMI", "CV")
_ALONE: dict[str, BandName] = {"tar2": "very_high", "tir": "target", "tbr2": "very_low"}
_TOGETHER: dict[str, tuple[BandName, BandName, str]] = {
    "tar": ("high", "very_high", "all high"),
    "tbr": ("low", "very_low", "all low"),
}
"""The band that a goal stands beside: alone, or together with the band that is further out."""


@dataclass(frozen=True)
class Tile:
    """One number of the report: its label, value with unit, a note below, and what it is."""

    label: str
    value: str
    note: str
    explanation: str


@dataclass(frozen=True)
class BandLine:
    """One band of the bar: its time, its share as written, and its goal ("" where it has none)."""

    time: BandTime
    share: str
    goal: str

    @property
    def title(self) -> str:
        """The band with its share: "In range 77 %"."""
        return f"{self.time.band.title} {self.share}"


@dataclass(frozen=True)
class GlucoseReport:
    """Everything on the page; ``bands`` are empty, ``day`` None with too little glucose for metrics.

    ``flag`` is the time below 54 mg/dL in words, None where there is none.
    """

    period: Period
    unit: GlucoseUnit
    goals: GoalSet
    glucose: GlucoseSummary
    sufficiency: str
    flag: str | None
    tiles: tuple[Tile, ...]
    bands: tuple[BandLine, ...]
    day: ModalDay | None
    weeks: tuple[tuple[DayCurve | None, ...], ...]

    @property
    def heading(self) -> str:
        """The period: "Wed 5 Mar to Thu 13 Mar 2025"."""
        return period_name(self.period)

    @property
    def glance(self) -> str:
        """The report in a line: "in range 77 %, mean 137 mg/dL, GMI 6.6 %, …"."""
        told = (f"{tile.label} {tile.value}" for tile in self.tiles if tile.label in _GLANCE)
        text = ", ".join(told).replace("In range", "in range").replace("Mean", "mean")
        return f"{text}; {self.glucose.glucose_days} {self.tiles[-1].note}"

    def detail(self, line: BandLine) -> str:
        """What stands below a band's title: "70–180 mg/dL · 18 h 29 min a day"."""
        return f"{line.time.band.bounds(self.unit)} · {duration(line.time.minutes)}"

    def goals_text(self, *, group: str | None) -> str:
        """Where the goals come from; ``group`` is the study group of somebody without diabetes, else None."""
        text = (
            f"Goals for {GOAL_TITLES[self.goals][:1].lower()}{GOAL_TITLES[self.goals][1:]}: {SOURCE}. Each 5 "
            "points more in range are of clinical benefit."
        )
        if group is None:
            return text
        low, high = TIGHT_USUAL
        return (
            f"{text} They are made for people with diabetes; this participant is in the group “{group}”. Of "
            f"healthy adults, the middle half spend {low:.0f}–{high:.0f} % of the time within "
            f"{measure(LOW, self.unit)} to {measure(TIGHT_HIGH, self.unit)} (Shah et al. 2019); here it is "
            f"{percent(self.glucose.metrics.titr)}."
        )


def glucose_report(person: OpenPerson, period: Period, unit: GlucoseUnit, goals: GoalSet) -> GlucoseReport:
    """Put together the report of a period."""
    worn: Worn = person.worn
    glucose = summary(worn, person.days, period)
    trace = trace_of(worn, period)
    enough = glucose.sufficiency != "too_little"
    return GlucoseReport(
        period,
        unit,
        goals,
        glucose,
        sufficiency(glucose),
        flag_text(very_low(trace.values), unit),
        _tiles(glucose, unit, goals),
        band_lines(glucose.metrics, goals) if enough else (),
        modal_day(trace, worn.zone) if enough else None,
        weeks(worn, period),
    )


def flag_text(low: VeryLow | None, unit: GlucoseUnit) -> str | None:
    """Say how much time was spent below 54 mg/dL, and what to do first; None where there is none."""
    if low is None:
        return None
    events = f"{low.events} {'event' if low.events == 1 else 'events'} of 15 minutes or more"
    return (
        f"Time below {measure(VERY_LOW, unit)}: {percent(low.percent)} ({duration(low.minutes)}), {events}. "
        "Check the sensor against a fingerstick; treat low glucose first, and have medicines reviewed."
    )


def band_lines(metrics: GlucoseMetrics, goals: GoalSet) -> tuple[BandLine, ...]:
    """The five bands, very high first, each with its goal beside it."""
    times = band_times(metrics)
    texts = shares(times)
    beside = dict(_goal_text(goal, metrics, texts) for goal in GOALS[goals])
    return tuple(BandLine(time, texts[time.band.name], beside.get(time.band.name, "")) for time in times)


def _goal_text(goal: Goal, metrics: GlucoseMetrics, texts: dict[BandName, str]) -> tuple[BandName, str]:
    """The band that a goal stands beside, and the goal in words with its mark."""
    share = getattr(metrics, goal.metric)
    met = "✓ met" if goal.met(metrics) else "✗ not met"
    if goal.metric in _ALONE:
        band = _ALONE[goal.metric]
        exact = share_beside_goal(goal, share, texts[band])
        own = "" if exact == texts[band] else f" ({exact})"
        return band, f"goal {goal.text}: {met}{own}"
    band, outer, whole = _TOGETHER[goal.metric]
    written = _added(texts[band], texts[outer])
    return band, f"{whole} {share_beside_goal(goal, share, written)}, goal {goal.text}: {met}"


def _added(one: str, other: str) -> str | None:
    """Two whole percents added, so that the sum is that of what is written; None where one is under 1 %."""
    if UNDER_ONE in (one, other):
        return None
    return f"{int(one.removesuffix(' %')) + int(other.removesuffix(' %'))} %"


def _tiles(glucose: GlucoseSummary, unit: GlucoseUnit, goals: GoalSet) -> tuple[Tile, ...]:
    metrics = glucose.metrics
    goal = next(goal_of_set for goal_of_set in GOALS[goals] if goal_of_set.metric == "tir")
    stable = metrics.cv <= STABLE_CV
    from_glucose: tuple[Tile, ...] = (
        Tile("In range", _percent(metrics.tir), f"{_span(LOW, HIGH, unit)}, goal {goal.text}", SOURCE),
        Tile(
            "Tight",
            _percent(metrics.titr),
            _span(LOW, TIGHT_HIGH, unit),
            "Where healthy adults mostly are.",
        ),
        Tile("Mean", measure(metrics.mean, unit), "all readings", "Mean glucose of the period."),
        Tile(
            "GMI",
            f"{metrics.gmi:.1f} %",
            "estimates HbA1c",
            "Glucose management indicator: 3.31 + 0.02392 × mean in mg/dL (Bergenstal et al. 2018).",
        ),
        Tile(
            "CV",
            _percent(metrics.cv),
            f"stable: {STABLE_CV:.0f} % or less" if stable else f"variable: above {STABLE_CV:.0f} %",
            f"Coefficient of variation: 100 × SD / mean ({SOURCE}).",
        ),
    )
    if glucose.sufficiency == "too_little":
        from_glucose = tuple(
            Tile(tile.label, "–", "not enough data", tile.explanation) for tile in from_glucose
        )
    return (
        *from_glucose,
        Tile(
            "Wear",
            f"{100 * glucose.active:.0f} %",
            "of the time a reading",
            "Five-minute slots with a reading, from the first to the last one.",
        ),
        Tile(
            "Days",
            str(glucose.glucose_days),
            f"of {glucose.days} days with enough data",
            f"Enough: 70 % of a day's readings. The consensus asks for {CONSENSUS_DAYS} such days.",
        ),
    )


def _span(low: float, high: float, unit: GlucoseUnit) -> str:
    return f"{number(low, unit)}–{measure(high, unit)}"


def _percent(share: float) -> str:
    return "–" if math.isnan(share) else percent(share)
