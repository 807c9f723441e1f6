"""Five-minute glucose: meals, dawn and drift, with each day's mean as the day-level model says."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from sensecf_core.aireadi.synthetic.population import assumptions as given
from sensecf_core.aireadi.synthetic.signals.clock import Clock
from sensecf_core.aireadi.synthetic.signals.matching import autoregressive, match_days, standardised
from sensecf_core.aireadi.synthetic.signals.wear import Wear
from sensecf_core.types import Floats, Ints

STEP = 5
LOW, HIGH = 40, 400
"""Below and above these the sensor says "Low" and "High"."""

SHIFT = 0.10
"""Part of a person's mean that is added to the lognormal rest (assumed; keeps healthy lows rare)."""

SQUASHED = 0.6
"""How much extremes of the course are drawn in, so that rare meals do not reach impossible levels."""

MEALS = ((0, 60, 0.8), (1, 765, 1.0), (1, 1125, 1.2), (1, 930, 0.35))
"""Breakfast after waking (0) and meals by the clock (1): minute and size (assumed)."""

AFTER_BAND = (100, 190)
"""Minutes that the glucose sensor starts after the band (assumed: same visit)."""


@dataclass(frozen=True)
class Glucose:
    """Readings in mg/dL at ``place`` (minutes of the clock), in the order the sensor made them.

    Whole numbers, not yet censored; gaps where the signal was lost.
    """

    place: Ints
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
    place = np.arange(first, last, STEP)
    values = _levels(_shape(clock, place, steps, days, rng), float(person["glucose_cv"]))
    targets = days["glucose_mean"].to_numpy(dtype=float)
    values = match_days(
        values * targets.mean(),
        clock.day[place],
        np.ones(len(place), dtype=bool),
        targets,
        lambda kept: float(kept.mean()),
        low=20,
        high=600,
    )
    heard = _heard(len(place), rng)
    return Glucose(place[heard], np.round(values[heard]).astype(np.int64))


def _shape(clock: Clock, place: Ints, steps: Ints, days: pd.DataFrame, rng: np.random.Generator) -> Floats:
    """Standardised course: meals, dawn, a slow drift, and a little less after movement."""
    meals = np.zeros(len(clock.utc))
    for row in days.itertuples():
        for by_clock, minute, size in MEALS:
            at = minute if by_clock else int(row.wake_minute) + minute
            at = clock.index(int(row.day), min(at + int(rng.normal(0, 25)), 1439))
            if 0 <= at < len(meals):
                meals[at] += size * np.exp(0.3 * row.meals + 0.35 * rng.standard_normal())
    after = np.arange(300) / 50
    rise = np.convolve(meals, after**2 * np.exp(2 - 2 * after))[: len(meals)]
    moved = np.convolve(steps, np.ones(30) / 30)[: len(meals)]
    moved = np.concatenate([np.zeros(15), moved[:-15]])
    dawn = np.exp(-(((clock.minute - 400) / 120.0) ** 2))
    course = 0.6 * standardised(rise[place]) + 0.15 * standardised(dawn[place])
    course += 0.75 * standardised(autoregressive(len(place), 0.97, rng))
    course += given.MOVEMENT_ON_GLUCOSE * standardised(moved[place])
    return standardised(np.arcsinh(SQUASHED * standardised(course)))


def _levels(shape: Floats, variation: float) -> Floats:
    """Shifted lognormal levels with mean 1 and this coefficient of variation, in the order of ``shape``."""
    spread = np.sqrt(np.log1p((variation / (1 - SHIFT)) ** 2))
    levels = SHIFT + (1 - SHIFT) * np.exp(spread * shape - spread**2 / 2)
    return 1 + standardised(levels) * variation


def _heard(size: int, rng: np.random.Generator) -> npt.NDArray[np.bool_]:
    """Readings that arrived: about 3 % are lost, in spells (assumed)."""
    heard = np.ones(size, dtype=bool)
    for _ in range(int(rng.poisson(size / 288 * 0.5))):
        start, length = int(rng.integers(0, size)), int(rng.integers(4, 30))
        heard[start : start + length] = False
    return heard
