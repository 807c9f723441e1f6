"""Does a counterfactual survive another classifier of the same kind, a measurement error, another seed?"""

from __future__ import annotations

import numpy as np

from sensecf_core.cohorts.distance import Distances
from sensecf_core.cohorts.encoding import Codes
from sensecf_core.cohorts.schema import Schema
from sensecf_core.counterfactuals.problem.fitted_cohort import FittedCohort
from sensecf_core.counterfactuals.problem.measurement_error import noisy
from sensecf_core.types import Floats

DRAWS = 100


def refit_validity(fitted: FittedCohort, codes: Codes, desired: int) -> Floats:
    """Share of the bootstrap refits that put each row (n, features) in ``desired``, shape (n,).

    Each refit is calibrated, so all are read at the task's threshold. NaN without refits.
    """
    classifier = fitted.classifier
    if not len(codes) or not classifier.refits:
        return np.full(len(codes), np.nan)
    reached = fitted.reaches(classifier.refit_probabilities_of_codes(codes), desired)
    return np.asarray(reached.mean(axis=0))


def tiny_errors(schema: Schema, errors: Floats) -> Floats:
    """The smallest noise that can be seen: one display step, where that is no more than ``errors``.

    For :func:`noisy` rows that a method is asked about again (stability); shape (features,), 0 elsewhere.
    """
    steps = np.array([10.0**-feature.decimals for feature in schema.features])
    return np.where(steps <= errors, steps, 0.0)


def noise_validity(
    fitted: FittedCohort, codes: Codes, desired: int, errors: Floats, *, draws: int = DRAWS, seed: int = 0
) -> Floats:
    """Share of ``draws`` noisy copies of each row (n, features) still in ``desired``, shape (n,).

    One minus the recourse invalidation rate (Pawelczyk et al. 2022, arXiv 2203.06768).
    """
    if not len(codes):
        return np.empty(0)
    drawn = noisy(fitted.schema, codes, errors, draws=draws, seed=seed)
    probability = fitted.classifier.probability_of_codes(drawn.reshape(-1, codes.shape[1]))
    return np.asarray(fitted.reaches(probability, desired).reshape(len(codes), draws).mean(axis=1))


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
