"""Time stamps of a release: parsing UTC text, the site's time zone, and local calendar days."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import pandas as pd

Times = npt.NDArray[np.datetime64]
"""UTC, ``datetime64[s]``, NaT where a stamp cannot be read."""

PACIFIC, CENTRAL = ZoneInfo("America/Los_Angeles"), ZoneInfo("America/Chicago")
HEADER_ZONES = {"pst": PACIFIC, "pdt": PACIFIC, "cst": CENTRAL, "cdt": CENTRAL}
SITE_ZONES = {"UW": PACIFIC, "UCSD": PACIFIC, "UAB": CENTRAL}
_DIGITS = (0, 1, 2, 3, 5, 6, 8, 9, 11, 12, 14, 15, 17, 18)


FIRST_S, LAST_S = 315_532_800, 4_102_444_800
"""Seconds since 1970 of the years 1980 and 2100: other numbers are no times."""
FIRST_MS = 100_000_000_000
"""Numbers from here on are milliseconds, those a thousand times as large micro-, then nanoseconds."""
LONGEST_SHAPE = 30
_NAIVE = re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?$")


def parse(stamps: Sequence[Any]) -> Times:
    """Read ``YYYY-MM-DDTHH:MM:SSZ`` or ``YYYY-MM-DD HH:MM:SS`` stamps as UTC; numbers count from 1970.

    Stamps of one format, as files have them, are read column by column (about 20 times as fast as one by
    one); pandas reads mixed formats.
    """
    try:
        text = "".join(stamps).encode("ascii")
        width = len(stamps[0]) if stamps else 0
    except (TypeError, UnicodeEncodeError):
        return _parse_mixed(stamps)
    if width not in (19, 20) or len(text) != width * len(stamps):
        return _parse_mixed(stamps)
    cells = np.frombuffer(text, dtype=np.uint8).reshape(-1, width)
    digits = cells[:, _DIGITS].astype(np.int64) - ord("0")
    plain = ((digits >= 0) & (digits <= 9)).all() and (cells[:, 4] == ord("-")).all()
    if not plain or (width == 20 and not (cells[:, 19] == ord("Z")).all()):
        return _parse_mixed(stamps)
    return _assemble(digits)


def _assemble(digits: npt.NDArray[np.int64]) -> Times:
    year = digits[:, :4] @ np.array([1000, 100, 10, 1])
    month, day, hour, minute, second = (digits[:, i] * 10 + digits[:, i + 1] for i in range(4, 14, 2))
    months = ((year - 1970) * 12 + month - 1).astype("datetime64[M]")
    days = months.astype("datetime64[D]") + (day - 1)
    wrong = (month < 1) | (month > 12) | (day < 1) | (hour > 23) | (minute > 59) | (second > 60)
    wrong |= days.astype("datetime64[M]") != months
    times: Times = days.astype("datetime64[s]") + (hour * 3600 + minute * 60 + second)
    times[wrong] = np.datetime64("NaT")
    return times


def shape(text: str) -> str:
    """How a text is written, with a 9 for every digit: nobody's value and nobody's time."""
    return repr(re.sub(r"\d", "9", text.strip()).replace(";", ",")[:LONGEST_SHAPE])


def forms_of(stamps: Sequence[Any], times: Times) -> list[str]:
    """Say in which other forms than text in UTC a file has its times; ``times`` is what was read of them."""
    others = [stamp for stamp in stamps if not (isinstance(stamp, str) and stamp[-1:] == "Z")]
    notes = []
    if any(_of_epoch(stamp) is not None for stamp in others):
        notes.append("times in seconds or milliseconds since 1970")
    lost = [stamp for stamp, none in zip(stamps, np.isnat(times), strict=True) if none]
    if unread := {shape(stamp) for stamp in lost if isinstance(stamp, str) and stamp.strip()}:
        notes.append(f"times that cannot be read, such as {min(unread)}")
    if any(isinstance(stamp, str) and _NAIVE.match(stamp) for stamp in others):
        notes.append("times without a zone, read as UTC")
    return notes


def _of_epoch(stamp: Any) -> str | None:
    """A time in seconds or milliseconds since 1970 as text in UTC; None for anything else."""
    if isinstance(stamp, str) and stamp.isascii() and stamp.isdigit():
        stamp = int(stamp) if len(stamp) in (10, 13, 16, 19) else None
    if isinstance(stamp, bool) or not isinstance(stamp, int | float):
        return None
    seconds = float(stamp)
    for factor in (10**9, 10**6, 10**3):
        if abs(stamp) >= FIRST_MS * factor / 1000:
            seconds = stamp / factor
            break
    if not FIRST_S <= seconds <= LAST_S:
        return None
    return f"{np.datetime64(int(seconds), 's')}Z"


def _parse_mixed(stamps: Sequence[Any]) -> Times:
    texts = [
        stamp if isinstance(stamp, str) and not stamp.isdigit() else _of_epoch(stamp) for stamp in stamps
    ]
    read = pd.to_datetime(pd.Series(texts, dtype=object), utc=True, errors="coerce", format="ISO8601")
    times: Times = read.dt.tz_localize(None).to_numpy().astype("datetime64[s]")
    return times


def to_minute(times: Times) -> Times:
    """Truncate to the minute: each file has a constant offset of some seconds."""
    floored: Times = times.astype("datetime64[m]").astype("datetime64[s]")
    return floored


def choose_zone(header: Iterable[str | None], site: str) -> tuple[ZoneInfo, str | None]:
    """Choose a participant's time zone: the one that the files' headers name, else the site's.

    Returns
    -------
    The zone, and a note if the choice is doubtful.
    """
    header_zones = {HEADER_ZONES[name] for name in header if name in HEADER_ZONES}
    site_zone = SITE_ZONES.get(site)
    if len(header_zones) == 1:
        chosen = header_zones.pop()
        doubt = site_zone is not None and chosen != site_zone
        return (
            chosen,
            f"the files say {chosen.key}, the site {site} is in {site_zone.key}"
            if doubt and site_zone
            else None,
        )
    if site_zone is not None:
        return site_zone, "the files name different time zones; the site's is used" if header_zones else None
    return ZoneInfo("UTC"), "neither file nor site tells the time zone; UTC is used"


def local(times: Times, zone: ZoneInfo) -> Times:
    """Convert UTC to wall-clock time in ``zone``, with daylight saving; the result has no time zone."""
    index = pd.DatetimeIndex(times.astype("datetime64[s]"), tz="UTC").tz_convert(zone).tz_localize(None)
    wall: Times = index.to_numpy().astype("datetime64[s]")
    return wall


def day_bounds(days: npt.NDArray[np.datetime64], zone: ZoneInfo) -> Times:
    """UTC start of each local day, and the end of the last: one more than ``days``.

    ``days`` are consecutive ``datetime64[D]``; on the nights of a clock change a day has 23 or 25 hours.
    """
    if not len(days):
        return np.array([], dtype="datetime64[s]")
    edges = pd.DatetimeIndex(np.append(days, days[-1] + 1).astype("datetime64[s]"))
    bounds: Times = (
        edges.tz_localize(zone).tz_convert("UTC").tz_localize(None).to_numpy().astype("datetime64[s]")
    )
    return bounds
