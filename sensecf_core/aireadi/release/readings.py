"""Convert one file's records to typed arrays: glucose, heart rate and the other point streams.

Only records without a usable time and repeated minutes are dropped, and those are counted. An impossible
value stays as NaN with its reason, so that data quality can be reported later.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import IntEnum
from typing import Any

import numpy as np

from sensecf_core.aireadi.release import documents
from sensecf_core.aireadi.release.streams import Stream
from sensecf_core.aireadi.release.timestamps import Times, forms_of, parse, to_minute
from sensecf_core.aireadi.release.written_values import (
    Codes,
    censored_of,
    factors_of,
    numbers,
    words_in,
    written_otherwise,
)
from sensecf_core.types import Floats, Mask

TIME_KEYS = ("effective_time_frame", "sleep_stage_time_frame", "time_frame")


READING_EVENTS = frozenset({"egv", "estimated glucose value", "reading", "sensor", "measurement"})
"""``event_type`` of records that are readings of the sensor, in lower case."""


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
    reasons : a ``Reason`` per reading.
    censored : -1 where the sensor reported "Low", 1 for "High", else 0.
    records : number of records in the file.
    without_time : records dropped because their time cannot be read.
    repeated : records dropped because another one has the same minute.
    other_events : records dropped because they are no readings of the sensor, such as a calibration.
    notes : in which unit and form of time the file is written, where that is not the usual one.
    """

    times: Times
    values: Floats
    reasons: Codes
    censored: Codes
    records: int = 0
    without_time: int = 0
    repeated: int = 0
    other_events: int = 0
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.times)

    @property
    def valid(self) -> Mask:
        """Which readings have a value."""
        valid: Mask = self.reasons == Reason.VALID
        return valid

    def where(self, keep: Mask) -> Points:
        """Keep the readings of a mask; the counts still refer to the whole file."""
        return replace(
            self,
            times=self.times[keep],
            values=self.values[keep],
            reasons=self.reasons[keep],
            censored=self.censored[keep],
        )


def no_points() -> Points:
    """Return the readings of a missing file: none."""
    codes = np.zeros(0, dtype=np.int8)
    return Points(np.array([], dtype="datetime64[s]"), np.zeros(0), codes, codes)


def points(stream: Stream, records: Sequence[Any]) -> Points:
    """Read point records, each a value and an instant, and separate sentinels from readings.

    The last valid record of a minute counts (the last one if none is valid).
    """
    total = len(records)
    records = sensed(records)
    raw, stamps = _columns(stream, records)
    times = to_minute(parse(stamps))
    raw, notes = written_otherwise(stream, raw)
    values = numbers(raw)
    factors, of_units = factors_of(stream, records, values)
    censored = censored_of(stream, raw, factors)
    notes += of_units + words_in(raw, values, censored)
    values *= factors
    values[censored == -1], values[censored == 1] = stream.low, stream.high
    reasons = _reasons(stream, values)
    values[reasons != Reason.VALID] = np.nan
    dated = ~np.isnat(times)
    order = np.lexsort((reasons == Reason.VALID, times))
    order = order[dated[order]]
    ordered = times[order]
    is_last = np.ones(len(order), dtype=bool)
    is_last[:-1] = ordered[:-1] != ordered[1:]
    selected = order[is_last]
    return Points(
        times[selected],
        values[selected],
        reasons[selected],
        np.where(reasons[selected] == Reason.VALID, censored[selected], 0).astype(np.int8),
        records=total,
        without_time=int(len(times) - dated.sum()),
        repeated=len(order) - len(selected),
        other_events=total - len(records),
        notes=(*notes, *forms_of(stamps, times)),
    )


def sensed(records: Sequence[Any]) -> Sequence[Any]:
    """The records that are readings: those without an ``event_type``, and those whose is one of a reading.

    A glucose receiver's file may also hold calibrations (a finger-stick typed in), meals, insulin, alerts.
    """
    others = {
        event
        for record in records
        if isinstance(record, dict)
        and isinstance(event := record.get("event_type"), str)
        and event.strip().lower() not in {*READING_EVENTS, ""}
    }
    if not others:
        return records
    events = [record.get("event_type") if isinstance(record, dict) else None for record in records]
    return [
        record
        for record, event in zip(records, events, strict=True)
        if not (isinstance(event, str) and event in others)
    ]


def _columns(stream: Stream, records: Sequence[Any]) -> tuple[list[Any], list[Any]]:
    """Read value and stamp of each record: the usual format at once, others record by record."""
    key = stream.quantity[0]
    try:
        if stream.name == "glucose":
            stamps = [
                record["effective_time_frame"]["time_interval"]["start_date_time"] for record in records
            ]
        else:
            stamps = [record["effective_time_frame"]["date_time"] for record in records]
        return [record[key]["value"] for record in records], stamps
    except (KeyError, TypeError):
        values = [quantity(record, stream.quantity) for record in records]
        return values, [interval(record)[0] for record in records]


def quantity(record: Any, keys: Sequence[str]) -> Any:
    """Return the value of a record, written as ``{"value": 72, "unit": ...}`` or bare."""
    value = documents.first_of(record, keys)
    return value.get("value") if isinstance(value, dict) else value


def interval(record: Any) -> tuple[Any, Any]:
    """Return start and end stamps of a record, in any version's format; None if not given."""
    frame = documents.first_of(record, TIME_KEYS)
    inner = documents.first_of(frame, ("time_interval",))
    frame = inner if isinstance(inner, dict) else frame
    start = documents.first_of(frame, ("start_date_time", "date_time"))
    return start, documents.first_of(frame, ("end_date_time", "date_time"))


def _reasons(stream: Stream, values: Floats) -> Codes:
    """Classify values: readings, the stream's sentinels, and impossible values."""
    reasons = np.zeros(len(values), dtype=np.int8)
    reasons[(values < stream.low) | (values > stream.high)] = Reason.OUT_OF_RANGE
    reasons[values <= stream.not_worn] = Reason.NOT_WORN
    if stream.motion is not None:
        reasons[values == stream.motion] = Reason.MOTION
    reasons[np.isnan(values)] = Reason.NOT_A_NUMBER
    return reasons
