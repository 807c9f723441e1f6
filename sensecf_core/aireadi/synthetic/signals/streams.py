"""The eight streams of one participant as they are recorded: sampling, sentinels and oddities included."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from sensecf_core.aireadi.synthetic.population.settings import Sampling
from sensecf_core.aireadi.synthetic.signals.clock import Minutes, Stream, offsets
from sensecf_core.aireadi.synthetic.signals.glucose import HIGH, LOW, STEP
from sensecf_core.aireadi.synthetic.signals.intervals import activity
from sensecf_core.aireadi.synthetic.signals.minutes import Signals
from sensecf_core.aireadi.synthetic.signals.sleep_stages import STAGES
from sensecf_core.types import Floats, Ints

RECORDED_SHARE, OFF_EVERY = 0.7, 8
"""Heart rate as in real files: share of worn minutes with a record, and minutes between zeros off the wrist
(assumed, so that the number of records is about that of a release)."""

OFF_WRIST, MOVING = -1, -2
NO_OVERLAP_MINUTES = 25 * 1440
"""Delay of the glucose session of people whose band and glucose sensor do not overlap."""


def streams(
    signals: Signals, person: pd.Series, days: pd.DataFrame, sampling: Sampling, rng: np.random.Generator
) -> dict[str, Stream]:
    """Record the streams that a participant has; missing ones have no entry."""
    recorded = {
        "heart_rate": _heart(signals, person, sampling, rng),
        "oxygen_saturation": _oxygen(signals, sampling),
        "stress": _stress(signals, person, sampling),
        "sleep": _sleep(signals, odd=bool(person["literal_nan"])),
        "respiratory_rate": _breathing(signals, person, sampling, rng),
        "activity": activity(signals, sampling, odd=bool(person["literal_nan"]), rng=rng),
        "calories": _calories(signals, days, sampling),
        "glucose": _glucose(signals, apart=bool(person["no_overlap"]), extremes=bool(person["extremes"])),
    }
    recorded = {
        name: replace(stream, seconds=int(rng.integers(0, 60)) if rng.random() < 0.5 else 0)
        for name, stream in recorded.items()
    }
    if person["empty"]:
        recorded["stress"] = Stream(np.zeros(0, dtype=np.int64), [])
    if person["duplicates"]:
        for name in ("heart_rate", "stress", "respiratory_rate", "glucose"):
            recorded[name] = _with_repeats(recorded[name], rng)
    return {name: stream for name, stream in recorded.items() if not person[f"no_{name}"]}


def _tail(signals: Signals, person: pd.Series, sampling: Sampling, every: int) -> Minutes:
    """Times at which the band still logs after removal, every ``every`` minutes (a long tail: every 15)."""
    first = int(signals.clock.utc[signals.wear.ended])
    days = int(signals.clock.day[-1])
    times = first + np.arange(0, int(sampling.tail * days * 1440), every)
    if person["long_tail"]:
        times = np.concatenate([times, np.arange(first + (days + 5) * 1440, first + 75 * 1440, 15)])
    return times


def _sample(
    signals: Signals, values: Floats, every: int, tail: Minutes, sentinel: float
) -> tuple[Minutes, Floats]:
    wear = signals.wear
    indices = np.arange(wear.started, wear.ended, every)
    utc = np.concatenate([signals.clock.utc[indices], tail])
    return utc, np.concatenate([values[indices], np.full(len(tail), sentinel)])


def _heart(signals: Signals, person: pd.Series, sampling: Sampling, rng: np.random.Generator) -> Stream:
    beats = np.where(signals.wear.worn, np.round(signals.body.heart_rate), 0)
    tail = _tail(signals, person, sampling, sampling.heart_rate or OFF_EVERY)
    utc, values = _sample(signals, beats, sampling.heart_rate or 1, tail, 0)
    if sampling.heart_rate is None:
        worn = len(values) - len(tail)
        keep = np.where(
            values[:worn] > 0, rng.random(worn) < RECORDED_SHARE, np.arange(worn) % OFF_EVERY == 0
        )
        keep = np.concatenate([keep, np.ones(len(tail), dtype=bool)])
        utc, values = utc[keep], values[keep]
    return Stream(utc, _integers(np.zeros_like(values) if person["sentinels_only"] else values))


def _stress(signals: Signals, person: pd.Series, sampling: Sampling) -> Stream:
    values = np.round(signals.body.stress)
    values[~signals.body.enough] = OFF_WRIST
    values[signals.movement.moving] = MOVING
    values[~signals.wear.worn | bool(person["sentinels_only"])] = OFF_WRIST
    tail = _tail(signals, person, sampling, sampling.stress)
    utc, values = _sample(signals, values, sampling.stress, tail, OFF_WRIST)
    return Stream(utc, _integers(values))


def _breathing(signals: Signals, person: pd.Series, sampling: Sampling, rng: np.random.Generator) -> Stream:
    values = np.round(signals.body.breaths, 2)
    values[rng.random(len(values)) < 0.08] = OFF_WRIST
    values[signals.movement.moving] = MOVING
    values[~signals.wear.worn | bool(person["sentinels_only"])] = OFF_WRIST
    tail = _tail(signals, person, sampling, sampling.respiratory_rate)
    utc, values = _sample(signals, values, sampling.respiratory_rate, tail, OFF_WRIST)
    if person["starts_1991"]:
        first = np.datetime64("1991-01-06", "m").astype(np.int64)
        utc, values = np.concatenate([[first], utc]), np.concatenate([[OFF_WRIST], values])
    return Stream(utc, values.tolist())


def _oxygen(signals: Signals, sampling: Sampling) -> Stream:
    values = signals.body.oxygen
    indices = np.flatnonzero(~np.isnan(values))
    indices = indices[indices % sampling.oxygen_saturation == 0]
    return Stream(signals.clock.utc[indices], _integers(np.round(values[indices])))


def _calories(signals: Signals, days: pd.DataFrame, sampling: Sampling) -> Stream:
    """A counter that is reset at local midnight and reaches the day's ``active_kcal`` each day."""
    day, steps = signals.clock.day, signals.movement.steps
    counted = np.zeros(len(day))
    for row in days.itertuples():
        is_day = day == row.day
        walked = np.cumsum(steps[is_day])
        share = 1.0 if row.whole else float(walked[-1]) / float(row.steps)
        counted[is_day] = walked / max(int(walked[-1]), 1) * float(row.active_kcal) * min(share, 1.0)
    counted = np.round(counted)
    changed = np.flatnonzero(np.diff(counted, prepend=0) > 0)
    if not len(changed):
        return Stream(np.zeros(0, dtype=np.int64), [])
    block = changed // sampling.calories + 10**6 * day[changed]
    last = changed[np.append(block[1:] != block[:-1], True)]
    return Stream(signals.clock.utc[last], _integers(counted[last]))


