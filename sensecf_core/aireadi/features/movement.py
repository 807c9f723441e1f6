"""Steps, active and sedentary minutes and active energy of each local day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sensecf_core.aireadi.features.nights import Night
from sensecf_core.aireadi.release.intervals import Intervals
from sensecf_core.aireadi.release.readings import Points
from sensecf_core.aireadi.release.timestamps import Times
from sensecf_core.types import Floats, Mask

ACTIVE = ("walking", "running")
UNSEEN_RESET = np.timedelta64(2, "h")
"""After a longer pause across midnight the counter is assumed to have been reset, whatever it shows."""

RESET_SHARE = 0.5
"""A counter that falls below this share of its last value was reset; a smaller fall within a day is noise."""


@dataclass(frozen=True)
class Movement:
    """Arrays with one value per day; minutes asleep do not count as sedentary.

    ``hours`` is how much of the day the records cover.
    """

    steps: Floats
    active_minutes: Floats
    sedentary_minutes: Floats
    hours: Floats


def movement(activity: Intervals, sleeps: Sequence[Night], bounds: Times) -> Movement:
    """Sum activity records over days; a record across midnight is divided in proportion to time.

    Parameters
    ----------
    bounds : UTC start of each day, and the end of the last.
    """
    count = max(len(bounds) - 1, 0)
    steps, active, sedentary, hours = (np.zeros(count) for _ in range(4))
    is_active = np.isin(activity.names, ACTIVE)
    is_sedentary = activity.names == "sedentary"
    seconds = activity.seconds
    for day in range(count):
        begin, end = bounds[day], bounds[day + 1]
        inside = _overlap(activity, begin, end)
        momentary = (seconds == 0) & (activity.starts >= begin) & (activity.starts < end)
        share = np.divide(inside, seconds, out=momentary.astype(float), where=seconds > 0)
        hours[day] = inside.sum() / 3600
        steps[day] = (activity.values * share).sum()
        active[day] = inside[is_active].sum() / 60
        asleep = sum(
            _overlap(activity, max(begin, sleep.start), min(end, sleep.end))[is_sedentary].sum()
            for sleep in sleeps
        )
        sedentary[day] = (inside[is_sedentary].sum() - asleep) / 60
    return Movement(steps, active, sedentary, hours)


def _overlap(activity: Intervals, begin: np.datetime64, end: np.datetime64) -> Floats:
    """Seconds of each record between two instants."""
    inside = (np.minimum(activity.ends, end) - np.maximum(activity.starts, begin)).astype(np.float64)
    return np.maximum(inside, 0.0)


def _running_maximum(values: Floats, restarted: Mask) -> Floats:
    """Highest value so far since the counter's last reset."""
    parts = np.split(values, np.flatnonzero(restarted[1:]) + 1)
    return np.concatenate([np.maximum.accumulate(part) for part in parts])


def active_energy(calories: Points, bounds: Times) -> Floats:
    """Active kcal of each day, from a counter that rises and is reset daily.

    Rises above the highest value so far are summed; after a reset (a fall from one day to the next, or one
    below :data:`RESET_SHARE`) the counter's own value counts. NaN for days without a reading.
    """
    count = max(len(bounds) - 1, 0)
    times, values = calories.times[calories.valid], calories.values[calories.valid]
    if not count or not len(times):
        return np.full(count, np.nan)
    day = np.searchsorted(bounds, times, side="right") - 1
    before = np.append(0.0, values[:-1])
    later_day = np.diff(day, prepend=day[0]) > 0
    paused = np.diff(times, prepend=times[0]) > UNSEEN_RESET
    restarted = (values < RESET_SHARE * before) | (later_day & (paused | (values < before)))
    highest = _running_maximum(values, restarted)
    burned = np.where(restarted, values, np.diff(highest, prepend=0.0))
    inside = (day >= 0) & (day < count)
    sums = np.bincount(day[inside], weights=burned[inside], minlength=count)
    has_reading = np.bincount(day[inside], minlength=count) > 0
    return np.where(has_reading, sums, np.nan)
