"""Read the CSV that Dexcom Clarity or LibreView exports. Neither maker publishes its format.

Clarity: the header, then rows without a time (name, device, alerts), then events; readings are the event
``EGV``. LibreView: a line that says when and for whom it was made, the header, then records of a type; type 0
is the sensor's own reading, every 15 minutes (Libre 3: every five), 1 a scan, 2 a finger-stick. Columns are
found by what they hold, since their names are translated; the unit stands in them. Times are those of the
receiver or phone, without a zone.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Literal

import numpy as np

from sensecf_core.aireadi.release.readings import Points, points
from sensecf_core.aireadi.release.streams import GLUCOSE
from sensecf_core.cohorts.fingerprint import file_sha256
from sensecf_core.cohorts.own.problems import UnreadableError
from sensecf_core.cohorts.own.text_encoding import recognised
from sensecf_core.errors import InputError

Maker = Literal["Dexcom Clarity", "LibreView"]
DateOrder = Literal["DMY", "MDY"]
MOST_BYTES = 200_000_000
HEADER_WITHIN = 20
"""Lines among which the header stands."""
LIBRE_HIGH = 501.0
"""mg/dL that stand for ``HI``: FreeStyle Libre reports up to 500; Dexcom, as in AI-READI, up to 400."""
SENSOR_RECORD = "0"
YEARS = range(1999, 2100)
"""Years that a reading can be of, from the first sensor on; a clock that was never set says others."""

_UNIT = re.compile(r"(mg/dL|mmol/L)\)?\s*$", re.IGNORECASE)
_STAMP = re.compile(
    r"(\d{1,4})[-/.](\d{1,2})[-/.](\d{1,4})[T ]+(\d{1,2}):(\d{2})(?::(\d{2})(?:\.\d+)?)?"
    r"\s*([AP])?\.?(?:M\.?)?",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Export:
    """One account's glucose.

    Attributes
    ----------
    maker : whose export it is.
    readings : with the receiver's local times in place of UTC; values in mg/dL.
    unit : the unit of the file.
    every : minutes from one reading to the next, most often.
    notes : what was left out, and how what is ambiguous was read, one phrase each.
    sha256 : of the file.
    """

    maker: Maker
    readings: Points
    unit: str
    every: int
    notes: tuple[str, ...]
    sha256: str


class AmbiguousDatesError(InputError):
    """The dates of an export can be read both ways, day first or month first."""


@dataclass(frozen=True)
class _Layout:
    """Where a row has its time, value and kind, and which kind is a reading of the sensor."""

    maker: Maker
    header: int
    time: int
    value: int
    kind: int
    reading: str
    unit: str


def read_export(path: Path, dates: DateOrder | None = None) -> Export:
    """Read an export.

    Parameters
    ----------
    dates : whether the day or the month comes first; None finds out, and says how.

    Raises ``InputError`` for a file that is no such export, where it holds no reading, and for an order that
    its dates contradict;
    ``AmbiguousDatesError`` for dates that may be read both ways.
    """
    rows = _rows(path)
    layout = _layout(path, rows)
    below = [row for row in rows[layout.header + 1 :] if any(cell.strip() for cell in row)]
    body = [row for row in below if len(row) > max(layout.time, layout.kind, layout.value)]
    dated = [row for row in body if row[layout.time].strip()]
    kept = [row for row in dated if row[layout.kind].strip() == layout.reading]
    if not kept:
        raise InputError(f"{path.name} looks like an export of {layout.maker}, but it holds no reading.")
    stamps, note = _times([row[layout.time] for row in kept], dates, path.name)
    records = [
        {
            "blood_glucose": {"value": row[layout.value].strip().replace(",", "."), "unit": layout.unit},
            "effective_time_frame": {"time_interval": {"start_date_time": stamp}},
        }
        for row, stamp in zip(kept, stamps, strict=True)
    ]
    stream = replace(GLUCOSE, high=LIBRE_HIGH) if layout.maker == "LibreView" else GLUCOSE
    found = points(stream, records)
    if not found.valid.any():
        raise InputError(f"{path.name} holds no reading with a time and a value in {layout.unit}.")
    counted = {
        "records of another kind (scans, finger-sticks, insulin, food, alerts)": len(dated) - len(kept),
        "lines that end before the columns of a reading": len(below) - len(body),
        "readings whose time cannot be read": found.without_time,
        "readings of a minute that has another": found.repeated,
        "readings without a value that the sensor can give": int((~found.valid).sum()),
    }
    notes = [note] if note else []
    notes += [f"{count:,} {what} were left out" for what, count in counted.items() if count]
    ends = {"Low": int((found.censored == -1).sum()), "High": int((found.censored == 1).sum())}
    bounds = {"Low": stream.low, "High": stream.high}
    notes += [f"{n:,} readings “{end}” count as {bounds[end]:g} mg/dL" for end, n in ends.items() if n]
    every = _every(found)
    readings = _with_pieces(found, every)
    return Export(layout.maker, readings, layout.unit, every, tuple(notes), file_sha256(path))


def _rows(path: Path) -> list[list[str]]:
    try:
        if path.stat().st_size > MOST_BYTES:
            raise InputError(f"{path.name} is larger than {MOST_BYTES // 1_000_000} MB; export fewer months.")
        text = path.read_text(encoding=recognised(path) or "utf-8-sig")
        lines = text.replace("\0", "").splitlines()
        widest = max(lines[:HEADER_WITHIN], key=len, default="")
        delimiter = max(",;\t", key=widest.count)
        return list(csv.reader(io.StringIO("\n".join(lines)), delimiter=delimiter))
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}).") from error
    except csv.Error as error:
        raise InputError(f"{path.name} cannot be read as CSV ({error}).") from error
    except UnreadableError as error:
        raise InputError(f"{path.name} cannot be read: {error}; export it as CSV.") from error
    except InputError:
        raise
    except ValueError as error:  # no text, or not in the encoding that its beginning shows
        raise InputError(f"{path.name} cannot be read: {' '.join(str(error).split())}") from error


def _layout(path: Path, rows: Sequence[Sequence[str]]) -> _Layout:
    for number, row in enumerate(rows[:HEADER_WITHIN]):
        units = {place: found[1] for place, cell in enumerate(row) if (found := _UNIT.search(cell))}
        stamp = next((place for place, cell in enumerate(row) if "thh:mm:ss" in cell.lower()), None)
        if stamp is not None and units and stamp + 1 < len(row):
            value = min(units)
            return _Layout("Dexcom Clarity", number, stamp, value, stamp + 1, "EGV", units[value])
        if len(row) > 5 and {4, 5} <= units.keys() and min(units) == 4:
            return _Layout("LibreView", number, 2, 4, 3, SENSOR_RECORD, units[4])
    raise InputError(
        f"{path.name} is not an export of Dexcom Clarity or LibreView: no line has their columns for time, "
        "kind and glucose in mg/dL or mmol/L."
    )


def _times(texts: Sequence[str], given: DateOrder | None, name: str) -> tuple[list[str | None], str | None]:
    """Times as ISO text, None where one cannot be read; and how dates were read, if that is not plain."""
    found = [_STAMP.fullmatch(text.strip()) for text in texts]
    short = [one for one in found if one is not None and len(one[1]) <= 2]
    pairs = [(int(one[1]), int(one[2])) for one in short]
    order, note = given, None
    if short and order is None:
        order, note = _date_order(pairs, bool(short[0][7]), name)
    elif short and (plain := _plain_order(pairs)) not in (None, order):
        day, month = ("first", "second") if plain == "DMY" else ("second", "first")
        shown = max(pairs, key=lambda pair: pair[plain != "DMY"])
        raise InputError(
            f"In the dates of {name} the day stands {day} and the month {month}, as {shown[0]}-{shown[1]} "
            f"shows, so they cannot be read as {order}; leave it out."
        )
    return [None if one is None else _iso(one, order) for one in found], note


def _date_order(
    pairs: Sequence[tuple[int, int]], twelve_hours: bool, name: str
) -> tuple[DateOrder, str | None]:
    if (plain := _plain_order(pairs)) is not None:
        return plain, None
    if twelve_hours:  # only the American settings write a.m. and p.m.
        return "MDY", "dates are read as month-day-year, since the times are a.m. and p.m."
    raise AmbiguousDatesError(
        f"The dates of {name} can be read both ways, {pairs[0][0]}-{pairs[0][1]} as a day and a month or a "
        "month and a day; say which with --dates DMY or --dates MDY."
    )


def _plain_order(pairs: Sequence[tuple[int, int]]) -> DateOrder | None:
    """The order that a number above 12 shows; None without one, or where both places have one."""
    first, second = max(pair[0] for pair in pairs), max(pair[1] for pair in pairs)
    if first > 12 and second <= 12:
        return "DMY"
    return "MDY" if second > 12 and first <= 12 else None


def _iso(found: re.Match[str], order: DateOrder | None) -> str | None:
    one, two, three, hour, minute, second = (int(found[group] or 0) for group in range(1, 7))
    year, month, day = (one, two, three) if len(found[1]) == 4 else (three, two, one)
    if len(found[1]) != 4 and order == "MDY":
        month, day = day, month
    if found[7]:
        hour = hour % 12 + (12 if found[7].upper() == "P" else 0)
    if max(len(found[1]), len(found[3])) <= 2:
        year += 2000
    if year not in YEARS:
        return None
    try:
        return f"{datetime(year, month, day, hour, minute, second).isoformat()}Z"
    except ValueError:
        return None


def _every(found: Points) -> int:
    """Minutes between readings, most often: 5 or less, or more."""
    steps = np.diff(found.times[found.valid]).astype("timedelta64[m]").astype(np.int64)
    return int(np.median(steps)) if len(steps) else 5


def _with_pieces(found: Points, every: int) -> Points:
    """Readings further apart than five minutes with what lies between them, as the report counts in fives.

    Between two readings at most 1.2 times ``every`` apart (of up to 15 minutes) values are interpolated, as
    the report does for gaps of that length; so a sensor that reports every 15 minutes counts as active.
    """
    if not 5 < every <= 15:
        return found
    times, values = found.times[found.valid], found.values[found.valid]
    minutes = times.astype("datetime64[m]").astype(np.int64)
    between = [
        np.arange(here + 5, there, 5) for here, there in pairwise(minutes) if 5 < there - here <= 1.2 * every
    ]
    added = np.concatenate(between) if between else np.zeros(0, dtype=np.int64)
    all_minutes = np.sort(np.concatenate([minutes, added]))
    codes = np.zeros(len(all_minutes), dtype=np.int8)
    return replace(
        found,
        times=all_minutes.astype("datetime64[m]").astype("datetime64[s]"),
        values=np.interp(all_minutes, minutes, values),
        reasons=codes,
        censored=codes,
    )
