"""Each day's glucose on its own, in weeks from Monday to Sunday."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from sensecf_core.aireadi.features.days import Worn
from sensecf_core.aireadi.features.glucose import HIGH, LOW
from sensecf_core.aireadi.release.timestamps import local
from sensecf_core.aireadi.report.periods import Period, trace_of
from sensecf_core.types import Floats

WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


@dataclass(frozen=True)
class DayCurve:
    """One local day of glucose.

    ``hours`` are wall-clock hours from 0 to 24, ``values`` mg/dL with NaN in gaps, on the five-minute grid;
    on the night on which the clocks go back one hour occurs twice.
    """

    day: date
    hours: Floats
    values: Floats

    @property
    def recorded(self) -> bool:
        """Whether there is any reading."""
        return bool(np.isfinite(self.values).any())

    @property
    def in_range(self) -> float:
        """Percent of the readings in 70-180 mg/dL; NaN without any."""
        known = self.values[np.isfinite(self.values)]
        return 100 * float(((known >= LOW) & (known <= HIGH)).mean()) if len(known) else float("nan")


def weeks(worn: Worn, period: Period) -> tuple[tuple[DayCurve | None, ...], ...]:
    """The days of a period as weeks of seven days from Monday on; None for a day outside of it."""
    monday = period.first - timedelta(days=period.first.weekday())
    count = ((period.last - monday).days + 7) // 7
    days = [[monday + timedelta(days=7 * week + day) for day in range(7)] for week in range(count)]
    return tuple(tuple(_curve(worn, day) if day in period else None for day in week) for week in days)


def _curve(worn: Worn, day: date) -> DayCurve:
    trace = trace_of(worn, Period(day, day))
    wall = local(trace.times, worn.zone)
    hours: Floats = (wall - np.datetime64(day, "D")).astype("timedelta64[s]").astype(np.float64) / 3600
    return DayCurve(day, hours, trace.values)
