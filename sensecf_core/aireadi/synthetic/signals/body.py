"""Heart rate, stress, breathing and oxygen of every minute worn, tied to sleep and movement."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from sensecf_core.aireadi.synthetic.population import assumptions
from sensecf_core.aireadi.synthetic.signals.clock import Clock
from sensecf_core.aireadi.synthetic.signals.matching import autoregressive, match_days
from sensecf_core.aireadi.synthetic.signals.movement import Movement
from sensecf_core.aireadi.synthetic.signals.sleep_stages import NO_NIGHT, REM
from sensecf_core.aireadi.synthetic.signals.wear import Wear
from sensecf_core.types import Floats, Ints

OXYGEN_HOURS = 4
"""Hours per night in which oxygen is measured."""


@dataclass(frozen=True)
class Body:
    """Signals per minute of the clock, worn or not; ``enough``: enough data for a stress reading.

    ``heart_rate`` beats/min, ``stress`` 1 to 100, ``breaths`` a minute, ``oxygen`` percent (NaN where it is
    not measured).
    """

    heart_rate: Floats
    stress: Floats
    breaths: Floats
    oxygen: Floats
    enough: npt.NDArray[np.bool_]


def body(
    clock: Clock,
    wear: Wear,
    movement: Movement,
    days: pd.DataFrame,
    rng: np.random.Generator,
    *,
    waking_rise: float,
) -> Body:
    """Make all four signals; each day's statistic (see ``latent``) matches the day-level model.

    ``waking_rise``: heart rate awake and at rest minus that asleep, in beats/min.
    """
    size = len(clock.utc)
    enough = autoregressive(size, 0.9, rng) > _upper(assumptions.OFF_WRIST)
    arousal = autoregressive(size, 0.95, rng)
    course = waking_rise * (wear.stage == NO_NIGHT) + 1.8 * arousal
    return Body(
        _heart_rate(clock, wear.worn, movement.steps, days, rest=course + 2.0 * (wear.stage == REM), rng=rng),
        _stress(clock, wear, movement.moving | ~enough, days, arousal),
        _breaths(clock, wear, movement, days, rng),
        _oxygen(clock, wear, days, rng),
        enough,
    )


def _upper(share: float) -> float:
    """The standard normal quantile of a probability."""
    from scipy.special import ndtri

    return float(ndtri(share))


def _heart_rate(
    clock: Clock,
    worn: npt.NDArray[np.bool_],
    steps: Ints,
    days: pd.DataFrame,
    *,
    rest: Floats,
    rng: np.random.Generator,
) -> Floats:
    """Add effort to the heart rate at ``rest``; each day's 5th percentile becomes ``resting_heart_rate``."""
    effort = np.convolve(steps, (0.45, 0.3, 0.15, 0.1))[: len(steps)]
    beats = rest + 0.25 * np.minimum(effort, 90) + 0.18 * np.maximum(effort - 90, 0)
    beats += 3.5 * autoregressive(len(beats), 0.9, rng)
    targets = days["resting_heart_rate"].to_numpy(dtype=float)
    return match_days(
        beats + targets.mean(),
        clock.day,
        worn,
        targets,
        lambda values: float(np.percentile(values, 5)),
        low=36,
        high=190,
    )


def _stress(
    clock: Clock, wear: Wear, unmeasured: npt.NDArray[np.bool_], days: pd.DataFrame, arousal: Floats
) -> Floats:
    """Stress whose mean over the measured minutes awake is the day's ``stress``."""
    awake = wear.stage == NO_NIGHT
    course = np.where(awake, 5 * np.sin((clock.minute - 480) / 1440 * 2 * np.pi), -15)
    targets = days["stress"].to_numpy(dtype=float)
    return match_days(
        course + 15 * arousal + targets.mean(),
        clock.day,
        wear.worn & awake & ~unmeasured,
        targets,
        lambda values: float(values.mean()),
        low=1,
        high=100,
    )


def _breaths(
    clock: Clock, wear: Wear, movement: Movement, days: pd.DataFrame, rng: np.random.Generator
) -> Floats:
    """Breathing whose mean over the night that ends on a day is the day's ``night_breaths``."""
    asleep = wear.stage != NO_NIGHT
    course = np.where(asleep, 0.0, 1.5) + 0.5 * (wear.stage == REM) + 2.0 * movement.moving
    course = course + (0.8 + 0.5 * ~asleep) * autoregressive(len(course), 0.8, rng)
    targets = days["night_breaths"].to_numpy(dtype=float)
    return match_days(
        course + targets.mean(),
        night_day(clock),
        wear.worn & asleep,
        targets,
        lambda values: float(values.mean()),
        low=6,
        high=40,
    )


def night_day(clock: Clock) -> Ints:
    """The day of waking that a minute of the night belongs to: after 18 h it is the next day."""
    return clock.day + (clock.minute >= 1080)


def _oxygen(clock: Clock, wear: Wear, days: pd.DataFrame, rng: np.random.Generator) -> Floats:
    """Oxygen during some hours of every night worn; their mean is the day's ``night_oxygen``."""
    measured = np.zeros(len(clock.utc), dtype=bool)
    for segments in wear.nights:
        first = segments[0][0] + int(rng.integers(20, 60))
        end = segments[-1][0] + segments[-1][2]
        measured[first : min(first + OXYGEN_HOURS * 60, end)] = True
    measured &= wear.worn
    targets = days["night_oxygen"].to_numpy(dtype=float)
    values = targets.mean() + 1.3 * autoregressive(len(clock.utc), 0.9, rng)
    values = match_days(
        values,
        night_day(clock),
        measured,
        targets,
        lambda readings: float(np.mean(np.round(readings))),
        low=70,
        high=100,
    )
    return np.where(measured, values, np.nan)
