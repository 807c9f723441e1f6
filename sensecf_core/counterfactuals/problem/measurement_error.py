"""Rows as another measurement of the same person might show them."""

from __future__ import annotations

import numpy as np

from sensecf_core.cohorts.encoding import Codes
from sensecf_core.cohorts.schema import Schema
from sensecf_core.types import Floats

ERROR_SHARE = 0.1
"""Standard deviation of one measurement error, as a share of the training rows' standard deviation.

No schema knows its instruments' errors; this is a stand-in of ours, the same for every method.
"""


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
