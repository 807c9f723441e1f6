"""Position of a value between low and high in a cohort, for drawings that share one scale."""

from __future__ import annotations

import math

from sensecf_core.cohorts.encoding import Value, to_code
from sensecf_core.cohorts.schema import Feature
from sensecf_core.ui.common import data
from sensecf_core.ui.page.frame import Page


def position_on_scale(page: Page, feature: Feature, value: Value) -> float | None:
    """Position of a value from 0 to 1; numbers may lie beyond.

    Numbers are scaled between the training rows' 1st and 99th percentile, ordered levels from first to last,
    binary values from no to yes. None for values that were not measured and levels without an order.
    """
    if value is None or feature.kind == "categorical":
        return None
    low, high = 0.0, float(len(feature.levels) - 1) if feature.named else 1.0
    if not feature.named and feature.kind != "binary":
        domain, position = (
            data.training_domain(page.required_cohort),
            page.required_cohort.schema.positions[feature.name],
        )
        low, high = float(domain.low[position]), float(domain.high[position])
    code = to_code(feature, value)
    if not low < high or math.isnan(code):
        return None
    return (code - low) / (high - low)
