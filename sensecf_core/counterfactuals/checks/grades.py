"""How far a counterfactual can be believed (docs/metrics.md, Grades)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sensecf_core.classifiers.protocol import ClassifierLike
from sensecf_core.cohorts.encoding import Codes
from sensecf_core.counterfactuals.problem.measurement_error import measurement_errors, noisy
from sensecf_core.counterfactuals.problem.problem import Problem
from sensecf_core.queries.answer import Grade
from sensecf_core.types import Floats, Mask

SOLID, FRAGILE = 0.9, 0.5
"""Share of refits (for a solid one also of noisy copies) that must hold a counterfactual; our conventions."""
NOISE_COPIES = 100
RELIABLE_PERCENTILE = 10
"""The reliable reduction is this percentile of the reduction over the refits: nine of ten reduce more."""
HALF_AS_FAR = 0.5
"""How far the second classifier must follow where it saw the factual in the desired class already."""


@dataclass(frozen=True)
class Grades:
    """What each judge says of n counterfactuals; every array has shape (n,).

    Attributes
    ----------
    grades : None for a row that is not valid, and for a classifier without refits.
    held_by_refits : share of the bootstrap refits that put the row in the desired class; NaN without refits.
    held_under_noise : the same share of copies with one measurement error on every measured feature.
    second_agrees : the second classifier sees the row in the desired class; where it saw the factual there
        already, its log-odds move at least half as far as the classifier's.
    reliable_reduction : change of risk towards the desired class in points of 100, 10th percentile over the
        refits; NaN without refits.
    """

    grades: tuple[Grade | None, ...]
    held_by_refits: Floats
    held_under_noise: Floats
    second_agrees: Mask
    reliable_reduction: Floats


def grade_rows(problem: Problem, codes: Codes) -> Grades:
    """Grade counterfactuals (n, features) of a query; the same query has the same noise for every method."""
    fitted, space = problem.fitted, problem.space
    classifier, desired = fitted.classifier, space.desired
    valid = fitted.reaches(classifier.probability_of_codes(codes), desired)
    rows = np.vstack([space.factual[None], codes])
    held, reduction = _by_refits(problem, rows)
    noise = _under_noise(problem, codes)
    agrees = _second_agrees(classifier, rows, desired)
    return Grades(
        grades=tuple(
            _grade(bool(valid[row]), float(held[row]), float(noise[row]), bool(agrees[row]))
            for row in range(len(codes))
        ),
        held_by_refits=held,
        held_under_noise=noise,
        second_agrees=agrees,
        reliable_reduction=reduction,
    )


def _grade(valid: bool, held_by_refits: float, held_under_noise: float, second_agrees: bool) -> Grade | None:
    if not valid or np.isnan(held_by_refits):
        return None
    if held_by_refits >= SOLID and held_under_noise >= SOLID and second_agrees:
        return "solid"
    return "fragile" if held_by_refits >= FRAGILE else "on the line"


def _by_refits(problem: Problem, rows: Codes) -> tuple[Floats, Floats]:
    """Share of refits that hold each row, and the reliable reduction; ``rows`` begins with the factual."""
    fitted, desired = problem.fitted, problem.space.desired
    if not fitted.classifier.refits:
        nothing = np.full(len(rows) - 1, np.nan)
        return nothing, nothing
    risks = fitted.classifier.refit_probabilities_of_codes(rows)
    held = fitted.reaches(risks[:, 1:], desired).mean(axis=0)
    towards = (1 if desired else -1) * (risks[:, 1:] - risks[:, :1])
    return np.asarray(held), np.percentile(100 * towards, RELIABLE_PERCENTILE, axis=0)


def _under_noise(problem: Problem, codes: Codes) -> Floats:
    fitted = problem.fitted
    errors = measurement_errors(fitted.schema, fitted.train_codes)
    seed = problem.space.query.own_seed(0)
    copies = noisy(fitted.schema, codes, errors, draws=NOISE_COPIES, seed=seed)
    probability = fitted.classifier.probability_of_codes(copies.reshape(-1, codes.shape[1]))
    held = fitted.reaches(probability, problem.space.desired).reshape(len(codes), NOISE_COPIES)
    return np.asarray(held.mean(axis=1))


def _second_agrees(classifier: ClassifierLike, rows: Codes, desired: int) -> Mask:
    """The second classifier's vote; ``rows`` begins with the factual."""
    second = classifier.second_probability_of_codes(rows)
    there = (second >= classifier.second_threshold) == bool(desired)
    if not there[0]:
        return np.asarray(there[1:])
    sign = 1 if desired else -1
    log_odds = np.log(second) - np.log1p(-second)
    moved = sign * (log_odds[1:] - log_odds[0])
    margin = classifier.margin_of_codes(rows)
    return np.asarray(there[1:] & (moved >= HALF_AS_FAR * sign * (margin[1:] - margin[0])))
