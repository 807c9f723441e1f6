"""Streams whose records have a duration: sleep stages and kinds of activity."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from sensecf_core.aireadi.release.documents import first_of
from sensecf_core.aireadi.release.readings import interval, quantity
from sensecf_core.aireadi.release.streams import Stream
from sensecf_core.aireadi.release.timestamps import Times, parse, shape
from sensecf_core.aireadi.release.written_values import numbers
from sensecf_core.types import Floats, Mask

LONGEST_RECORD = np.timedelta64(24, "h")
"""A longer record counts as an error."""

STAGES = frozenset({"awake", "light", "deep", "rem", "unknown", "unmeasurable", ""})
"""Stages of sleep that are known, in lower case; no other one counts as sleep."""

Names = npt.NDArray[np.object_]


@dataclass(frozen=True)
class Intervals:
    """Records of one stream in the order of their start, without overlaps.

    Sleep stages never overlap each other; activity records never overlap others of their kind. Two
    simultaneous records of walking count as one walk, but a long record of another kind does not affect the
    walks within it.

    Attributes
    ----------
    starts, ends : UTC; no record ends before it starts.
    names : the sleep stage or kind of activity in lower case, also unknown ones.
    values : steps of an activity record (0 if not given); NaN for sleep.
    records : number of records in the file.
    without_time : dropped because start or end cannot be used, or the end precedes the start.
    too_long : dropped because longer than a day.
    repeated : dropped because start, end, name and value equal those of another record.
    not_numbers : activity values that are neither a number nor blank, read as 0 steps.
    overlapping : records that began before an earlier one ended; only the rest of their time, and their steps
        in proportion, count.
    notes : which sleep stages are not known.
    """

    starts: Times
    ends: Times
    names: Names
    values: Floats
    records: int = 0
    without_time: int = 0
    too_long: int = 0
    repeated: int = 0
    not_numbers: int = 0
    overlapping: int = 0
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.starts)

    @property
    def seconds(self) -> Floats:
        """Duration of each record in seconds."""
        lengths: Floats = (self.ends - self.starts).astype(np.float64)
        return lengths

    def where(self, keep: Mask) -> Intervals:
        """Keep the records of a mask; the counts still refer to the whole file."""
        return replace(
            self,
            starts=self.starts[keep],
            ends=self.ends[keep],
            names=self.names[keep],
            values=self.values[keep],
        )


def no_intervals() -> Intervals:
    """Return the intervals of a missing file: none."""
    no_times = np.array([], dtype="datetime64[s]")
    return Intervals(no_times, no_times, np.array([], dtype=object), np.zeros(0))


def intervals(stream: Stream, records: Sequence[Any]) -> Intervals:
    """Read sleep or activity records of any version."""
    starts, ends = _times(records)
    raw_names, values, not_numbers = _contents(stream, records)
    names = np.array([str(name or "").strip().lower() for name in raw_names] or [], dtype=object)
    timed = ~(np.isnat(starts) | np.isnat(ends))
    timed[timed] = ends[timed] >= starts[timed]
    too_long = timed.copy()
    too_long[timed] = (ends[timed] - starts[timed]) > LONGEST_RECORD
    usable = np.flatnonzero(timed & ~too_long)
    usable = usable[np.lexsort((ends[usable], starts[usable]))]
    unique = usable[_without_repeats(starts, ends, names, values, usable)]
    result = Intervals(
        starts[unique],
        ends[unique],
        names[unique],
        values[unique],
        records=len(records),
        without_time=int((~timed).sum()),
        too_long=int(too_long.sum()),
        repeated=len(usable) - len(unique),
        not_numbers=not_numbers,
        notes=_notes(stream, names),
    )
    kinds = result.names if stream.shape == "activity" else np.full(len(result), stream.name, dtype=object)
    return _remove_overlaps(result, kinds)


def _notes(stream: Stream, names: Names) -> tuple[str, ...]:
    unknown = {shape(name) for name in set(names) - STAGES} if stream.shape == "sleep" else set()
    return (f"sleep stages that are not known, such as {min(unknown)}",) if unknown else ()


def _remove_overlaps(data: Intervals, kinds: Names) -> Intervals:
    """Trim each record to the time after all earlier ones of its kind; records without a duration stay."""
    lasting = data.ends > data.starts
    starts = data.starts.copy()
    for kind in set(kinds):
        same_kind = kinds == kind
        latest_end = np.maximum.accumulate(data.ends[same_kind])
        starts[same_kind] = np.maximum(starts[same_kind], np.append(starts[same_kind][:1], latest_end[:-1]))
    starts = np.where(lasting, starts, data.starts)
    overlapping = starts > data.starts
    remaining = np.maximum((data.ends - starts).astype(np.float64), 0.0)
    share = np.divide(remaining, data.seconds, out=np.ones(len(data)), where=lasting)
    trimmed = replace(data, starts=starts, values=data.values * share, overlapping=int(overlapping.sum()))
    return trimmed.where(~overlapping | (remaining > 0))


def _without_repeats(
    starts: Times, ends: Times, names: Names, values: Floats, usable: npt.NDArray[np.intp]
) -> list[int]:
    """Return the positions within ``usable`` of the records that do not repeat an earlier one."""
    columns = (starts[usable].tolist(), ends[usable].tolist(), names[usable].tolist())
    texts = [str(value) for value in values[usable]]
    first: dict[object, int] = {}
    for position, record in enumerate(zip(*columns, texts, strict=True)):
        first.setdefault(record, position)
    return list(first.values())


def _times(records: Sequence[Any]) -> tuple[Times, Times]:
    """Read start and end of each record: the current format at once, older ones record by record."""
    try:
        frames = [record["effective_time_frame"]["time_interval"] for record in records]
        stamps = (
            [record["start_date_time"] for record in frames],
            [record["end_date_time"] for record in frames],
        )
        return parse(stamps[0]), parse(stamps[1])
    except (KeyError, TypeError):
        return _times_one_by_one(records)


def _times_one_by_one(records: Sequence[Any]) -> tuple[Times, Times]:
    pairs = [interval(record) for record in records]
    starts, ends = parse([pair[0] for pair in pairs]), parse([pair[1] for pair in pairs])
    lengths = numbers([quantity(record, ("sleep_duration",)) for record in records]).clip(-1, 1000)
    has_length = ~np.isnan(lengths) & ~np.isnat(starts) & (np.isnat(ends) | (ends == starts))
    if has_length.any():  # version 1: a length in hours beside the start
        ends = ends.copy()
        ends[has_length] = starts[has_length] + np.round(lengths[has_length] * 3600).astype("timedelta64[s]")
    return starts, ends


def _contents(stream: Stream, records: Sequence[Any]) -> tuple[list[Any], Floats, int]:
    if stream.shape == "sleep":
        names = [first_of(record, stream.quantity) for record in records]
        return names, np.full(len(records), np.nan), 0
    raw = [quantity(record, stream.quantity) for record in records]
    values = numbers(raw)
    blank = np.array([value is None or value == "" for value in raw], dtype=bool)
    wrong = (np.isnan(values) & ~blank) | (values < stream.low) | (values > stream.high)
    values[np.isnan(values) | wrong] = 0.0
    return [first_of(record, ("activity_name",)) for record in records], values, int(wrong.sum())
