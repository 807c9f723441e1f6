"""Five-minute glucose: meals, dawn and drift; the mean of each day matches the day-level model."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from sensecf_core.aireadi.synthetic.population import assumptions
from sensecf_core.aireadi.synthetic.signals.clock import Clock
from sensecf_core.aireadi.synthetic.signals.matching import autoregressive, match_days, standardised
from sensecf_core.aireadi.synthetic.signals.wear import Wear
from sensecf_core.types import Floats, Ints

STEP = 5
LOW, HIGH = 40, 400
"""Below and above these levels the sensor reports "Low" and "High"."""

SHIFT = 0.10
"""Constant part of a person's mean; the rest is lognormal (assumed; keeps lows of healthy people rare)."""

SQUASHED = 0.6
"""How strongly extremes of the course are compressed, so that rare meals do not reach impossible levels."""

MEALS = ((0, 60, 0.8), (1, 765, 1.0), (1, 1125, 1.2), (1, 930, 0.35))
"""Breakfast after waking (0) and meals by the clock (1): minute and size (assumed)."""

AFTER_BAND = (100, 190)
"""Minutes from the band's start to the glucose sensor's (assumed: same visit)."""


@dataclass(frozen=True)
class Glucose:
    """Readings in mg/dL at ``index`` (minutes of the clock), in the order of measurement.

    Whole numbers, not yet censored; gaps where the signal was lost.
    """

    index: Ints
    value: Ints


def glucose(
    clock: Clock,
    wear: Wear,
    steps: Ints,
    *,
    person: pd.Series,
    days: pd.DataFrame,
    rng: np.random.Generator,
) -> Glucose:
    """Make one person's sensor session."""
    first = wear.started + int(rng.integers(*AFTER_BAND))
    last = min(first + int(float(person["glucose_days"]) * 1440), len(clock.utc) - 1)
    index = np.arange(first, last, STEP)
    values = _levels(_shape(clock, index, steps, days, rng), float(person["glucose_cv"]))
    targets = days["glucose_mean"].to_numpy(dtype=float)
    values = match_days(
        values * targets.mean(),
        clock.day[index],
        np.ones(len(index), dtype=bool),
        targets,
        lambda readings: float(readings.mean()),
        low=20,
        high=600,
    )
    received = _received(len(index), rng)
    return Glucose(index[received], np.round(values[received]).astype(np.int64))


def _shape(clock: Clock, index: Ints, steps: Ints, days: pd.DataFrame, rng: np.random.Generator) -> Floats:
    """Standardised course of glucose: meals, dawn, slow drift, and slightly lower after movement."""
    meals = np.zeros(len(clock.utc))
    for row in days.itertuples():
        for by_clock, minute, size in MEALS:
            start = minute if by_clock else int(row.wake_minute) + minute
            start = clock.index(int(row.day), min(start + int(rng.normal(0, 25)), 1439))
            if 0 <= start < len(meals):
                meals[start] += size * np.exp(0.3 * row.meals + 0.35 * rng.standard_normal())
    after = np.arange(300) / 50
    rise = np.convolve(meals, after**2 * np.exp(2 - 2 * after))[: len(meals)]
    moved = np.convolve(steps, np.ones(30) / 30)[: len(meals)]
    moved = np.concatenate([np.zeros(15), moved[:-15]])
    dawn = np.exp(-(((clock.minute - 400) / 120.0) ** 2))
    course = 0.6 * standardised(rise[index]) + 0.15 * standardised(dawn[index])
    course += 0.75 * standardised(autoregressive(len(index), 0.97, rng))
    course += assumptions.MOVEMENT_ON_GLUCOSE * standardised(moved[index])
    return standardised(np.arcsinh(SQUASHED * standardised(course)))


def _levels(shape: Floats, variation: float) -> Floats:
    """Shifted lognormal levels with mean 1 and this coefficient of variation, in the order of ``shape``."""
    spread = np.sqrt(np.log1p((variation / (1 - SHIFT)) ** 2))
    levels = SHIFT + (1 - SHIFT) * np.exp(spread * shape - spread**2 / 2)
    return 1 + standardised(levels) * variation


def _received(size: int, rng: np.random.Generator) -> npt.NDArray[np.bool_]:
    """Mask of the readings that were received: about 3 % are lost, several in a row (assumed)."""
    received = np.ones(size, dtype=bool)
    for _ in range(int(rng.poisson(size / 288 * 0.5))):
        start, length = int(rng.integers(0, size)), int(rng.integers(4, 30))
        received[start : start + length] = False
    return received
