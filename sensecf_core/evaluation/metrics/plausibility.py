"""How much rows look like real ones of a class: four views, never one number (docs/metrics.md, 5)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from sensecf_core.cohorts.domain import Domain
from sensecf_core.cohorts.encoding import Codes, to_codes
from sensecf_core.counterfactuals.problem.fitted_cohort import FittedCohort
from sensecf_core.types import Floats, Mask, Part

NEIGHBOURS = 5
"""Nearest rows of yNN (Pawelczyk et al. 2021, CARLA, arXiv 2108.00783)."""

UNUSUAL_SHARE = 0.05
"""The isolation forest calls rows outliers that are more isolated than all but this share of the class's
training rows. (Its usual cut, a score of 0.5, calls half of the real people unusual where features are many
and weakly related.)"""


@dataclass(frozen=True)
class Plausibility:
    """The plausibility of n rows; every array has shape (n,).

    Attributes
    ----------
    in_domain : every changed value within the training 1st to 99th percentile, or a level seen there.
    in_range : the same with the training minimum and maximum.
    lof_inlier : inlier by the local outlier factor among training rows of the class.
    isolation_inlier : no more isolated than 95 % of those rows (isolation forest), as a check.
    nearest : Gower distance to the nearest training row of the class.
    neighbours : share of the five nearest training rows that the classifier puts in the class (yNN).
    """

    in_domain: Mask
    in_range: Mask
    lof_inlier: Mask
    isolation_inlier: Mask
    nearest: Floats
    neighbours: Floats


@dataclass(frozen=True)
class PlausibilityModel:
    """Scores rows against a cohort's training rows; ``forests`` by class, fitted by :meth:`fit`."""

    fitted: FittedCohort
    forests: tuple[Any, Any]

    @classmethod
    def fit(cls, fitted: FittedCohort, seed: int = 0) -> PlausibilityModel:
        """Fit an isolation forest (Liu et al. 2008) on the training rows of each class."""
        return cls(fitted, (_isolation(fitted, 0, seed), _isolation(fitted, 1, seed)))

    def score(self, codes: Codes, changed: Mask, desired: int) -> Plausibility:
        """Score rows as members of class ``desired``; ``codes`` and ``changed`` are (n, features)."""
        fitted = self.fitted
        density = fitted.densities[desired]
        if not len(codes):
            numbers, flags = np.empty(0), np.empty(0, dtype=bool)
            return Plausibility(flags, flags, flags, flags, numbers, numbers)
        distances = fitted.distances.gower_matrix(codes, fitted.train_codes)
        return Plausibility(
            in_domain=np.all(fitted.domain.in_domain(codes) | ~changed, axis=1),
            in_range=np.all(_training_range(fitted.domain).in_domain(codes) | ~changed, axis=1),
            lof_inlier=density.score(codes) > 0,
            isolation_inlier=self.forests[desired].predict(density.space.transform(codes)) == 1,
            nearest=distances[:, fitted.train_targets == desired].min(axis=1),
            neighbours=neighbours_in_class(distances, fitted.train_predicted, desired),
        )

    def score_real_rows(self, desired: int, part: Part = "test") -> Plausibility:
        """Score the real rows of ``part`` whose label is ``desired``: the level to compare methods with.

        All their values count as changed.
        """
        cohort = self.fitted.cohort
        rows = cohort.parts.eq(part).to_numpy() & cohort.target.eq(desired).to_numpy()
        codes = to_codes(cohort.schema, cohort.rows[rows])
        return self.score(codes, np.ones(codes.shape, dtype=bool), desired)


def neighbours_in_class(
    distances: Floats, predicted: npt.NDArray[np.int64], desired: int, k: int = NEIGHBOURS
) -> Floats:
    """yNN: share of each row's ``k`` nearest training rows that are predicted ``desired``, shape (n,).

    ``distances`` has shape (n, training rows), ``predicted`` (training rows,) the classifier's classes. Of
    equally near rows the first in the cohort's order count. With fewer than ``k`` rows, all count.
    """
    nearest = np.argsort(distances, axis=1, kind="stable")[:, :k]
    share: Floats = np.mean(predicted[nearest] == desired, axis=1)
    return share


def _isolation(fitted: FittedCohort, desired: int, seed: int) -> Any:
    from sklearn.ensemble import IsolationForest

    rows = fitted.train_codes[fitted.train_targets == desired]
    return IsolationForest(contamination=UNUSUAL_SHARE, random_state=seed).fit(
        fitted.densities[desired].space.transform(rows)
    )


def _training_range(domain: Domain) -> Domain:
    return replace(domain, low=domain.minimum, high=domain.maximum)
