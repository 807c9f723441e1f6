"""Distances between rows, on scales fitted on training rows (docs/metrics.md, 3)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from sensecf_core.cohorts.encoding import Codes
from sensecf_core.cohorts.schema import Schema

NOTHING_SHARED = 1.0
"""Distance of two rows that have no feature measured in both."""


@dataclass(frozen=True)
class Distances:
    """Gower and MAD-L1 distance between rows of codes; fitted by :meth:`fit`.

    Features not measured in both rows are skipped; a distance is the mean over those that are.

    Attributes
    ----------
    ranges : shape (features,), training maximum minus minimum, 1 where that is 0; ordinal features
        count levels; NaN marks features that are compared for equality (categorical, binary).
    mads : shape (features,), median absolute deviation from the median, 1 where that is 0; NaN for
        features that are not numbers.
    """

    ranges: Codes
    mads: Codes

    @classmethod
    def fit(cls, schema: Schema, codes: Codes) -> Distances:
        """Fit the scales on training rows, ``codes`` of shape (n, features)."""
        ranges = np.full(len(schema.features), np.nan)
        mads = np.full(len(schema.features), np.nan)
        for position, feature in enumerate(schema.features):
            column = codes[:, position]
            column = column[~np.isnan(column)]
            if feature.kind in ("continuous", "integer", "ordinal"):
                ranges[position] = _or_one(np.ptp(column) if len(column) else 0.0)
            if feature.kind in ("continuous", "integer"):
                mad = np.median(np.abs(column - np.median(column))) if len(column) else 0.0
                mads[position] = _or_one(mad)
        return cls(ranges, mads)

    def gower(self, row: Codes, rows: Codes) -> npt.NDArray[np.float64]:
        """Gower distance of ``row`` (features,) to each of ``rows`` (n, features); shape (n,).

        Mean of ``|difference| / range`` for numbers and ordinal levels and 0 / 1 for the rest. It
        exceeds 1 only where values lie outside the training range.
        """
        distances: npt.NDArray[np.float64] = self.gower_matrix(row[np.newaxis], rows)[0]
        return distances

    def gower_matrix(self, a: Codes, b: Codes) -> npt.NDArray[np.float64]:
        """Gower distance of every row of ``a`` (m, features) to every row of ``b``; shape (m, n)."""
        total = np.zeros((len(a), len(b)))
        shared = np.zeros_like(total)
        for position, scale in enumerate(self.ranges):
            difference = np.abs(a[:, position, np.newaxis] - b[:, position])
            measured = ~np.isnan(difference)
            term = (difference > 0).astype(float) if np.isnan(scale) else difference / scale
            total += np.where(measured, term, 0.0)
            shared += measured
        return _mean(total, shared)

    def mad_l1(self, row: Codes, rows: Codes) -> npt.NDArray[np.float64]:
        """Mean of ``|difference| / MAD`` over the numbers; ``row`` (features,), ``rows`` (n, features).

        Returns shape (n,); 0 for a cohort without numeric features.
        """
        numeric = ~np.isnan(self.mads)
        if not numeric.any():
            return np.zeros(len(rows))
        scaled = np.abs(rows[:, numeric] - row[numeric]) / self.mads[numeric]
        return _mean(np.nansum(scaled, axis=1), (~np.isnan(scaled)).sum(axis=1))


def _mean(total: npt.NDArray[Any], shared: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    mean: npt.NDArray[np.float64] = total / np.maximum(shared, 1)
    mean[shared == 0] = NOTHING_SHARED
    return mean


def _or_one(scale: float) -> float:
    return float(scale) if scale > 0 else 1.0
