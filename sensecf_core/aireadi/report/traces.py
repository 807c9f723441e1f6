"""What is drawn of a stretch of days on one time axis: glucose, heart rate, stress, steps and sleep.

Times are wall-clock times at the site; on the night on which the clocks go back, an hour is there twice.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np

from sensecf_core.aireadi.features.days import Worn
from sensecf_core.aireadi.features.movement import movement
from sensecf_core.aireadi.features.nights import stretches
from sensecf_core.aireadi.release.readings import Floats
from sensecf_core.aireadi.release.streams import HEART_RATE, STRESS
from sensecf_core.aireadi.release.timestamps import Times, local
from sensecf_core.aireadi.report.periods import (
    Period,
    instants,
    trace_of,
)
from sensecf_core.aireadi.report.thinning import broken, thin

MOST_POINTS = 1600
"""Points of a line: more than a screen is wide."""

HOUR = np.timedelta64(3600, "s")
STAGES = ("awake", "rem", "light", "deep")
"""Sleep stages from the top of the drawing down."""


@dataclass(frozen=True)
class Line:
    """Points of a line, thinned; ``values`` has a NaN where it breaks."""

    times: Times
    values: Floats


@dataclass(frozen=True)
class StageSpan:
    """A stretch of one sleep stage, local; ``night`` is the local day on which that sleep ended."""

    night: date
    stage: str
    start: np.datetime64
    end: np.datetime64


@dataclass(frozen=True)
class Traces:
    """Everything that is drawn of a period; ``steps`` are per hour, at the beginning of each hour.

    Glucose is in mg/dL, heart rate in beats/min, stress from 0 to 100.
    """

    period: Period
    glucose: Line
    heart_rate: Line
    stress: Line
    steps: Line
    sleep: tuple[StageSpan, ...]


def traces(worn: Worn, period: Period, most: int = MOST_POINTS) -> Traces:
    """Cut every stream to a period and thin it to ``most`` points each."""
    begin, end = instants(worn, period)
    glucose = trace_of(worn, period)
    lines = {}
    for stream in (HEART_RATE, STRESS):
        data = worn.points[stream.name]
        inside = data.where((data.times >= begin) & (data.times < end))
        lines[stream.name] = _line(worn, *broken(inside, stream.longest_gap), most)
    return Traces(
        period,
        _line(worn, glucose.times, glucose.values, most),
        lines["heart_rate"],
        lines["stress"],
        hourly_steps(worn, begin, end),
        tuple(span for span in stage_spans(worn) if _touches(span, period)),
    )


def _line(worn: Worn, times: Times, values: Floats, most: int) -> Line:
    kept, level = thin(times, values, most)
    return Line(local(kept, worn.zone), level)


def hourly_steps(worn: Worn, begin: np.datetime64, end: np.datetime64) -> Line:
    """Steps of each hour from ``begin`` (UTC), NaN where no record covers a part of the hour."""
    start = begin.astype("datetime64[h]").astype("datetime64[s]")
    count = max(int(np.ceil((end - start) / HOUR)), 0)
    bounds: Times = start + np.arange(count + 1) * HOUR
    moved = movement(worn.activity, (), bounds)
    steps = np.where(moved.hours > 0, moved.steps, np.nan)
    return Line(local(bounds[:-1], worn.zone), steps)


def stage_spans(worn: Worn) -> tuple[StageSpan, ...]:
    """Every stretch of a sleep stage, in the order of time; overlapping records count once.

    Each is drawn from its wall-clock start for as long as it lasted, also on a night of a clock change.
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
