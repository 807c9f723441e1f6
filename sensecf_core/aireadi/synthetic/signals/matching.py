"""Shift a signal so that each day's statistic matches the day-level model, and keep its shape."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from sensecf_core.types import Floats, Ints

Statistic = Callable[[Floats], float]
FEWEST = 30
"""A day with fewer values is not matched; its shift is interpolated from its neighbours."""


def match_days(
    values: Floats,
    day: Ints,
    used: npt.NDArray[np.bool_],
    targets: Floats,
    statistic: Statistic,
    *,
    low: float,
    high: float,
    passes: int = 4,
) -> Floats:
    """Add a curve that is linear between days, so that each day's statistic meets its target.

    Parameters
    ----------
    values, day, used : per moment: the value, its day from 0, whether the statistic includes it.
    targets : one per day.
    low, high : the range that values are clipped to.

    Returns
    -------
    The shifted values, clipped.
    """
    indices = [np.flatnonzero(used & (day == number)) for number in range(len(targets))]
    matched = [number for number, moments in enumerate(indices) if len(moments) >= FEWEST]
    if not matched:
        return np.clip(values, low, high)
    middles = np.array([float(np.mean(indices[number])) for number in matched])
    shift = np.zeros(len(matched))
    all_moments = np.arange(len(values))
    for _ in range(passes):
        shifted = np.clip(values + np.interp(all_moments, middles, shift), low, high)
        shift += [targets[number] - statistic(shifted[indices[number]]) for number in matched]
    return np.clip(values + np.interp(all_moments, middles, shift), low, high)


def autoregressive(size: int, memory: float, rng: np.random.Generator) -> Floats:
    """Draw a stationary AR(1) series with variance 1."""
    from scipy.signal import lfilter

    noise = rng.standard_normal(size) * np.sqrt(1 - memory**2)
    start = np.array([memory * rng.standard_normal()])
    series: Floats = lfilter([1.0], [1.0, -memory], noise, zi=start)[0]
    return series


def standardised(values: Floats) -> Floats:
    """Shift and scale to mean 0 and SD 1; a constant becomes zeros."""
    spread = float(values.std())
    return (values - values.mean()) / spread if spread > 0 else np.zeros_like(values)
