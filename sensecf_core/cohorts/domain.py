"""Where values lie: in the training range of each feature, at which percentile, beside reference ranges."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sensecf_core.cohorts.encoding import Codes
from sensecf_core.cohorts.feature import Feature
from sensecf_core.cohorts.schema import Schema
from sensecf_core.types import Floats, Ints

OUTER_PERCENT = 1.0
"""A number is in-domain between this percentile of the training rows and its mirror image."""


@dataclass(frozen=True)
class Domain:
    """Ranges of the training rows, by feature; fitted by :meth:`fit`.

    Attributes
    ----------
    low, high : shape (features,), the in-domain range: the training 1st and 99th percentile of
        numbers; the least and greatest code seen of binary and named features.
    minimum, maximum, median : shape (features,), of the measured training values. The median of
        ordinal, categorical and binary features is the most common code.
    sorted_columns : by feature, its measured training codes in ascending order.

    A feature that no training row measured has NaN everywhere and never leaves the domain.
    """

    low: Codes
    high: Codes
    minimum: Codes
    maximum: Codes
    median: Codes
    discrete: npt.NDArray[np.bool_]
    sorted_columns: tuple[Codes, ...]

    @classmethod
    def fit(cls, schema: Schema, codes: Codes) -> Domain:
        """Fit the ranges on training rows, ``codes`` of shape (n, features)."""
        discrete = np.array([f.named or f.kind == "binary" for f in schema.features])
        columns = tuple(np.sort(column[~np.isnan(column)]) for column in codes.T)
        size = len(schema.features)
        low, high, minimum, maximum, median = (np.full(size, np.nan) for _ in range(5))
        for position, column in enumerate(columns):
            if not len(column):
                continue
            minimum[position], maximum[position] = column[0], column[-1]
            if discrete[position]:
                low[position], high[position] = column[0], column[-1]
                levels, counts = np.unique(column, return_counts=True)
                median[position] = levels[counts.argmax()]
            else:
                low[position], high[position] = np.percentile(column, [OUTER_PERCENT, 100 - OUTER_PERCENT])
                median[position] = np.median(column)
        return cls(low, high, minimum, maximum, median, discrete, columns)

    def percentile(self, position: int, code: float) -> float:
        """Share of training rows below ``code``, in percent; rows equal to it count half.

        Returns NaN where ``code`` or every training value is missing.
        """
        column = self.sorted_columns[position]
        if np.isnan(code) or not len(column):
            return float("nan")
        below = np.searchsorted(column, code, side="left")
        up_to = np.searchsorted(column, code, side="right")
        return float(50.0 * (below + up_to) / len(column))

    def in_domain(self, codes: Codes) -> npt.NDArray[np.bool_]:
        """Which values lie inside ``low`` to ``high`` (named and binary: occurred in training).

        Returns a bool array of the shape of ``codes``, (n, features); a missing value counts as inside.
        """
        inside = ~((codes < self.low) | (codes > self.high))
        for position in np.flatnonzero(self.discrete):
            column = codes[:, position]
            if len(self.sorted_columns[position]):
                inside[:, position] = np.isnan(column) | np.isin(column, self.sorted_columns[position])
        return inside


def out_of_range(schema: Schema, codes: Codes) -> Ints:
    """Where each value of rows (n, features) lies against its reference range, int of shape (n, features).

    1 is above, -1 below, 0 within; also 0 where nothing was measured, where there is no reference range, and
    for named levels, which have no ends.
    """
    sides = np.zeros(codes.shape, dtype=int)
    for position, feature in enumerate(schema.features):
        if feature.reference is None or feature.named:
            continue
        low, high = _ends(schema, feature, codes)
        value = codes[:, position]
        sides[:, position] = (value > high).astype(int) - (value < low)  # NaN is neither
    return sides


def _ends(schema: Schema, feature: Feature, codes: Codes) -> tuple[Floats, Floats]:
    """The low and high end for every row, NaN where open; the first group that a row belongs to decides."""
    reference = feature.reference
    assert reference is not None
    low = np.full(len(codes), np.nan if reference.low is None else reference.low)
    high = np.full(len(codes), np.nan if reference.high is None else reference.high)
    for group in reversed(reference.groups):
        levels = schema.feature(group.feature).levels
        belongs = codes[:, schema.positions[group.feature]] == levels.index(group.level)
        low[belongs] = np.nan if group.low is None else group.low
        high[belongs] = np.nan if group.high is None else group.high
    return low, high
