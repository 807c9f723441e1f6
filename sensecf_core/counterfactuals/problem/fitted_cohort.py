"""A cohort with its classifier and everything else that was fitted on its training rows, as one value."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, cached_property
from threading import Lock

import numpy as np
import numpy.typing as npt

from sensecf_core.classifiers import store
from sensecf_core.classifiers.calibration import log_odds, probability as probability_of
from sensecf_core.classifiers.protocol import ClassifierLike
from sensecf_core.classifiers.shap_values import shap_values
from sensecf_core.cohorts.cohort import Cohort
from sensecf_core.cohorts.distance import Distances
from sensecf_core.cohorts.domain import Domain
from sensecf_core.cohorts.encoding import Codes, to_codes
from sensecf_core.cohorts.schema import Schema
from sensecf_core.counterfactuals.problem.density import Density
from sensecf_core.datasets import registry
from sensecf_core.types import Floats


@dataclass(frozen=True)
class FittedCohort:
    """A cohort, its classifier, and what was fitted on its training rows.

    ``train_codes`` has shape (training rows, features); ``train_predicted`` is the classifier's class
    for each of them.
    """

    cohort: Cohort
    classifier: ClassifierLike
    distances: Distances
    domain: Domain
    train_codes: Codes
    train_targets: npt.NDArray[np.int64]
    train_predicted: npt.NDArray[np.int64]
    densities: tuple[Density, Density]

    @property
    def schema(self) -> Schema:
        """The cohort's schema."""
        return self.cohort.schema

    @cached_property
    def train_shap_values(self) -> Floats:
        """SHAP values of the training rows, shape (training rows, features), in log-odds of class 1."""
        rows = self.cohort.rows[self.cohort.parts.eq("train").to_numpy()]
        return shap_values(self.classifier, rows).values

    def quantiles(self, target: int, levels: tuple[float, ...]) -> Floats:
        """Quantiles of each feature over the training rows of a class, shape (levels, features)."""
        cached = self._quantiles.get((target, levels))
        if cached is None:
            cached = np.nanquantile(self.train_codes[self.train_targets == target], levels, axis=0)
            self._quantiles[target, levels] = cached
        return cached

    @cached_property
    def _quantiles(self) -> dict[tuple[int, tuple[float, ...]], Floats]:
        return {}

    @classmethod
    def fit(cls, cohort: Cohort, classifier: ClassifierLike) -> FittedCohort:
        """Fit distances, domain and densities on the cohort's training rows."""
        train = cohort.parts.eq("train").to_numpy()
        codes = to_codes(cohort.schema, cohort.rows[train])
        targets = cohort.target[train].to_numpy(dtype=np.int64)
        predicted = (classifier.probability_of_codes(codes) >= classifier.threshold).astype(np.int64)
        return cls(
            cohort=cohort,
            classifier=classifier,
            distances=Distances.fit(cohort.schema, codes),
            domain=Domain.fit(cohort.schema, codes),
            train_codes=codes,
            train_targets=targets,
            train_predicted=predicted,
            densities=(
                Density.fit(cohort.schema, codes[targets == 0]),
                Density.fit(cohort.schema, codes[targets == 1]),
            ),
        )

    @property
    def threshold_margin(self) -> float:
        """The decision threshold in log-odds of class 1."""
        return log_odds(self.classifier.threshold)

    def reaches(self, probability: Floats, desired: int, margin: float = 0.0) -> npt.NDArray[np.bool_]:
        """Whether each p(class 1) is in the desired class, ``margin`` log-odds beyond the threshold."""
        threshold = self.classifier.threshold
        if margin:
            beyond = self.threshold_margin + (margin if desired else -margin)
            threshold = float(probability_of(np.array(beyond)))
        reached: npt.NDArray[np.bool_] = probability >= threshold if desired else probability < threshold
        return reached


_lock = Lock()


@cache
def _fitted(name: str, data_sha256: str, limits_sha256: str, classifier_sha256: str) -> FittedCohort:
    cohort = registry.load(name)
    return FittedCohort.fit(cohort, store.load(cohort))


def load_fitted(name: str) -> FittedCohort:
    """Load a cohort with its classifier and what was fitted on it, once per process.

    Raises ``InputError`` for an unknown cohort and ``NotReadyError`` when its classifier is missing.
    """
    with _lock:
        cohort = registry.load(name)
        schema = cohort.schema
        return _fitted(name, cohort.data_sha256, schema.limits_sha256, store.load(cohort).sha256)
