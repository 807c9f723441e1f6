"""A participant's time axis: UTC minutes with the site's local day and minute, daylight saving included."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from sensecf_core.types import Ints


@dataclass(frozen=True)
class Stream:
    """Records in the order of the file: ``utc`` minutes and plain JSON values.

    ``values``: numbers, or the stage of sleep. ``begin``: where intervals start (None for moments).
    ``extra``: a second column (the activity's name, the transmitter's seconds). ``seconds``: added to every
    time.
    """

    utc: Minutes
    values: list[Any]
    seconds: int = 0
    begin: Minutes | None = None
    extra: list[Any] = field(default_factory=list)


ZONES = {"UW": "America/Los_Angeles", "UCSD": "America/Los_Angeles", "UAB": "America/Chicago"}
HEADER_NAMES = {"UW": "pst", "UCSD": "pst", "UAB": "cst"}
"""How a file's header names the site's zone (summer or winter)."""

DAY = 1440
Minutes = npt.NDArray[np.int64]
"""Minutes since 1970-01-01 00:00 UTC."""


@dataclass(frozen=True)
class Clock:
    """``utc``: every minute from local midnight of the first day, for so many local days.

    ``day``: the local day of each, from 0; ``minute``: the local minute of the day, as a clock shows it.
    """

    zone: ZoneInfo
    first_day: int
    utc: Minutes
    day: Ints
    minute: Ints

    def index(self, day: int, minute: int) -> int:
        """Place on the axis of a local time (on the night of a change, the first of two)."""
        return int(to_utc((self.first_day + day) * DAY + minute, self.zone) - self.utc[0])


def clock(visit: np.datetime64, days: int, site: str) -> Clock:
    """Lay out ``days`` local days from the day of the visit on."""
    zone = ZoneInfo(ZONES[site])
    first_day = int(visit.astype("datetime64[D]").astype(np.int64))
    start = to_utc(first_day * DAY, zone)
    utc = np.arange(start, to_utc((first_day + days) * DAY, zone), dtype=np.int64)
    local = utc + offsets(utc, zone)
    return Clock(zone, first_day, utc, local // DAY - first_day, local % DAY)


def to_utc(local: int, zone: ZoneInfo) -> int:
    """UTC minute of a local minute (both since 1970-01-01 00:00); of two, the one in summer time."""
    wall = datetime.fromtimestamp(local * 60, UTC).replace(tzinfo=zone)
    return int(wall.timestamp()) // 60


def offsets(utc: Minutes, zone: ZoneInfo) -> Ints:
    """Minutes that local time is ahead of UTC; looked up once per hour, since changes fall on full hours."""
    hours, where = np.unique(utc // 60, return_inverse=True)
    ahead = [datetime.fromtimestamp(int(hour) * 3600, zone).utcoffset() for hour in hours]
    return np.array([int(one.total_seconds()) // 60 for one in ahead if one is not None])[where]


def text(utc: Minutes) -> npt.NDArray[np.str_]:
    """Write each minute as ``YYYY-MM-DDTHH:MM``."""
    return np.datetime_as_string(utc.astype("datetime64[m]"))
