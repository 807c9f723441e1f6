"""A participant's time axis in UTC minutes, with the site's local day and minute, and records along it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from sensecf_core.types import Ints

ZONES = {"UW": "America/Los_Angeles", "UCSD": "America/Los_Angeles", "UAB": "America/Chicago"}
HEADER_NAMES = {"UW": "pst", "UCSD": "pst", "UAB": "cst"}
"""Name of the site's zone in a file's header (in summer and winter)."""

DAY = 1440
Minutes = npt.NDArray[np.int64]
"""Minutes since 1970-01-01 00:00 UTC."""


@dataclass(frozen=True)
class Clock:
    """``utc``: every minute of some local days, from midnight of the first; daylight saving included.

    ``day``: the local day of each minute, from 0; ``minute``: the minute of the day on the local clock.
    """

    zone: ZoneInfo
    first_day: int
    utc: Minutes
    day: Ints
    minute: Ints

    def index(self, day: int, minute: int) -> int:
        """Index of a local time on the axis (of two equal ones on the night of a change, the first)."""
        return int(to_utc((self.first_day + day) * DAY + minute, self.zone) - self.utc[0])


@dataclass(frozen=True)
class Stream:
    """Records of one stream in the order of the file: ``utc`` minutes and plain JSON values.

    ``values``: numbers, or sleep stages. ``begin``: start of each interval (None for instants). ``extra``: a
    second column (the activity's name, the transmitter's seconds). ``seconds``: added to every time.
    """

    utc: Minutes
    values: list[Any]
    seconds: int = 0
    begin: Minutes | None = None
    extra: list[Any] = field(default_factory=list)


def clock(visit: np.datetime64, days: int, site: str) -> Clock:
    """Make the axis of ``days`` local days, from the day of the visit on."""
    zone = ZoneInfo(ZONES[site])
    first_day = int(visit.astype("datetime64[D]").astype(np.int64))
    start = to_utc(first_day * DAY, zone)
    utc = np.arange(start, to_utc((first_day + days) * DAY, zone), dtype=np.int64)
    local = utc + offsets(utc, zone)
    return Clock(zone, first_day, utc, local // DAY - first_day, local % DAY)


def to_utc(local: int, zone: ZoneInfo) -> int:
    """UTC minute of a local minute (both since 1970-01-01 00:00); if ambiguous, the one in summer time."""
    wall = datetime.fromtimestamp(local * 60, UTC).replace(tzinfo=zone)
    return int(wall.timestamp()) // 60


def offsets(utc: Minutes, zone: ZoneInfo) -> Ints:
    """Minutes that local time is ahead of UTC; looked up once per hour, since changes fall on full hours."""
    hours, inverse = np.unique(utc // 60, return_inverse=True)
    ahead = [datetime.fromtimestamp(int(hour) * 3600, zone).utcoffset() for hour in hours]
    return np.array([int(offset.total_seconds()) // 60 for offset in ahead if offset is not None])[inverse]


def text(utc: Minutes) -> npt.NDArray[np.str_]:
    """Format each minute as ``YYYY-MM-DDTHH:MM``."""
    return np.datetime_as_string(utc.astype("datetime64[m]"))
