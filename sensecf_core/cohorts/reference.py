"""The reference range of one person, and what it says of moving a value."""

from __future__ import annotations

from collections.abc import Mapping

from sensecf_core.cohorts.encoding import Value
from sensecf_core.cohorts.schema import Feature

Ends = tuple[float | None, float | None]
"""Low and high end of a reference range; None where it is open."""


def reference_ends(feature: Feature, values: Mapping[str, Value]) -> Ends:
    """The ends of a feature's reference range for a person with these values (feature name → value)."""
    if feature.reference is None:
        return None, None
    for group in feature.reference.groups:
        if values.get(group.feature) == group.level:
            return group.low, group.high
    return feature.reference.low, feature.reference.high


def needless(feature: Feature, ends: Ends, before: float, after: float) -> bool:
    """Whether a change moves a value that is within reference further, or out of it.

    Lowering makes sense only above an upper end, raising only below a lower one: a cholesterol below 200 is
    not lowered, eight hours of sleep ("7 or more") are neither lengthened nor cut to six. A range without an
    upper end says nothing against a lower value within it. ``ends`` are in the unit of ``before`` and
    ``after``.
    """
    low, high = ends
    if feature.reference is None or not feature.reference.ends_change:
        return False
    if (low is not None and before < low) or (high is not None and before > high):
        return False
    if after < before:
        return high is not None or (low is not None and after < low)
    return low is not None or (high is not None and after > high)
