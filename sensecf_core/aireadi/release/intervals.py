"""Streams whose records have a length: sleep stages and kinds of activity."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from sensecf_core.aireadi.release.documents import first_of
from sensecf_core.aireadi.release.readings import interval, numbers, quantity
from sensecf_core.aireadi.release.streams import Stream
from sensecf_core.aireadi.release.timestamps import Times, parse
from sensecf_core.types import Floats, Mask

LONGEST_RECORD = np.timedelta64(24, "h")
"""A longer record is an error."""

Names = npt.NDArray[np.object_]


@dataclass(frozen=True)
class Intervals:
    """Records of one stream in the order of their start.

    No stage of sleep overlaps another, no kind of activity itself: two records of walking at one time are
    one walk, but a long record of anything else leaves the walks in it alone.

    Attributes
    ----------
    starts, ends : UTC; ends are never before starts.
    names : the sleep stage or kind of activity, lower case; an unknown one is kept as it is.
    values : steps of an activity record (0 where none are told); NaN for sleep.
    records : as many as the file holds.
    without_time : dropped: no usable start or end, or the end before the start.
    too_long : dropped: longer than a day.
    repeated : dropped: same start, end and name as another one.
    not_numbers : activity values that are neither a number nor blank, read as 0 steps.
    overlapping : records that began before an earlier one ended; their time, and steps in its share, count
        from there on, or not at all.
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

    def __len__(self) -> int:
        return len(self.starts)

    @property
    def seconds(self) -> Floats:
        """Length of each record."""
        lengths: Floats = (self.ends - self.starts).astype(np.float64)
        return lengths

    def where(self, keep: Mask) -> Intervals:
        """Keep the marked records; the file's own counts stay."""
        return replace(
            self,
            starts=self.starts[keep],
            ends=self.ends[keep],
            names=self.names[keep],
            values=self.values[keep],
        )


def no_intervals() -> Intervals:
    """Return what a missing file holds."""
    none = np.array([], dtype="datetime64[s]")
    return Intervals(none, none, np.array([], dtype=object), np.zeros(0))


def intervals(stream: Stream, records: Sequence[Any]) -> Intervals:
    """Read sleep or activity records of any version."""
    starts, ends = _times(records)
    raw_names, values, not_numbers = _contents(stream, records)
    names = np.array([str(name or "").strip().lower() for name in raw_names] or [], dtype=object)
    timed = ~(np.isnat(starts) | np.isnat(ends))
    timed[timed] = ends[timed] >= starts[timed]
    too_long = timed.copy()
    too_long[timed] = (ends[timed] - starts[timed]) > LONGEST_RECORD
    kept = np.flatnonzero(timed & ~too_long)
    kept = kept[np.lexsort((ends[kept], starts[kept]))]
    chosen = kept[_first_of_each(starts, ends, names, values, kept)]
    found = Intervals(
        starts[chosen],
        ends[chosen],
        names[chosen],
        values[chosen],
        records=len(records),
        without_time=int((~timed).sum()),
        too_long=int(too_long.sum()),
        repeated=len(kept) - len(chosen),
        not_numbers=not_numbers,
    )
    alike = found.names if stream.shape == "activity" else np.full(len(found), stream.name, dtype=object)
    return _one_after_the_other(found, alike)


def _one_after_the_other(found: Intervals, alike: Names) -> Intervals:
    """Cut records to what lies after all earlier ones of their kind in ``alike``; moments stay."""
    lasting = found.ends > found.starts
    starts = found.starts.copy()
    for kind in set(alike):
        of = alike == kind
        reached = np.maximum.accumulate(found.ends[of])
        starts[of] = np.maximum(starts[of], np.append(starts[of][:1], reached[:-1]))
    starts = np.where(lasting, starts, found.starts)
    overlapping = starts > found.starts
    left = np.maximum((found.ends - starts).astype(np.float64), 0.0)
    share = np.divide(left, found.seconds, out=np.ones(len(found)), where=lasting)
    cut = replace(found, starts=starts, values=found.values * share, overlapping=int(overlapping.sum()))
    return cut.where(~overlapping | (left > 0))


def _first_of_each(
    starts: Times, ends: Times, names: Names, values: Floats, kept: npt.NDArray[np.intp]
) -> list[int]:
    """Positions within ``kept`` of the records that repeat no earlier one."""
    columns = (starts[kept].tolist(), ends[kept].tolist(), names[kept].tolist())
    texts = [str(value) for value in values[kept]]
    first: dict[object, int] = {}
    for position, mark in enumerate(zip(*columns, texts, strict=True)):
        first.setdefault(mark, position)
    return list(first.values())


def _times(records: Sequence[Any]) -> tuple[Times, Times]:
    """Take start and end out of each record: today's form at once, any other one by one."""
    try:
        frames = [one["effective_time_frame"]["time_interval"] for one in records]
        stamps = [one["start_date_time"] for one in frames], [one["end_date_time"] for one in frames]
        return parse(stamps[0]), parse(stamps[1])
    except (KeyError, TypeError):
        return _times_one_by_one(records)


def _times_one_by_one(records: Sequence[Any]) -> tuple[Times, Times]:
    pairs = [interval(one) for one in records]
    starts, ends = parse([pair[0] for pair in pairs]), parse([pair[1] for pair in pairs])
    lengths = numbers([quantity(one, ("sleep_duration",)) for one in records]).clip(-1, 1000)
    told = ~np.isnan(lengths) & ~np.isnat(starts) & (np.isnat(ends) | (ends == starts))
    if told.any():  # version 1: a length in hours beside the start
        ends = ends.copy()
        ends[told] = starts[told] + np.round(lengths[told] * 3600).astype("timedelta64[s]")
    return starts, ends


def _contents(stream: Stream, records: Sequence[Any]) -> tuple[list[Any], Floats, int]:
    if stream.shape == "sleep":
        names = [first_of(one, stream.quantity) for one in records]
        return names, np.full(len(records), np.nan), 0
    raw = [quantity(one, stream.quantity) for one in records]
    values = numbers(raw)
    blank = np.array([one is None or one == "" for one in raw], dtype=bool)
    wrong = (np.isnan(values) & ~blank) | (values < stream.low) | (values > stream.high)
    values[np.isnan(values) | wrong] = 0.0
    return [first_of(one, ("activity_name",)) for one in records], values, int(wrong.sum())
