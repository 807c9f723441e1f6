"""Minutes that keep their shape while each day's statistic becomes what the day-level model says."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from sensecf_core.types import Floats, Ints

Statistic = Callable[[Floats], float]
FEWEST = 30
"""A day with fewer values than this follows its neighbours."""


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
    """Add a curve that changes smoothly over days, so that each day's statistic meets its target.

    Parameters
    ----------
    values, day, used : per moment: the value, its day from 0, whether the statistic counts it.
    targets : one per day.
    low, high : the range that values are clipped to before they count.

    Returns
    -------
    The shifted values, clipped.
    """
    places = [np.flatnonzero(used & (day == one)) for one in range(len(targets))]
    known = [one for one, place in enumerate(places) if len(place) >= FEWEST]
    if not known:
        return np.clip(values, low, high)
    middles = np.array([float(np.mean(places[one])) for one in known])
    shift = np.zeros(len(known))
    moments = np.arange(len(values))
    for _ in range(passes):
        moved = np.clip(values + np.interp(moments, middles, shift), low, high)
        shift += [targets[one] - statistic(moved[places[one]]) for one in known]
    return np.clip(values + np.interp(moments, middles, shift), low, high)


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
