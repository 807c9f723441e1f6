"""Which measurements of many rows lie outside their reference ranges."""

from __future__ import annotations

import numpy as np

from sensecf_core.cohorts.encoding import Codes
from sensecf_core.cohorts.feature import Feature
from sensecf_core.cohorts.schema import Schema
from sensecf_core.types import Floats, Ints


def out_of_range(schema: Schema, codes: Codes) -> Ints:
    """Where each value of rows (n, features) lies against its reference range, int of shape (n, features).

    1 is above, -1 below, 0 within; also 0 where nothing was measured, where there is no reference range, and
    for named levels, which have no ends.
    """
    sides = np.zeros(codes.shape, dtype=int)
    for position, feature in enumerate(schema.features):
        if feature.reference is None or feature.named:
            continue
        low, high = _ends(schema, feature, codes)
        value = codes[:, position]
        sides[:, position] = (value > high).astype(int) - (value < low)  # NaN is neither
    return sides


def _ends(schema: Schema, feature: Feature, codes: Codes) -> tuple[Floats, Floats]:
    """The low and high end for every row, NaN where open; the first group that a row belongs to decides."""
    reference = feature.reference
    assert reference is not None
    low = np.full(len(codes), np.nan if reference.low is None else reference.low)
    high = np.full(len(codes), np.nan if reference.high is None else reference.high)
    for group in reversed(reference.groups):
        levels = schema.feature(group.feature).levels
        belongs = codes[:, schema.positions[group.feature]] == levels.index(group.level)
        low[belongs] = np.nan if group.low is None else group.low
        high[belongs] = np.nan if group.high is None else group.high
    return low, high
