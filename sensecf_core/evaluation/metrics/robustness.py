"""Does a counterfactual survive another classifier of the same kind, a measurement error, another seed?"""

from __future__ import annotations

import numpy as np

from sensecf_core.cohorts.distance import Distances
from sensecf_core.cohorts.encoding import Codes
from sensecf_core.cohorts.schema import Schema
from sensecf_core.counterfactuals.problem.fitted_cohort import FittedCohort
from sensecf_core.types import Floats

ERROR_SHARE = 0.1
"""Standard deviation of one measurement error, as a share of the training rows' standard deviation.

No schema knows its instruments' errors; this is a stand-in of ours, the same for every method.
"""
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


def measurement_errors(schema: Schema, train_codes: Codes) -> Floats:
    """Standard deviation of one measurement error by feature, in its unit, shape (features,).

    :data:`ERROR_SHARE` of the spread of the training rows (n, features). 0 for context, which is known, and
    for binary and named features, which have no small error.
    """
    errors = np.zeros(len(schema.features))
    for position, feature in enumerate(schema.features):
        column = train_codes[:, position]
        measured = column[~np.isnan(column)]
        if feature.kind in ("continuous", "integer") and feature.role != "context" and len(measured):
            errors[position] = ERROR_SHARE * np.std(measured)
    return errors


def tiny_errors(schema: Schema, errors: Floats) -> Floats:
    """The smallest noise that can be seen: one display step, where that is no more than ``errors``.

    For :func:`noisy` rows that a method is asked about again (stability); shape (features,), 0 elsewhere.
    """
    steps = np.array([10.0**-feature.decimals for feature in schema.features])
    return np.where(steps <= errors, steps, 0.0)


def noisy(schema: Schema, codes: Codes, errors: Floats, *, draws: int, seed: int) -> Codes:
    """Add Gaussian noise to rows (n, features); shape (n, draws, features).

    Noisy values are rounded to the feature's decimals and kept inside ``valid``. The same noise is added to
    every row, so that with one seed all methods meet the same errors. Missing values stay missing.
    """
    noise = np.random.default_rng(seed).normal(size=(draws, len(schema.features))) * errors
    drawn: Codes = codes[:, np.newaxis] + noise
    for position in np.flatnonzero(errors > 0):
        feature = schema.features[position]
        low, high = feature.valid or (-np.inf, np.inf)
        drawn[..., position] = np.round(drawn[..., position], feature.decimals).clip(low, high)
    return drawn


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
