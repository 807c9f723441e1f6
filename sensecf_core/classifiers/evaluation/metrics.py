"""Quality of probabilities against targets, for many bootstrap draws at once.

Every function takes ``weights`` of shape (draws, n): how often each row counts in each draw (all ones: the
rows as they are), and returns one number per draw; NaN where a draw leaves it undefined.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sensecf_core.types import Floats, Ints

DRAWS = 1000
CELLS = 2_000_000
"""Draws are worked through in chunks of at most this many weights, so that big cohorts fit in memory."""

GUESSING = 0.5
"""AUROC of random guessing."""
WEAK = 0.6
"""Below this AUROC, an interval that includes guessing is not just due to few rows."""


@dataclass(frozen=True, eq=False)
class Predictions:
    """Rows with what was said about them: target, p(class 1), predicted class, each (n,)."""

    target: Ints
    probability: Floats
    predicted: Ints

    def take(self, mask: npt.NDArray[np.bool_]) -> Predictions:
        """Return the rows where ``mask`` is true."""
        return Predictions(self.target[mask], self.probability[mask], self.predicted[mask])


def participant_draws(people: npt.NDArray[np.object_], draws: int, seed: int) -> Iterator[Floats]:
    """Yield chunks of weights (chunk, n): participants drawn with replacement, all their rows with them."""
    rng = np.random.default_rng(seed)
    persons, owner = np.unique(people.astype(str), return_inverse=True)
    chunk = max(1, CELLS // max(1, len(owner)))
    for start in range(0, draws, chunk):
        size = min(chunk, draws - start)
        chosen = rng.integers(len(persons), size=(size, len(persons)))
        counts = np.array([np.bincount(row, minlength=len(persons)) for row in chosen])
        yield counts[:, owner].astype(float)


def all_metrics(predictions: Predictions, weights: Floats) -> dict[str, Floats]:
    """All of the card's numbers; see each function."""
    sensitivity, specificity, f1 = decisions(predictions, weights)
    slope, intercept = calibration(predictions, weights)
    return {
        "auroc": auroc(predictions, weights),
        "average_precision": average_precision(predictions, weights),
        "f1": f1,
        "balanced_accuracy": (sensitivity + specificity) / 2,
        "sensitivity": sensitivity,
        "specificity": specificity,
        "brier": brier(predictions, weights),
        "calibration_slope": slope,
        "calibration_intercept": intercept,
    }


def auroc(predictions: Predictions, weights: Floats) -> Floats:
    """Area under the ROC curve: how often class 1 gets the higher p, ties counted half."""
    positive, negative = _by_probability(predictions, weights)
    below = negative.cumsum(axis=1) - negative / 2
    pairs = positive.sum(axis=1) * negative.sum(axis=1)
    return _divide((positive * below).sum(axis=1), pairs)


def average_precision(predictions: Predictions, weights: Floats) -> Floats:
    """Precision at each probability, weighted by the recall that it adds."""
    positive, negative = (counts[:, ::-1] for counts in _by_probability(predictions, weights))
    found, flagged = positive.cumsum(axis=1), (positive + negative).cumsum(axis=1)
    precision = np.divide(found, flagged, out=np.zeros_like(found), where=flagged > 0)
    return _divide((positive * precision).sum(axis=1), found[:, -1])


def decisions(predictions: Predictions, weights: Floats) -> tuple[Floats, Floats, Floats]:
    """Sensitivity, specificity and F1 (of class 1) of the predicted classes."""
    right = predictions.predicted == predictions.target
    ones = predictions.target == 1
    hits, misses = weights @ (right & ones), weights @ (~right & ones)
    rejections, alarms = weights @ (right & ~ones), weights @ (~right & ~ones)
    f1 = _divide(2 * hits, 2 * hits + misses + alarms)
    return _divide(hits, hits + misses), _divide(rejections, rejections + alarms), f1


def brier(predictions: Predictions, weights: Floats) -> Floats:
    """Mean squared difference of probability and target."""
    return _divide(weights @ (predictions.probability - predictions.target) ** 2, weights.sum(axis=1))


def calibration(predictions: Predictions, weights: Floats) -> tuple[Floats, Floats]:
    """Calibration slope, and intercept "in the large" (with the slope held at 1).

    The slope is that of a logistic regression of the target on the log-odds: 1 is perfect, less is
    overconfident. The intercept is the log-odds missing from, or (negative) too many in, the mean
    prediction: 0 is perfect. Van Calster et al. 2019, doi 10.1186/s12916-019-1466-7.
    """
    clipped = predictions.probability.clip(1e-12, 1 - 1e-12)
    odds = np.log(clipped / (1 - clipped))
    slope, _ = _logistic(odds, predictions.target, weights, fixed_slope=False)
    _, intercept = _logistic(odds, predictions.target, weights, fixed_slope=True)
    return slope, intercept


def observed_share(target: Ints, weights: Floats) -> Floats:
    """Share of class 1."""
    return _divide(weights @ target, weights.sum(axis=1))


def _by_probability(predictions: Predictions, weights: Floats) -> tuple[Floats, Floats]:
    """Weights of class 1 and of class 0 per distinct probability, ascending: two (draws, distinct)."""
    order = np.argsort(predictions.probability, kind="stable")
    ordered = predictions.probability[order]
    starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])
    ones = predictions.target[order] == 1
    positive = np.add.reduceat(weights[:, order] * ones, starts, axis=1)
    negative = np.add.reduceat(weights[:, order] * ~ones, starts, axis=1)
    return positive, negative


def _logistic(odds: Floats, target: Ints, weights: Floats, *, fixed_slope: bool) -> tuple[Floats, Floats]:
    """Newton's method for target ~ slope * odds + intercept, one fit per draw; NaN where it runs away."""
    draws = len(weights)
    slope, intercept = np.ones(draws), np.zeros(draws)
    with np.errstate(all="ignore"):
        for _ in range(30):
            expected = 1 / (1 + np.exp(-(slope[:, np.newaxis] * odds + intercept[:, np.newaxis])))
            rest = weights * (target - expected)
            spread = weights * expected * (1 - expected)
            g0, h00 = rest.sum(axis=1), spread.sum(axis=1)
            if fixed_slope:
                step0, step1 = g0 / h00, np.zeros(draws)
            else:
                g1, h01, h11 = rest @ odds, spread @ odds, spread @ odds**2
                determinant = h00 * h11 - h01**2
                step0 = (h11 * g0 - h01 * g1) / determinant
                step1 = (h00 * g1 - h01 * g0) / determinant
            intercept, slope = intercept + step0, slope + step1
            settled = np.maximum(np.abs(step0), np.abs(step1)) < 1e-8
            if settled.all():
                break
    return np.where(settled, slope, np.nan), np.where(settled, intercept, np.nan)


def _divide(above: Floats, below: Floats) -> Floats:
    result: Floats = np.divide(above, below, out=np.full(len(above), np.nan), where=below > 0)
    return result


def against_chance(auroc: dict[str, float]) -> str | None:
    """Say how an AUROC with its interval compares with guessing; None if the interval is above guessing."""
    if auroc["low"] > GUESSING:
        return None
    return "hardly better than chance" if auroc["value"] < WEAK else "perhaps no better than chance"
