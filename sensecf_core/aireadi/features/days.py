"""Features of one participant's local calendar days.

Every day that the window overlaps has a row. A feature whose sensor was worn too little that day is NaN, and
``enough_wear`` says whether the day as a whole may be used.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from sensecf_core.aireadi.features import glucose as cgm
from sensecf_core.aireadi.features.glucose import Trace, metrics, no_metrics
from sensecf_core.aireadi.features.movement import active_energy, movement
from sensecf_core.aireadi.features.nights import Night, main_nights, nights
from sensecf_core.aireadi.features.wear import (
    COLUMNS,
    DAY_HOURS,
    GLUCOSE_SHARE,
    NIGHT_HOURS,
    STRESS_HOURS,
    worn_hours,
)
from sensecf_core.aireadi.features.window import Window
from sensecf_core.aireadi.release.intervals import Intervals
from sensecf_core.aireadi.release.readings import Points
from sensecf_core.aireadi.release.timestamps import Times, day_bounds, local
from sensecf_core.types import Mask

NIGHT_ENDS = 6
"""Night-time glucose is measured from 0 to 6 o'clock, local."""

DAYTIME = (8, 22)
"""Local hours over which daytime stress is averaged; fixed, so that sleep does not affect it."""

RESTING_PERCENTILE = 5
RESTED, RAISED, HIGH = 25, 50, 75
"""Garmin's bands of stress: 0-25 rest, 26-50 low, 51-75 medium, 76-100 high."""


@dataclass(frozen=True)
class Worn:
    """One participant's streams inside the window, invalid readings included.

    ``sleep`` has every sleep that overlaps the window, in full (see
    :func:`sensecf_core.aireadi.features.nights.touching`).
    """

    window: Window
    zone: ZoneInfo
    points: Mapping[str, Points]
    activity: Intervals
    sleep: Intervals

    @cached_property
    def days(self) -> Times:
        """Local calendar days that the window overlaps, as ``datetime64[D]``."""
        return self.window.days(self.zone)

    @cached_property
    def bounds(self) -> Times:
        """UTC start of each local day, and the end of the last."""
        return day_bounds(self.days, self.zone)

    @cached_property
    def sleeps(self) -> tuple[Night, ...]:
        """Every sleep that overlaps the window, naps included."""
        return nights(self.sleep, self.zone)

    @cached_property
    def nights(self) -> dict[date, Night]:
        """The usable night that ended on each day, by day; a night that the window cuts is left out."""
        return {
            day: night
            for day, night in main_nights(self.sleeps).items()
            if self.window.start <= night.start and night.end <= self.window.end
        }

    @cached_property
    def trace(self) -> Trace:
        """Glucose on its five-minute grid."""
        return cgm.trace(self.points["glucose"])


def day_table(worn: Worn) -> pd.DataFrame:
    """Compute all features of every day of the window.

    Returns
    -------
    A frame indexed by ``day`` (``YYYY-MM-DD``, local); units are in
    :data:`sensecf_core.aireadi.cohort.columns.FEATURES`.
    """
    days, bounds, by_day = worn.days, worn.bounds, worn.nights
    moved = movement(worn.activity, worn.sleeps, bounds)
    energy = active_energy(worn.points["calories"], bounds)
    median = float(np.median([night.midpoint for night in by_day.values()])) if by_day else float("nan")
    rows = []
    for index, day in enumerate(pd.Timestamp(stamp).date() for stamp in days):
        begin, end = bounds[index], bounds[index + 1]
        night = by_day.get(day)
        row = _wear(worn, begin, end, night)
        row |= _glucose(worn.trace.between(begin, end), row, _night_slots(begin, end, worn.zone), worn.zone)
        row |= _sleep(night, median)
        wear_day = bool(row["worn"])
        measured = wear_day and moved.hours[index] >= DAY_HOURS
        row["steps"] = float(moved.steps[index]) if measured else np.nan
        row["active_minutes"] = float(moved.active_minutes[index]) if measured else np.nan
        # Without a recorded night, the hours of sleep would count as sedentary.
        row["sedentary_minutes"] = float(moved.sedentary_minutes[index]) if measured and night else np.nan
        row["active_kcal"] = float(energy[index]) if wear_day else np.nan
        row |= _heart(worn, begin, end, wear_day)
        row |= _stress(worn, begin, end, wear_day)
        row |= _breathing(worn, night)
        row["weekend"] = int(day.weekday() >= 5)
        rows.append(row)
    table = pd.DataFrame(rows, index=pd.Index([str(day) for day in days], name="day", dtype=object))
    return table if rows else pd.DataFrame(index=table.index)


