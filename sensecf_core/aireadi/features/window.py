"""Which stretch of time counts as the study: the band goes on logging long after it was taken off."""

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
"""Nothing was collected before; stamps of 1991 occur."""

WITHOUT_GLUCOSE = 14
"""Days after the study visit that count for people without a glucose sensor."""


LONGEST_EXPECTED = np.timedelta64(21, "D")
"""A longer stretch of glucose is believed but told: sensors last ten days."""


@dataclass(frozen=True)
class Window:
    """From ``start`` up to but not including ``end`` (UTC); ``source`` is what it rests on."""

    start: np.datetime64
    end: np.datetime64
    source: Literal["glucose", "visit", "wearable", "none"]
    note: str | None = None

    def days(self, where: ZoneInfo) -> Times:
        """Local calendar days that the window touches, as ``datetime64[D]``."""
        if self.end <= self.start:
            return np.array([], dtype="datetime64[D]")
        edges = local(np.array([self.start, self.end - np.timedelta64(1, "s")]), where)
        first, last = edges.astype("datetime64[D]")
        return np.arange(first, last + 1)

    def points(self, data: Points) -> Points:
        """Keep the readings inside."""
        return data.where(self._inside(data.times))

    def intervals(self, data: Intervals) -> Intervals:
        """Keep the records that lie inside as a whole."""
        return data.where((data.starts >= self.start) & (data.ends <= self.end))

    def _inside(self, times: Times) -> Mask:
        inside: Mask = (times >= self.start) & (times < self.end)
        return inside


def window(
    glucose: Points,
    wearable: Times,
    visit: date | None,
    where: ZoneInfo,
    now: datetime | None = None,
) -> Window:
    """Choose the window: from the later of first glucose and visit to the last glucose reading.

    Without glucose it is the visit's day and 14 days more; without a visit date either, 14 days from the
    first valid reading of the band.

    Parameters
    ----------
    wearable : times of valid readings of the band.
    visit : local calendar day of the study visit.
    now : nothing later is believed; the present by default.
    """
    latest = np.datetime64((now or datetime.now(UTC)).astimezone(UTC).replace(tzinfo=None), "s")
    sensed = _believable(glucose.times[glucose.valid], latest)
    visited = _midnight(visit, where)
    if len(sensed):
        first, last = sensed[0], sensed[-1] + np.timedelta64(300, "s")
        if visited is not None and visited >= last:
            return Window(first, last, "glucose", "the visit lies after the last glucose reading; not used")
        start = first if visited is None else max(first, visited)
        long = last - start > LONGEST_EXPECTED
        return Window(start, last, "glucose", "the glucose readings span more than 21 days" if long else None)
    if visit is not None and visited is not None and visited >= EARLIEST:
        end = _midnight(visit + timedelta(days=WITHOUT_GLUCOSE), where)
        assert end is not None
        return Window(visited, min(end, latest), "visit", "no glucose: 14 days from the visit are used")
    worn = _believable(wearable, latest)
    if len(worn):
        note = "neither glucose nor visit date: 14 days from the band's first reading are used"
        return Window(worn[0], worn[0] + np.timedelta64(WITHOUT_GLUCOSE, "D"), "wearable", note)
    return Window(EARLIEST, EARLIEST, "none", "nothing was recorded")


def _believable(times: Times, latest: np.datetime64) -> Times:
    kept: Times = np.sort(times[(times >= EARLIEST) & (times <= latest)])
    return kept


def _midnight(day: date | None, where: ZoneInfo) -> np.datetime64 | None:
    if day is None:
        return None
    begin: np.datetime64 = day_bounds(np.array([day], dtype="datetime64[D]"), where)[0]
    return begin
