"""Does a counterfactual survive another classifier of the same kind, a measurement error, another seed?"""

from __future__ import annotations

import numpy as np

from sensecf_core.cohorts.distance import Distances
from sensecf_core.cohorts.encoding import Codes
from sensecf_core.cohorts.schema import Schema
from sensecf_core.counterfactuals.problem.measurement_error import noisy
from sensecf_core.counterfactuals.problem.problem import Problem
from sensecf_core.types import Floats, Mask

DRAWS = 100


def refit_validity(problem: Problem, codes: Codes) -> Floats:
    """Share of the bootstrap refits in which each row (n, features) meets the query's goal, shape (n,).

    Each refit is calibrated, so all are read at the task's threshold. NaN without refits.
    """
    risks = _refit_risks(problem, codes)
    return _mean(problem.aim.met(risks[:, 1:], risks[:, :1]))


def refit_reduction(problem: Problem, codes: Codes) -> Floats:
    """How far each row (n, features) moves the risk the desired way, in points of 100, shape (n,).

    The mean over the refits, each beside what it says of the factual; NaN without refits.
    """
    risks = _refit_risks(problem, codes)
    return 100 * _mean(problem.aim.towards(risks[:, 1:], risks[:, :1]))


def _refit_risks(problem: Problem, codes: Codes) -> Floats:
    """Each refit's p(class 1) of the factual and the rows, shape (refits, 1 + n)."""
    classifier = problem.fitted.classifier
    if not classifier.refits:
        return np.zeros((0, 1 + len(codes)))
    return classifier.refit_probabilities_of_codes(np.vstack([problem.space.factual[None], codes]))


def _mean(of_refits: Floats | Mask) -> Floats:
    """The mean over refits of values (refits, n), shape (n,); NaN without refits."""
    refits, rows = of_refits.shape
    return np.asarray(of_refits.mean(axis=0)) if refits else np.full(rows, np.nan)


def tiny_errors(schema: Schema, errors: Floats) -> Floats:
    """The smallest noise that can be seen: one display step, where that is no more than ``errors``.

    For :func:`noisy` rows that a method is asked about again (stability); shape (features,), 0 elsewhere.
    """
    steps = np.array([10.0**-feature.decimals for feature in schema.features])
    return np.where(steps <= errors, steps, 0.0)


def noise_validity(
    problem: Problem, codes: Codes, errors: Floats, *, draws: int = DRAWS, seed: int = 0
) -> Floats:
    """Share of ``draws`` noisy copies of each row (n, features) that still meet the goal, shape (n,).

    One minus the recourse invalidation rate (Pawelczyk et al. 2022, arXiv 2203.06768). Where the risk is to
    be lowered, each copy stands beside the factual with the same noise.
    """
    if not len(codes):
        return np.empty(0)
    rows = np.vstack([problem.space.factual[None], codes])
    drawn = noisy(problem.fitted.schema, rows, errors, draws=draws, seed=seed)
    probability = problem.fitted.classifier.probability_of_codes(drawn.reshape(-1, codes.shape[1]))
    probability = probability.reshape(len(rows), draws)
    return np.asarray(problem.aim.met(probability[1:], probability[0]).mean(axis=1))


def set_distance(distances: Distances, first: Codes, second: Codes) -> float:
    """Gower distance between two sets of counterfactuals, (n, features) and (m, features).

    For stability: the sets of a row and of the same row with tiny noise, or of two seeds. Each counterfactual
    is matched with the nearest of the other set, and the means of both ways are averaged: 0 for equal sets in
    any order. (Guidotti 2022, doi 10.1007/s10618-022-00831-6, asks for it; averaging over *all* pairs instead
    would call a diverse method unstable.) NaN where a set is empty.
    """
    if not len(first) or not len(second):
        return np.nan
    matrix = distances.gower_matrix(first, second)
    return float((matrix.min(axis=1).mean() + matrix.min(axis=0).mean()) / 2)