def _sleep(signals: Signals, *, odd: bool) -> Stream:
    """Segments of every night worn, without the last one, which the files lack."""
    begin, end, names = [], [], []
    for segments in signals.wear.nights:
        for first, stage, length in segments[:-1]:
            begin.append(int(signals.clock.utc[first]))
            end.append(int(signals.clock.utc[first]) + length)
            names.append(STAGES[stage])
    if odd and "awake" in names:
        names[names.index("awake")] = "unknown"
    return Stream(np.array(end, dtype=np.int64), names, begin=np.array(begin, dtype=np.int64))


def _glucose(signals: Signals, *, apart: bool, extremes: bool) -> Stream:
    """Glucose readings, whose times are the receiver's local ones converted as if summer time never ended.

    So on the night on which summer time ends, one hour occurs twice and the order is broken.

    ``apart``: no overlap with the band. ``extremes``: a few readings outside the sensor's range.
    """
    utc = signals.clock.utc[signals.glucose.index]
    before = offsets(utc - 60, signals.clock.zone)
    utc = np.where(before > offsets(utc, signals.clock.zone), utc - 60, utc) + (
        NO_OVERLAP_MINUTES if apart else 0
    )
    readings = signals.glucose.value.copy()
    if extremes:
        readings[len(readings) // 3 : len(readings) // 3 + 2] = LOW - 2
        readings[len(readings) // 2] = HIGH + 2
    values: list[Any] = [
        "Low" if value < LOW else "High" if value > HIGH else value for value in readings.tolist()
    ]
    index = signals.glucose.index
    return Stream(utc, values, extra=(7200 + (index - index[0]) // STEP * 300).tolist())


def _with_repeats(stream: Stream, rng: np.random.Generator) -> Stream:
    """Repeat one record in 200."""
    if not stream.values:
        return stream
    counts = 1 + (rng.random(len(stream.values)) < 0.005)
    counts[len(counts) // 2] = 2
    indices: Ints = np.repeat(np.arange(len(counts)), counts)
    extra = [stream.extra[index] for index in indices] if stream.extra else []
    return replace(
        stream, utc=stream.utc[indices], values=[stream.values[index] for index in indices], extra=extra
    )


def _integers(values: npt.NDArray[np.float64]) -> list[Any]:
    integers: list[Any] = values.astype(np.int64).tolist()
    return integers
