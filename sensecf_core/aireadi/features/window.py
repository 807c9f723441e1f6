"""The study window of a participant: the band goes on logging long after it was taken off."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

import numpy as np

from sensecf_core.aireadi.release.intervals import Intervals
from sensecf_core.aireadi.release.readings import Points
from sensecf_core.aireadi.release.timestamps import Times, day_bounds, local
from sensecf_core.types import Mask

EARLIEST = np.datetime64("2023-01-01", "s")
"""The study collected nothing earlier; stamps of 1991 occur."""

DAYS_WITHOUT_GLUCOSE = 14
"""Days after the study visit that count for people without a glucose sensor."""


LONGEST_EXPECTED = np.timedelta64(21, "D")
"""A longer recording of glucose is used, but noted: sensors last ten days."""


@dataclass(frozen=True)
class Window:
    """From ``start`` up to but not including ``end`` (UTC); ``source`` is what it was derived from."""

    start: np.datetime64
    end: np.datetime64
    source: Literal["glucose", "visit", "wearable", "none"]
    note: str | None = None

    def days(self, zone: ZoneInfo) -> Times:
        """Local calendar days that the window overlaps, as ``datetime64[D]``."""
        if self.end <= self.start:
            return np.array([], dtype="datetime64[D]")
        edges = local(np.array([self.start, self.end - np.timedelta64(1, "s")]), zone)
        first, last = edges.astype("datetime64[D]")
        return np.arange(first, last + 1)

    def points(self, data: Points) -> Points:
        """Keep the readings inside the window."""
        return data.where(self._inside(data.times))

    def intervals(self, data: Intervals) -> Intervals:
        """Keep the records that lie entirely inside the window."""
        return data.where((data.starts >= self.start) & (data.ends <= self.end))

    def _inside(self, times: Times) -> Mask:
        inside: Mask = (times >= self.start) & (times < self.end)
        return inside


def window(
    glucose: Points,
    wearable: Times,
    visit: date | None,
    zone: ZoneInfo,
    now: datetime | None = None,
) -> Window:
    """Choose the window: from the later of visit and first glucose reading to the last glucose reading.

    Without glucose it is 14 days from the day of the visit; without a visit date either, 14 days from the
    first valid reading of the band.

    Parameters
    ----------
    wearable : times of valid readings of the band.
    visit : local calendar day of the study visit.
    now : later stamps are ignored; the present by default.
    """
    latest = np.datetime64((now or datetime.now(UTC)).astimezone(UTC).replace(tzinfo=None), "s")
    glucose_times = _plausible(glucose.times[glucose.valid], latest)
    visit_start = _midnight(visit, zone)
    if len(glucose_times):
        first, last = glucose_times[0], glucose_times[-1] + np.timedelta64(300, "s")
        if visit_start is not None and visit_start >= last:
            return Window(first, last, "glucose", "the visit lies after the last glucose reading; not used")
        start = first if visit_start is None else max(first, visit_start)
        long = last - start > LONGEST_EXPECTED
        return Window(start, last, "glucose", "the glucose readings span more than 21 days" if long else None)
    if visit is not None and visit_start is not None and visit_start >= EARLIEST:
        end = _midnight(visit + timedelta(days=DAYS_WITHOUT_GLUCOSE), zone)
        assert end is not None
        return Window(visit_start, min(end, latest), "visit", "no glucose: 14 days from the visit are used")
    worn = _plausible(wearable, latest)
    if len(worn):
        note = "neither glucose nor visit date: 14 days from the band's first reading are used"
        return Window(worn[0], worn[0] + np.timedelta64(DAYS_WITHOUT_GLUCOSE, "D"), "wearable", note)
    return Window(EARLIEST, EARLIEST, "none", "nothing was recorded")


def _plausible(times: Times, latest: np.datetime64) -> Times:
    plausible: Times = np.sort(times[(times >= EARLIEST) & (times <= latest)])
    return plausible


def _midnight(day: date | None, zone: ZoneInfo) -> np.datetime64 | None:
    if day is None:
        return None
    begin: np.datetime64 = day_bounds(np.array([day], dtype="datetime64[D]"), zone)[0]
    return begin
