"""How usual a row is among the training rows of one class (local outlier factor)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from sensecf_core.cohorts.encoding import Codes
from sensecf_core.cohorts.schema import Schema

NEIGHBOURS = 20
"""Neighbours of the local outlier factor (Breunig 2000; docs/metrics.md, 5b)."""


@dataclass(frozen=True)
class NumericSpace:
    """Rows as numbers for distances: scaled numbers, one column a level, one a missing-value indicator.

    A value that was not measured is put at the training median and sets its feature's indicator column.
    """

    schema: Schema
    centre: Codes
    scale: Codes
    missing_in: npt.NDArray[np.int64]

    @classmethod
    def fit(cls, schema: Schema, codes: Codes) -> NumericSpace:
        """Learn centres and scales from training codes, shape (n, features)."""
        centre = np.nan_to_num(np.nanmedian(codes, axis=0))
        scale = np.nanstd(codes, axis=0)
        scale[~(scale > 0)] = 1.0
        return cls(schema, centre, scale, np.flatnonzero(np.isnan(codes).any(axis=0)))

    def transform(self, codes: Codes) -> npt.NDArray[np.float64]:
        """Map codes (n, features) into the space, shape (n, columns)."""
        missing = np.isnan(codes)
        filled = np.where(missing, self.centre, codes)
        columns: list[npt.NDArray[np.float64]] = []
        for position, feature in enumerate(self.schema.features):
            if feature.kind == "categorical":
                # Two rows with different levels are then as far apart as one standard deviation.
                levels = filled[:, position, None] == np.arange(len(feature.levels))
                columns.append(levels / np.sqrt(2))
            else:
                columns.append(
                    ((filled[:, position] - self.centre[position]) / self.scale[position])[:, None]
                )
        columns.append(missing[:, self.missing_in].astype(float))
        return np.hstack(columns)


@dataclass(frozen=True)
class Density:
    """Local outlier factor fitted on the training rows of one class."""

    space: NumericSpace
    model: Any

    @classmethod
    def fit(cls, schema: Schema, codes: Codes) -> Density:
        """Fit on training codes (n, features) of one class; n must exceed one."""
        from sklearn.neighbors import LocalOutlierFactor

        space = NumericSpace.fit(schema, codes)
        neighbours = min(NEIGHBOURS, len(codes) - 1)
        model = LocalOutlierFactor(n_neighbors=neighbours, novelty=True, algorithm="brute")
        return cls(space, model.fit(space.transform(codes)))

    def score(self, codes: Codes) -> npt.NDArray[np.float64]:
        """Score rows (n, features): above 0 is an inlier, the higher the more usual."""
        scores: npt.NDArray[np.float64] = self.model.decision_function(self.space.transform(codes))
        return scores
