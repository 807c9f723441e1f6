"""Scores to probabilities, and probabilities to a decision: both fitted on ``val`` only."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from sensecf_core.types import Floats, Ints

THRESHOLDS = np.arange(1, 1000) / 1000
"""Decision thresholds that are tried; thousandths, so that the threshold people read is the one used."""


@dataclass(frozen=True)
class Sigmoid:
    """Platt's calibration: log-odds of class 1 = ``slope`` * score + ``intercept``.

    scikit-learn writes the same sigmoid as 1 / (1 + exp(a * score + b)): slope = -a, intercept = -b.
    """

    slope: float
    intercept: float

    def margin(self, scores: Floats) -> Floats:
        """Calibrated log-odds of scores, shape kept."""
        return self.slope * scores + self.intercept


def fit_sigmoid(model: Any, matrix: Floats, target: Ints) -> tuple[Sigmoid, Any]:
    """Calibrate a fitted scikit-learn classifier on rows it has not seen.

    One fold that is all rows at once: the frozen model is never refitted, so there is nothing to cross.

    Returns
    -------
    The sigmoid, and the ``CalibratedClassifierCV`` it was read from.
    """
    from sklearn.calibration import CalibratedClassifierCV
    from sklearn.frozen import FrozenEstimator

    everything = np.arange(len(target))
    calibrated = CalibratedClassifierCV(
        FrozenEstimator(model), method="sigmoid", ensemble=False, cv=[(everything, everything)]
    ).fit(matrix, target)
    fitted = calibrated.calibrated_classifiers_[0].calibrators[0]
    return Sigmoid(-float(fitted.a_), -float(fitted.b_)), calibrated


def probability(margin: Floats) -> Floats:
    """p(class 1) of log-odds, without overflow for extreme ones."""
    from scipy.special import expit

    return np.asarray(expit(margin), dtype=np.float64)


def choose_threshold(probabilities: Floats, target: Ints, prevalence: float | None = None) -> float:
    """Choose the threshold (p >= threshold means class 1) for balanced accuracy.

    The best one on a few hundred rows is mostly chance. So, of all thresholds whose balanced accuracy is
    within one standard error of the best, the one nearest to the share of class 1 is taken: it would be the
    best if the probabilities were perfectly calibrated. Of two equally near ones it is the lower.

    ``prevalence`` is that share where the rows do not show it, because some were removed; without it, theirs.
    """
    ones, zeros = int((target == 1).sum()), int((target == 0).sum())
    flagged = probabilities[:, np.newaxis] >= THRESHOLDS
    sensitivity = flagged[target == 1].mean(axis=0)
    specificity = 1 - flagged[target == 0].mean(axis=0)
    balanced = (sensitivity + specificity) / 2
    best = int(balanced.argmax())
    variance = sensitivity * (1 - sensitivity) / ones + specificity * (1 - specificity) / zeros
    allowed = np.flatnonzero(balanced >= balanced[best] - np.sqrt(variance[best]) / 2 - 1e-12)
    share = ones / len(target) if prevalence is None else prevalence
    distance = np.abs(THRESHOLDS[allowed] - share).round(9)
    return float(THRESHOLDS[allowed[distance.argmin()]])


def log_odds(probability: float) -> float:
    """The log-odds of one probability in (0, 1)."""
    return math.log(probability / (1 - probability))
