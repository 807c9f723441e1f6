"""A query as a table that libraries can handle: the features that may move, as numbers without gaps.

The libraries support frozen features, missing values and directions only in part, or not at all. So each
gets a smaller problem: its columns are the features that may move for this row, and the classifier that it
queries keeps everything else, missing values included, as it is in the row. Its answers are rounded and moved
to the nearest value that may be suggested before the classifier sees them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from sensecf_core.cohorts.encoding import Codes
from sensecf_core.cohorts.feature import Feature
from sensecf_core.counterfactuals.problem.fitted_cohort import FittedCohort
from sensecf_core.counterfactuals.problem.search_space import SearchSpace


@dataclass(frozen=True)
class BaselineResult:
    """What a package returned: rows of the table, shape (n, columns).

    ``certified``: the search was exhaustive and there is none (n is then 0). ``ended``: what cut it short.
    """

    rows: Codes
    certified: bool = False
    ended: Literal["budget", "failure"] | None = None


@dataclass(frozen=True)
class MovableTable:
    """The features of one query that may move, as columns of codes.

    Attributes
    ----------
    positions : the columns' positions in the schema, ascending, shape (columns,).
    pool : the training rows and, last, the row itself, so that every range and set of levels reaches to it;
        shape (training rows + 1, columns). What was not measured is the training median (named and binary:
        the most common code).
    targets : their class as recorded, 0 or 1, shape (training rows + 1,); the row's own is the one it
        should leave.
    """

    space: SearchSpace
    positions: npt.NDArray[np.int64]
    pool: Codes
    targets: npt.NDArray[np.int64]

    @classmethod
    def of(cls, fitted: FittedCohort, space: SearchSpace) -> MovableTable:
        """Lay out a query whose ``movable`` is not empty; the fitted arrays are copied."""
        positions = np.array(sorted(space.values), dtype=np.int64)
        decimals = [fitted.schema.features[position].decimals for position in positions]
        usual = np.array(
            [
                np.round(fitted.domain.median[position], places)
                for position, places in zip(positions, decimals, strict=True)
            ]
        )
        pool = np.vstack([fitted.train_codes[:, positions], space.factual[positions]])
        targets = np.append(fitted.train_targets, 1 - space.desired)
        return cls(space, positions, np.where(np.isnan(pool), usual, pool), targets)

    @property
    def features(self) -> tuple[Feature, ...]:
        """The columns' features."""
        return tuple(self.space.schema.features[position] for position in self.positions)

    @property
    def factual(self) -> Codes:
        """The row as it is, shape (columns,); a copy."""
        return np.asarray(self.space.factual[self.positions])

    def values(self, column: int) -> Codes:
        """The codes that a suggestion may give a column, ascending, without the factual's own."""
        return self.space.values[int(self.positions[column])]

    def span(self, column: int) -> tuple[float, float]:
        """From the lowest to the highest value that a column may have, the factual's own included."""
        values, factual = self.values(column), float(self.factual[column])
        return min(float(values[0]), factual), max(float(values[-1]), factual)

    def sides(self, column: int) -> tuple[tuple[float, float], ...]:
        """The ranges that a changed number may lie in: below the factual, above it, or both."""
        values, factual = self.values(column), float(self.factual[column])
        parts = (values[values < factual], values[values > factual])
        return tuple((float(part[0]), float(part[-1])) for part in parts if len(part))

    def allowed(self, rows: Codes) -> Codes:
        """Round (n, columns) to the features' decimals and move each value to the nearest allowed one.

        The factual's own value is always allowed, and is taken where two are equally near. A category
        that may not be suggested becomes the factual's own. A number need not lie on the suggestion grid, but
        on one of its :meth:`sides`: a change too small to mean anything becomes none, or the smallest one.
        """
        columns = [
            self._nearest(column, feature, rows[:, column]) for column, feature in enumerate(self.features)
        ]
        return np.stack(columns, axis=1)

    def _nearest(self, column: int, feature: Feature, codes: Codes) -> Codes:
        values, factual = self.values(column), float(self.factual[column])
        codes = np.round(codes, feature.decimals)
        if feature.kind == "categorical":
            return np.where(np.isin(codes, values), codes, factual)
        if is_number(feature):
            sides = self.sides(column)
            choices = np.array([factual, *(end for side in sides for end in side)])
            stays = np.any([(codes >= low) & (codes <= high) for low, high in sides], axis=0)
        else:
            choices = np.array([factual, *values])
            stays = np.zeros(len(codes), dtype=bool)
        nearest = choices[np.abs(codes[:, None] - choices).argmin(axis=1)]
        return np.where(stays, codes, nearest)

    def none(self) -> BaselineResult:
        """Nothing found."""
        return BaselineResult(np.empty((0, len(self.positions))))

    def whole(self, rows: Codes) -> Codes:
        """Put rows (n, columns) into copies of the factual, shape (n, features); gaps stay gaps."""
        codes = np.tile(self.space.factual, (len(rows), 1))
        codes[:, self.positions] = rows
        return codes


def is_number(feature: Feature) -> bool:
    """Whether a feature is a quantity: neither named nor 0 / 1."""
    return not feature.named and feature.kind != "binary"
