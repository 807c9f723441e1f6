"""Synthetic factuals: training rows with some features exchanged for those of a near training row.

The classifier answers for any row, so there can be as many queries to learn from as are wanted. Only training
rows feed them. A row that breaks a rule of the schema is left out.
"""

from __future__ import annotations

import numpy as np

from sensecf_core.cohorts.encoding import Codes
from sensecf_core.cohorts.rules import violations
from sensecf_core.counterfactuals.problem.fitted_cohort import FittedCohort

SYNTHETIC_ID = "synthetic"
"""The participant of a synthetic factual in a query; its row is its number."""
NEAR = 50
"""A row exchanges features with one of so many nearest (Gower) training rows."""
LEAST_SHARE, MOST_SHARE = 0.2, 0.6
"""Share of the features that a row exchanges, drawn for each row."""


def synthetic_codes(fitted: FittedCohort, number: int, rng: np.random.Generator) -> Codes:
    """Draw at most ``number`` rows (rows, features) from the training rows.

    Fewer are returned where some break a rule. A feature that was not measured is exchanged like a value.
    """
    train = fitted.train_codes
    if len(train) < 2:
        return train[:0]
    rows = train[rng.integers(0, len(train), number)].copy()
    for row in rows:
        distances = fitted.distances.gower(row, train)
        near = np.argsort(distances, kind="stable")[1 : NEAR + 1]
        other = train[rng.choice(near)]
        exchanged = rng.random(len(row)) < rng.uniform(LEAST_SHARE, MOST_SHARE)
        row[exchanged] = other[exchanged]
    broken = np.array([violations(fitted.schema, row, row[None]).any() for row in rows], dtype=bool)
    kept: Codes = rows[~broken]
    return kept
