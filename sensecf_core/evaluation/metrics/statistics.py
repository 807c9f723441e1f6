"""Intervals for what was measured on a sample of queries: bootstrap 95 %, by participant.

Queries on which a number is undefined (NaN) are left out; the number of the others is part of the interval.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from sensecf_core.types import Floats, Mask

RESAMPLES = 2000
LEVEL = 0.95


@dataclass(frozen=True)
class Interval:
    """A number over ``n`` queries with its percentile bootstrap 95 % interval.

    NaN where nothing was measured; ``low`` and ``high`` also where fewer than two participants were, for
    whom there is nothing to resample.
    """

    value: float
    low: float
    high: float
    n: int

    def as_json(self) -> dict[str, float | int | None]:
        """The interval with None for NaN, which JSON does not have."""
        numbers = {"value": self.value, "low": self.low, "high": self.high}
        return {**{name: None if np.isnan(x) else x for name, x in numbers.items()}, "n": self.n}


def mean_interval(values: Floats, people: npt.NDArray[Any] | None = None, *, seed: int = 0) -> Interval:
    """Mean of ``values`` (queries,), NaN left out.

    ``people`` (queries,) is the participant of each query: participants are drawn with replacement, all their
    queries with them, since queries of one person are alike. By default each query has its own participant.
    """
    return ratio_interval(values, np.ones(len(values)), people, seed=seed)


def paired_difference(
    ours: Floats, theirs: Floats, people: npt.NDArray[Any] | None = None, *, seed: int = 0
) -> Interval:
    """Mean of ``ours - theirs`` over the queries (queries,) on which both are defined, paired by query."""
    return mean_interval(np.asarray(ours - theirs), people, seed=seed)


def ratio_interval(
    above: Floats, below: Floats, people: npt.NDArray[Any] | None = None, *, seed: int = 0
) -> Interval:
    """Sum of ``above`` over the sum of ``below``, each (queries,), paired; NaN unless the latter is above 0.

    Percentile bootstrap by participant (Efron & Tibshirani 1993, ch. 13), through scipy; ``low`` and
    ``high`` are NaN where a draw has nothing to divide by. Raises ``ValueError`` where the lengths differ.
    """
    people = np.arange(len(above)) if people is None else np.asarray(people)
    if not len(above) == len(below) == len(people):
        raise ValueError(f"paired values differ in length: {len(above)}, {len(below)}, {len(people)}")
    defined = np.isfinite(above) & np.isfinite(below)
    n = int(defined.sum())
    if not n:
        return Interval(np.nan, np.nan, np.nan, 0)
    _, person = np.unique(people[defined], return_inverse=True)
    sums = [np.bincount(person, weights=part[defined]).astype(np.float64) for part in (above, below)]
    value = float(_ratio(sums[0], sums[1]))
    if len(sums[0]) < 2:
        return Interval(value, np.nan, np.nan, n)
    return Interval(value, *_percentiles(sums, _ratio, seed), n)


def median_interval(values: Floats, *, seed: int = 0) -> Interval:
    """Median of ``values`` (queries,), NaN left out; for times. Queries are resampled one by one."""
    values = values[np.isfinite(values)]
    if len(values) < 2:
        return Interval(float(values[0]) if len(values) else np.nan, np.nan, np.nan, len(values))
    return Interval(float(np.median(values)), *_percentiles([values], np.median, seed), len(values))


@dataclass(frozen=True)
class OfAnswerable:
    """A rate over the queries that can be answered at all, and the share of queries that cannot."""

    rate: Interval
    unanswerable: float


def of_answerable(
    values: Floats, answerable: Mask, people: npt.NDArray[Any] | None = None, *, seed: int = 0
) -> OfAnswerable:
    """Mean over the queries that an exhaustive or certified search can answer (docs/metrics.md).

    ``values`` and ``answerable`` have shape (queries,).
    """
    whose = None if people is None else np.asarray(people)[answerable]
    unanswerable = float(np.mean(~answerable)) if len(answerable) else np.nan
    return OfAnswerable(mean_interval(values[answerable], whose, seed=seed), unanswerable)


def _percentiles(samples: list[Floats], statistic: Callable[..., Floats], seed: int) -> tuple[float, float]:
    """Low and high end over resamples of paired samples, each (participants,)."""
    from scipy.stats import DegenerateDataWarning, bootstrap

    with warnings.catch_warnings():
        # NaN bounds say it; scipy's words are about another kind of interval.
        warnings.simplefilter("ignore", DegenerateDataWarning)
        low, high = bootstrap(
            samples,
            statistic,
            paired=True,
            vectorized=True,
            n_resamples=RESAMPLES,
            confidence_level=LEVEL,
            method="percentile",
            rng=np.random.default_rng(seed),
        ).confidence_interval
    return float(low), float(high)


def _ratio(above: Floats, below: Floats, axis: int = -1) -> Floats:
    total = below.sum(axis=axis)
    ratio: Floats = np.divide(
        above.sum(axis=axis), total, out=np.full(np.shape(total), np.nan), where=total > 0
    )
    return ratio