def _wear(
    worn: Worn, begin: np.datetime64, end: np.datetime64, night: Night | None
) -> dict[str, float | bool]:
    """Measure how much of a day was recorded; on the day of a clock change it is 23 or 25 hours long."""
    slots = int((end - begin) / np.timedelta64(cgm.STEP, "s"))
    share = float(worn.trace.between(begin, end).measured.sum()) / slots
    hours = worn_hours(_between(worn.points["heart_rate"], begin, end))
    is_worn, has_glucose = hours >= DAY_HOURS, share >= GLUCOSE_SHARE
    values = (hours, share, is_worn, has_glucose, night is not None, is_worn and has_glucose)
    return dict(zip(COLUMNS, values, strict=True))


def _night_slots(begin: np.datetime64, end: np.datetime64, zone: ZoneInfo) -> int:
    """Count the five-minute slots of a night: an hour less or more when the clocks change."""
    return int(_at_night(np.arange(begin, end, np.timedelta64(cgm.STEP, "s")), zone).sum())


def _at_night(times: Times, zone: ZoneInfo) -> Mask:
    hours = local(times, zone).astype("datetime64[h]").astype(np.int64) % 24
    night: Mask = hours < NIGHT_ENDS
    return night


def _glucose(
    day: Trace, wear: Mapping[str, float | bool], night_slots: int, zone: ZoneInfo
) -> dict[str, float]:
    at_night = _at_night(day.times, zone)
    enough = float(day.measured[at_night].sum()) >= GLUCOSE_SHARE * night_slots
    night_mean = float(np.nanmean(day.values[at_night])) if enough else np.nan
    glucose_metrics = metrics(day.values) if wear["glucose_enough"] else no_metrics()
    return {**glucose_metrics.as_columns(), "glucose_night_mean": night_mean}


def _sleep(night: Night | None, median_midpoint: float) -> dict[str, float]:
    names = ("hours", "efficiency", "light", "deep", "rem", "awake_minutes", "midpoint", "midpoint_shift")
    if night is None:
        return {f"sleep_{name}": np.nan for name in names}
    values = (
        night.asleep,
        night.efficiency,
        100 * night.light / night.asleep,
        100 * night.deep / night.asleep,
        100 * night.rem / night.asleep,
        60 * night.awake,
        night.midpoint,
        60 * abs(night.midpoint - median_midpoint),
    )
    return {f"sleep_{name}": value for name, value in zip(names, values, strict=True)}


def _heart(worn: Worn, begin: np.datetime64, end: np.datetime64, wear_day: bool) -> dict[str, float]:
    data = _between(worn.points["heart_rate"], begin, end)
    values = data.values[data.valid] if wear_day else np.zeros(0)
    if not len(values):
        return {"resting_heart_rate": np.nan, "heart_rate_mean": np.nan}
    resting = float(np.percentile(values, RESTING_PERCENTILE))
    return {"resting_heart_rate": resting, "heart_rate_mean": float(values.mean())}


def _stress(worn: Worn, begin: np.datetime64, end: np.datetime64, wear_day: bool) -> dict[str, float]:
    data = _between(worn.points["stress"], begin, end)
    data = data.where(data.valid)
    names = ("stress_mean", "stress_high", "stress_raised", "stress_rest", "stress_daytime")
    if not wear_day or worn_hours(data) < STRESS_HOURS:
        return dict.fromkeys(names, np.nan)
    hours = local(data.times, worn.zone).astype("datetime64[h]").astype(np.int64) % 24
    daytime = data.where((hours >= DAYTIME[0]) & (hours < DAYTIME[1]))
    enough = worn_hours(daytime) >= STRESS_HOURS
    values = (
        data.values.mean(),
        100 * (data.values > HIGH).mean(),
        100 * (data.values > RAISED).mean(),
        100 * (data.values <= RESTED).mean(),
        daytime.values.mean() if enough else np.nan,
    )
    return {name: float(value) for name, value in zip(names, values, strict=True)}


def _breathing(worn: Worn, night: Night | None) -> dict[str, float]:
    """Breathing and oxygen during the recorded night."""
    row = dict.fromkeys(("respiratory_rate", "spo2_night", "spo2_below_90"), float("nan"))
    if night is None:
        return row
    breaths, oxygen = (
        _between(worn.points[name], night.start, night.end)
        for name in ("respiratory_rate", "oxygen_saturation")
    )
    if worn_hours(breaths) >= NIGHT_HOURS:
        row["respiratory_rate"] = float(breaths.values[breaths.valid].mean())
    if worn_hours(oxygen) >= NIGHT_HOURS:
        values = oxygen.values[oxygen.valid]
        row["spo2_night"], row["spo2_below_90"] = float(values.mean()), float(100 * (values < 90).mean())
    return row


def _between(data: Points, begin: np.datetime64, end: np.datetime64) -> Points:
    return data.where((data.times >= begin) & (data.times < end))
