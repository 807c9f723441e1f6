"""The second classifier: a logistic regression that shares only the training rows with the trees."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from sensecf_core.classifiers.calibration import Sigmoid, fit_sigmoid
from sensecf_core.types import Floats, Ints


@dataclass(frozen=True, eq=False)
class LogisticModel:
    """Log-odds that are linear in the scaled columns and in missing-value indicators.

    Attributes
    ----------
    medians, means, scales : (columns,) of the training matrix; the median stands in for "not measured".
    missing : positions of the columns that have an indicator (not measured for some training row).
    weights : (columns + indicators,) in calibrated log-odds.
    intercept : calibrated log-odds where all of them are zero.
    """

    medians: Floats
    means: Floats
    scales: Floats
    missing: npt.NDArray[np.int64]
    weights: Floats
    intercept: float

    def margin(self, matrix: Floats) -> Floats:
        """Calibrated log-odds of class 1 of a tree matrix, shape (n,)."""
        return self._design(matrix) @ self.weights + self.intercept

    def _design(self, matrix: Floats) -> Floats:
        unknown = np.isnan(matrix)
        scaled = (np.where(unknown, self.medians, matrix) - self.means) / self.scales
        return np.hstack([scaled, unknown[:, self.missing]])


def fit_logistic(train: tuple[Floats, Ints], val: tuple[Floats, Ints]) -> LogisticModel:
    """Fit a logistic regression on ``train`` and calibrate it on ``val``; each is (matrix, target)."""
    from sklearn.linear_model import LogisticRegression

    untrained = _without_weights(train[0])
    model = LogisticRegression(C=0.1, max_iter=2000).fit(untrained._design(train[0]), train[1])
    sigmoid, _ = fit_sigmoid(model, untrained._design(val[0]), val[1])
    return _calibrated(untrained, model, sigmoid)


def _without_weights(matrix: Floats) -> LogisticModel:
    unknown = np.isnan(matrix)
    medians = np.zeros(matrix.shape[1])
    measured = ~unknown.all(axis=0)
    medians[measured] = np.nanmedian(matrix[:, measured], axis=0)
    filled = np.where(unknown, medians, matrix)
    spread = filled.std(axis=0)
    return LogisticModel(
        medians=medians,
        means=filled.mean(axis=0),
        scales=np.where(spread > 0, spread, 1.0),
        missing=np.flatnonzero(unknown.any(axis=0)),
        weights=np.zeros(0),
        intercept=0.0,
    )


def _calibrated(untrained: LogisticModel, model: Any, sigmoid: Sigmoid) -> LogisticModel:
    return LogisticModel(
        medians=untrained.medians,
        means=untrained.means,
        scales=untrained.scales,
        missing=untrained.missing,
        weights=sigmoid.slope * model.coef_[0],
        intercept=float(sigmoid.slope * model.intercept_[0] + sigmoid.intercept),
    )
