"""Data for drawing a period on one time axis: glucose, heart rate, stress, steps and sleep.

Lines are thinned so that peaks stay visible, and break where nothing was measured. Times are wall-clock times
at the site; on the night on which the clocks go back, one hour occurs twice.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt

from sensecf_core.aireadi.features.days import Worn
from sensecf_core.aireadi.features.movement import movement
from sensecf_core.aireadi.features.nights import stretches
from sensecf_core.aireadi.release.readings import Points
from sensecf_core.aireadi.release.streams import HEART_RATE, STRESS
from sensecf_core.aireadi.release.timestamps import Times, local
from sensecf_core.aireadi.report.periods import Period, instants, trace_of
from sensecf_core.types import Floats

MOST_POINTS = 1600
"""Points per line: more than a screen has pixels in width."""

HOUR = np.timedelta64(3600, "s")
STAGES = ("awake", "rem", "light", "deep")
"""Sleep stages, from top to bottom of the drawing."""


@dataclass(frozen=True)
class Line:
    """A thinned line; ``values`` has a NaN where it breaks."""

    times: Times
    values: Floats


@dataclass(frozen=True)
class StageSpan:
    """A span of one sleep stage in local time; ``night`` is the local day on which that sleep ended."""

    night: date
    stage: str
    start: np.datetime64
    end: np.datetime64


@dataclass(frozen=True)
class Traces:
    """The traces of a period; ``steps`` are per hour, at the beginning of each hour.

    Glucose is in mg/dL, heart rate in beats/min, stress from 0 to 100.
    """

    period: Period
    glucose: Line
    heart_rate: Line
    stress: Line
    steps: Line
    sleep: tuple[StageSpan, ...]


def traces(worn: Worn, period: Period, most: int = MOST_POINTS) -> Traces:
    """Cut every stream to a period and thin it to ``most`` points."""
    begin, end = instants(worn, period)
    glucose = trace_of(worn, period)
    lines = {}
    for stream in (HEART_RATE, STRESS):
        data = worn.points[stream.name]
        inside = data.where((data.times >= begin) & (data.times < end))
        lines[stream.name] = _line(worn, *break_at_gaps(inside, stream.longest_gap), most)
    return Traces(
        period,
        _line(worn, glucose.times, glucose.values, most),
        lines["heart_rate"],
        lines["stress"],
        hourly_steps(worn, begin, end),
        tuple(span for span in stage_spans(worn) if _touches(span, period)),
    )


def hourly_steps(worn: Worn, begin: np.datetime64, end: np.datetime64) -> Line:
    """Steps of each hour from ``begin`` (UTC) on; NaN if no record covers any part of the hour."""
    start = begin.astype("datetime64[h]").astype("datetime64[s]")
    count = max(int(np.ceil((end - start) / HOUR)), 0)
    bounds: Times = start + np.arange(count + 1) * HOUR
    moved = movement(worn.activity, (), bounds)
    steps = np.where(moved.hours > 0, moved.steps, np.nan)
    return Line(local(bounds[:-1], worn.zone), steps)


def stage_spans(worn: Worn) -> tuple[StageSpan, ...]:
    """Every span of a sleep stage, in the order of time; overlapping records count once.

    Each starts at its wall-clock time and has its true duration, also on the night of a clock change.
    """
    spans = []
    for part, night in zip(stretches(worn.sleep), worn.sleeps, strict=True):
        starts, lengths = local(part.starts, worn.zone), part.ends - part.starts
        spans += [
            StageSpan(night.woke, str(name), start, start + length)
            for name, start, length in zip(part.names, starts, lengths, strict=True)
            if length > np.timedelta64(0, "s")
        ]
    return tuple(spans)


def _touches(span: StageSpan, period: Period) -> bool:
    first, last = np.datetime64(period.first, "D"), np.datetime64(period.last, "D") + 1
    return bool(span.end > first.astype("datetime64[s]") and span.start < last.astype("datetime64[s]"))


def _line(worn: Worn, times: Times, values: Floats, most: int) -> Line:
    kept_times, kept_values = thin(times, values, most)
    return Line(local(kept_times, worn.zone), kept_values)


def break_at_gaps(data: Points, longest_gap: int) -> tuple[Times, Floats]:
    """Return the valid readings, with a NaN in every pause longer than ``longest_gap`` minutes.

    A line drawn through them breaks at these gaps.
    """
    times, values = data.times[data.valid], data.values[data.valid]
    pauses = np.flatnonzero(np.diff(times) > np.timedelta64(longest_gap, "m"))
    gap_times = times[pauses] + np.timedelta64(60, "s")
    with_gaps: Times = np.insert(times, pauses + 1, gap_times)
    return with_gaps, np.insert(values, pauses + 1, np.nan)


def thin(times: Times, values: Floats, most: int) -> tuple[Times, Floats]:
    """Thin a line: keep the lowest and highest value of each of ``most / 2`` equal time bins, and the ends.

    NaN marks a gap; one NaN of each gap is kept too. So the result has at most ``most`` values, the first and
    last one, and a NaN per gap. Times must be ascending.
    """
    gap = np.isnan(values)
    gap_starts = gap & ~np.concatenate(([False], gap[:-1])) if len(values) else gap
    measured = np.flatnonzero(~gap)
    if len(measured) <= most:
        keep = np.flatnonzero(~gap | gap_starts)
        return times[keep], values[keep]
    ends = measured[[0, -1]]
    keep = np.unique(
        np.concatenate((_extremes(times, values, measured, most), ends, np.flatnonzero(gap_starts)))
    )
    return times[keep], values[keep]


def _extremes(
    times: Times, values: Floats, measured: npt.NDArray[np.intp], most: int
) -> npt.NDArray[np.intp]:
    """Positions of the lowest and the highest value of each time bin."""
    offset = (times[measured] - times[measured[0]]).astype(np.int64)
    time_bin = offset * max(most // 2, 1) // (int(offset[-1]) + 1)
    order = np.lexsort((values[measured], time_bin))
    first = np.concatenate(([True], np.diff(time_bin[order]) > 0))
    last = np.concatenate((first[1:], [True]))
    return measured[order[first | last]]
