"""Glucose of any period of local days: how complete it is, its metrics, and the comparison of two periods.

The consensus asks for 14 days with the sensor active for 70 % of the time (Battelino et al. 2019, Diabetes
Care 42:1593). The study's sensors lasted ten days, so its participants reach "limited" at best.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal

import numpy as np
import pandas as pd

from sensecf_core.aireadi.features.days import Worn
from sensecf_core.aireadi.features.glucose import STEP, GlucoseMetrics, Trace, metrics, no_metrics
from sensecf_core.aireadi.features.wear import CONSENSUS_DAYS, GLUCOSE_DAYS, GLUCOSE_SHARE
from sensecf_core.errors import InputError

Sufficiency = Literal["full", "limited", "too_little"]


@dataclass(frozen=True, order=True)
class Period:
    """Local calendar days from ``first`` to ``last``, both included.

    Raises ``InputError`` if ``last`` precedes ``first``.
    """

    first: date
    last: date

    def __post_init__(self) -> None:
        if self.last < self.first:
            raise InputError(f"The period ends on {self.last}, before it begins on {self.first}.")

    def __len__(self) -> int:
        return (self.last - self.first).days + 1

    def __contains__(self, day: object) -> bool:
        return isinstance(day, date) and self.first <= day <= self.last


@dataclass(frozen=True)
class GlucoseSummary:
    """Glucose of one period.

    Attributes
    ----------
    metrics : NaN with fewer than :data:`GLUCOSE_DAYS` days of glucose.
    days : local days of the period that the recording overlaps.
    glucose_days : those with 70 % of their glucose readings.
    active : share (0 to 1) of the recording's five-minute slots in the period with a reading.
    sufficiency : "full" by the consensus, "limited", or "too_little" for any metric.
    """

    period: Period
    metrics: GlucoseMetrics
    days: int
    glucose_days: int
    active: float
    sufficiency: Sufficiency


@dataclass(frozen=True)
class Difference:
    """One metric in two periods; ``name`` is a field of :class:`GlucoseMetrics`."""

    name: str
    before: float
    after: float

    @property
    def change(self) -> float:
        """After minus before; NaN if one of them is unknown."""
        return self.after - self.before


COMPARED = ("tir", "titr", "mean", "gmi", "cv", "tar", "tar2", "tbr", "tbr2")
"""Metrics by which two periods are compared, in display order."""


def recorded(worn: Worn) -> Period | None:
    """Return the local days that the recording overlaps; None if nothing was recorded."""
    days = [_date(day) for day in worn.days]
    return Period(days[0], days[-1]) if days else None


def halves(period: Period) -> tuple[Period, Period] | None:
    """Split a period in two, the first half with the odd day; None for a single day."""
    if len(period) < 2:
        return None
    middle = date.fromordinal(period.first.toordinal() + (len(period) + 1) // 2)
    return Period(period.first, date.fromordinal(middle.toordinal() - 1)), Period(middle, period.last)


def trace_of(worn: Worn, period: Period) -> Trace:
    """Return the glucose grid of a period; empty if nothing was recorded in it."""
    return worn.trace.between(*_slots(worn, period))


def summary(worn: Worn, days: pd.DataFrame, period: Period) -> GlucoseSummary:
    """Summarise the glucose of a period.

    Parameters
    ----------
    days : the participant's day table (see :func:`sensecf_core.aireadi.features.days.day_table`).
    """
    days_inside = [_date(day) for day in worn.days if _date(day) in period]
    enough = days["glucose_enough"].reindex([str(day) for day in days_inside]) if len(days) else pd.Series()
    glucose_days = int(enough.fillna(False).astype(bool).sum())
    trace = trace_of(worn, period)
    begin, end = _slots(worn, period)
    slots = float(np.ceil((end - begin) / np.timedelta64(STEP, "s")))
    active = min(float(trace.measured.sum()) / slots, 1.0) if slots > 0 else 0.0
    has_enough = glucose_days >= GLUCOSE_DAYS
    glucose_metrics = metrics(trace.values) if has_enough else no_metrics()
    full = glucose_days >= CONSENSUS_DAYS and active >= GLUCOSE_SHARE
    state: Sufficiency = "full" if full else "limited" if has_enough else "too_little"
    return GlucoseSummary(period, glucose_metrics, len(days_inside), glucose_days, active, state)


def compare(before: GlucoseSummary, after: GlucoseSummary) -> tuple[Difference, ...]:
    """Put the metrics of two periods side by side."""
    pairs = ((name, getattr(before.metrics, name), getattr(after.metrics, name)) for name in COMPARED)
    return tuple(Difference(*pair) for pair in pairs)


def instants(worn: Worn, period: Period) -> tuple[np.datetime64, np.datetime64]:
    """UTC start and end of the part of a period inside the window; equal if there is none."""
    days = worn.days.astype("datetime64[D]")
    first = int(np.searchsorted(days, np.datetime64(period.first, "D")))
    last = int(np.searchsorted(days, np.datetime64(period.last, "D"), side="right"))
    if last <= first:
        return worn.window.start, worn.window.start
    begin, end = max(worn.bounds[first], worn.window.start), min(worn.bounds[last], worn.window.end)
    return begin, max(begin, end)


def _slots(worn: Worn, period: Period) -> tuple[np.datetime64, np.datetime64]:
    """UTC start and end of a period on the glucose grid, from the slot in which the period begins.

    The window begins on the minute of its first reading; the slot of that reading may begin up to five
    minutes earlier.
    """
    begin, end = instants(worn, period)
    if begin == end:
        return begin, end
    seconds = begin.astype("datetime64[s]").astype(np.int64)
    return np.datetime64(int(seconds // STEP * STEP), "s"), end


def _date(day: np.datetime64) -> date:
    converted: date = pd.Timestamp(day).date()
    return converted
