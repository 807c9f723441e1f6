"""From one file's records to typed arrays: glucose, heart rate and the other point streams.

Nothing is thrown away here but records without a usable time and repeated minutes, and those are
counted; a value that cannot be true stays as NaN with the reason, so that quality can be told later.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

import numpy as np
import numpy.typing as npt

from sensecf_core.aireadi.release import documents
from sensecf_core.aireadi.release.streams import Stream
from sensecf_core.aireadi.release.timestamps import Times, parse, to_minute
from sensecf_core.types import Floats, Mask

Codes = npt.NDArray[np.int8]

TIME_KEYS = ("effective_time_frame", "sleep_stage_time_frame", "time_frame")


class Reason(IntEnum):
    """Why a reading has no value."""

    VALID = 0
    NOT_WORN = 1
    MOTION = 2
    OUT_OF_RANGE = 3
    NOT_A_NUMBER = 4


@dataclass(frozen=True)
class Points:
    """Readings of one stream in the order of time, at most one a minute.

    Attributes
    ----------
    times : UTC, cut to the minute.
    values : in the stream's unit; NaN where ``reasons`` is not ``Reason.VALID``.
    reasons : a ``Reason`` each.
    censored : -1 where the sensor said "Low", 1 for "High", 0 else.
    records : as many as the file holds.
    without_time : records dropped because their time cannot be read.
    repeated : records dropped because their minute has another one.
    """

    times: Times
    values: Floats
    reasons: Codes
    censored: Codes
    records: int = 0
    without_time: int = 0
    repeated: int = 0

    def __len__(self) -> int:
        return len(self.times)

    @property
    def valid(self) -> Mask:
        """Which readings have a value."""
        found: Mask = self.reasons == Reason.VALID
        return found

    def where(self, keep: Mask) -> Points:
        """Keep the marked readings; the file's own counts stay."""
        return Points(
            self.times[keep],
            self.values[keep],
            self.reasons[keep],
            self.censored[keep],
            self.records,
            self.without_time,
            self.repeated,
        )


def no_points() -> Points:
    """Return what a missing file holds."""
    codes = np.zeros(0, dtype=np.int8)
    return Points(np.array([], dtype="datetime64[s]"), np.zeros(0), codes, codes)


def points(stream: Stream, records: Sequence[Any]) -> Points:
    """Read point records: value and instant each, sentinels told apart from readings.

    The last valid record of a minute counts (the last one where none is valid).
    """
    raw, stamps = _columns(stream, records)
    times = to_minute(parse(stamps))
    values = numbers(raw)
    censored = _censored(stream, raw)
    values[censored == -1], values[censored == 1] = stream.low, stream.high
    reasons = _reasons(stream, values)
    values[reasons != Reason.VALID] = np.nan
    dated = ~np.isnat(times)
    order = np.lexsort((reasons == Reason.VALID, times))
    order = order[dated[order]]
    ordered = times[order]
    last = np.ones(len(order), dtype=bool)
    last[:-1] = ordered[:-1] != ordered[1:]
    kept = order[last]
    return Points(
        times[kept],
        values[kept],
        reasons[kept],
        np.where(reasons[kept] == Reason.VALID, censored[kept], 0).astype(np.int8),
        records=len(records),
        without_time=int(len(times) - dated.sum()),
        repeated=len(order) - len(kept),
    )


def _columns(stream: Stream, records: Sequence[Any]) -> tuple[list[Any], list[Any]]:
    """Take value and stamp out of each record: the usual form at once, any other one by one."""
    key = stream.quantity[0]
    try:
        if stream.name == "glucose":
            stamps = [one["effective_time_frame"]["time_interval"]["start_date_time"] for one in records]
        else:
            stamps = [one["effective_time_frame"]["date_time"] for one in records]
        return [one[key]["value"] for one in records], stamps
    except (KeyError, TypeError):
        values = [quantity(one, stream.quantity) for one in records]
        return values, [interval(one)[0] for one in records]


def quantity(record: Any, keys: Sequence[str]) -> Any:
    """Return the value of a record: ``{"value": 72, "unit": ...}`` or bare."""
    found = documents.first_of(record, keys)
    return found.get("value") if isinstance(found, dict) else found


def interval(record: Any) -> tuple[Any, Any]:
    """Return start and end stamps of a record, in any of the versions' forms; None where not given."""
    frame = documents.first_of(record, TIME_KEYS)
    inner = documents.first_of(frame, ("time_interval",))
    frame = inner if isinstance(inner, dict) else frame
    start = documents.first_of(frame, ("start_date_time", "date_time"))
    return start, documents.first_of(frame, ("end_date_time", "date_time"))


def numbers(raw: Sequence[Any]) -> Floats:
    """Read values as numbers; NaN for text that is none, blanks, and what is not finite."""
    try:
        values = np.array(raw, dtype=np.float64)
        if values.ndim != 1 or bool in set(map(type, raw)):
            raise ValueError
    except (ValueError, TypeError, OverflowError):
        values = np.array([_number(one) for one in raw], dtype=np.float64)
    values[~np.isfinite(values)] = np.nan
    return values


def _censored(stream: Stream, raw: Sequence[Any]) -> Codes:
    """Mark readings that the sensor gave as "Low" (-1) or "High" (1)."""
    censored = np.zeros(len(raw), dtype=np.int8)
    if stream.censored:
        texts = [one.strip().lower() if isinstance(one, str) else "" for one in raw]
        censored[[text == "low" for text in texts]] = -1
        censored[[text == "high" for text in texts]] = 1
    return censored


def _number(one: Any) -> float:
    try:
        return float(one) if not isinstance(one, bool) else math.nan
    except (ValueError, TypeError, OverflowError):
        return math.nan


def _reasons(stream: Stream, values: Floats) -> Codes:
    """Tell readings from the stream's sentinels and from what cannot be true."""
    reasons = np.zeros(len(values), dtype=np.int8)
    reasons[(values < stream.low) | (values > stream.high)] = Reason.OUT_OF_RANGE
    reasons[values <= stream.not_worn] = Reason.NOT_WORN
    if stream.motion is not None:
        reasons[values == stream.motion] = Reason.MOTION
    reasons[np.isnan(values)] = Reason.NOT_A_NUMBER
    return reasons
