"""What made rows are like: how far beyond the boundary, how near to real people, how usual."""

from __future__ import annotations

from typing import Any

import numpy as np

from sensecf_core.augmentation.rows.made_rows import MadeRows, TrainingRows
from sensecf_core.cohorts.rules import violations
from sensecf_core.counterfactuals.problem.fitted_cohort import FittedCohort

COPY = 1e-9
"""A row no farther than this (Gower) from a real one is a copy of it."""


def describe(fitted: FittedCohort, rows: TrainingRows, made: MadeRows) -> dict[str, Any]:
    """Describe made rows beside the scarce training rows and the classifier that is fitted on them.

    Returns
    -------
    ``rows`` and ``distinct`` (counts); ``proposed`` and ``valid`` (counts, before anything was filtered);
    ``beyond``, the median log-odds beyond the threshold on the side of their label; ``dcr``, the median
    Gower distance to the nearest real training row, and ``copies``, the share without any distance;
    ``lof``, the share that the local outlier factor calls usual for its class; ``violations``, the share
    that breaks a rule which the nearest real row keeps. Of no rows only the counts.
    """
    about: dict[str, Any] = {"rows": len(made.codes), "proposed": made.proposed, "valid": made.valid}
    if not about["rows"]:
        return {**about, "distinct": 0}
    label = made.labels >= 0.5
    beyond = fitted.classifier.margin_of_codes(made.codes) - fitted.threshold_margin
    distances = fitted.distances.gower_matrix(made.codes, rows.codes)
    nearest = distances.min(axis=1)
    real = rows.codes[distances.argmin(axis=1)]
    usual = np.zeros(len(label))
    for each in (0, 1):
        if (label == each).any():
            usual[label == each] = fitted.densities[each].score(made.codes[label == each]) > 0
    broken = [
        violations(fitted.schema, one, codes[None]).any() for one, codes in zip(real, made.codes, strict=True)
    ]
    return {
        **about,
        "distinct": len(np.unique(np.nan_to_num(made.codes, nan=-1e9), axis=0)),
        "beyond": float(np.median(np.where(label, beyond, -beyond))),
        "dcr": float(np.median(nearest)),
        "copies": float((nearest <= COPY).mean()),
        "lof": float(usual.mean()),
        "violations": float(np.mean(broken)),
    }
