"""One cohort's black box: calibrated boosted trees, a logistic second classifier, and bootstrap refits."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from sensecf_core.classifiers.boosted_trees import BoostedTrees, CalibratedTrees
from sensecf_core.classifiers.calibration import Sigmoid, probability
from sensecf_core.classifiers.design_matrix import to_matrix
from sensecf_core.classifiers.logistic import LogisticModel
from sensecf_core.classifiers.protocol import ClassifierLike
from sensecf_core.cohorts.encoding import Codes, to_codes
from sensecf_core.cohorts.schema import Schema
from sensecf_core.errors import InputError
from sensecf_core.types import Floats

INTERVAL = (0.05, 0.95)
"""Quantiles over the refits that bound the risk interval (central 90 %)."""


@dataclass(frozen=True, eq=False)
class Classifier:
    """A trained classifier. Methods take DataFrames with the schema's columns, or codes (n, features).

    Attributes
    ----------
    threshold : p(class 1) from which class 1 is predicted, chosen on ``val``.
    second_threshold : the same for the second classifier.
    tree_model : the bare, uncalibrated ``HistGradientBoostingClassifier``; reads :func:`to_matrix`.
    calibration : from its log-odds to calibrated ones.
    second_classifier : a logistic regression on the same rows, for cross-model validity.
    refits : the bootstrap refits, each calibrated on ``val``.
    training : how it was trained (seed, settings, their cross-validated scores), JSON-able.
    """

    schema: Schema
    threshold: float
    second_threshold: float
    tree_model: Any
    calibration: Sigmoid
    second_classifier: LogisticModel
    refits: tuple[CalibratedTrees, ...]
    training: Mapping[str, Any] = field(default_factory=dict)

    @cached_property
    def sha256(self) -> str:
        """Hash of everything that decides an output; the same for the same fit, saved or not."""
        digest = hashlib.sha256()
        for part in self._content():
            digest.update(part)
        return digest.hexdigest()

    def predict_proba(self, rows: pd.DataFrame) -> Floats:
        """Return the calibrated p(class 1), shape (n,)."""
        return self.probability_of_codes(to_codes(self.schema, rows))

    def margin(self, rows: pd.DataFrame) -> Floats:
        """Return the calibrated log-odds of class 1, shape (n,)."""
        return self.margin_of_codes(to_codes(self.schema, rows))

    def predict(self, rows: pd.DataFrame) -> npt.NDArray[np.int64]:
        """Return the predicted class 0 / 1, shape (n,)."""
        return (self.predict_proba(rows) >= self.threshold).astype(np.int64)

    def second_probability(self, rows: pd.DataFrame) -> Floats:
        """Return the second classifier's calibrated p(class 1), shape (n,)."""
        return self.second_probability_of_codes(to_codes(self.schema, rows))

    def refit_probabilities(self, rows: pd.DataFrame) -> Floats:
        """Return each refit's calibrated p(class 1), shape (refits, n)."""
        return self.refit_probabilities_of_codes(to_codes(self.schema, rows))

    def interval(self, rows: pd.DataFrame) -> Floats:
        """Return low and high end of the risk interval (central 90 % over the refits), shape (n, 2)."""
        return np.asarray(np.quantile(self.refit_probabilities(rows), INTERVAL, axis=0).T)

    def probability_of_codes(self, codes: Codes) -> Floats:
        """:meth:`predict_proba` of codes."""
        return probability(self.margin_of_codes(codes))

    def margin_of_codes(self, codes: Codes) -> Floats:
        """:meth:`margin` of codes."""
        return self.calibration.margin(self._forest.raw(to_matrix(self.schema, codes)))

    def second_probability_of_codes(self, codes: Codes) -> Floats:
        """:meth:`second_probability` of codes."""
        return probability(self.second_classifier.margin(to_matrix(self.schema, codes)))

    def refit_probabilities_of_codes(self, codes: Codes) -> Floats:
        """:meth:`refit_probabilities` of codes."""
        matrix = to_matrix(self.schema, codes)
        margins = [refit.margin(matrix) for refit in self.refits]
        return probability(np.array(margins).reshape(len(self.refits), len(matrix)))

    @cached_property
    def _forest(self) -> BoostedTrees:
        return BoostedTrees.of_model(self.tree_model)

    def _content(self) -> Iterator[bytes]:
        second = self.second_classifier
        yield self.schema.sha256.encode()
        numbers = [self.threshold, self.second_threshold, second.intercept, self._forest.baseline]
        yield json.dumps([*numbers, self.calibration.slope, self.calibration.intercept]).encode()
        for array in (second.medians, second.means, second.scales, second.missing, second.weights):
            yield array.tobytes()
        for nodes in self._forest.nodes_for_prediction():
            yield nodes.tobytes()
        for refit in self.refits:
            yield json.dumps([refit.sigmoid.slope, refit.sigmoid.intercept, refit.forest.baseline]).encode()
            for nodes in refit.forest.nodes_for_prediction():
                yield nodes.tobytes()


def with_trees(classifier: ClassifierLike) -> Classifier:
    """Return the classifier that has trees to read; raises ``InputError`` for a model that was wrapped."""
    if isinstance(classifier, Classifier):
        return classifier
    raise InputError(
        "treecf searches the trees of a classifier that was trained here, and a wrapped model has none to "
        "read; choose another method."
    )
