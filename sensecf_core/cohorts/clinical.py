"""What clinicians say of values: reference ranges, smallest meaningful changes, red flags."""

from __future__ import annotations

import math
from collections.abc import Mapping
from string import Formatter
from typing import Annotated

from pydantic import ConfigDict, Field, model_validator

from sensecf_core.types import Plain

Ends = tuple[float | None, float | None]
"""Low and high end of a reference range; None where it is open."""


class ReferenceGroup(Plain):
    """Other ends of a reference range for people whose named feature has this level, such as women."""

    model_config = ConfigDict(allow_inf_nan=False)

    feature: str
    level: str
    low: float | None = None
    high: float | None = None


class Reference(Plain):
    """The range that clinicians call normal or recommended, in the feature's unit.

    The first of ``groups`` that a person belongs to replaces both ends. ``ends_change`` is false where a
    value inside the range may still be too high or too low for one person, so that it may move within it.
    """

    text: str
    source: str
    low: float | None = None
    high: float | None = None
    groups: tuple[ReferenceGroup, ...] = ()
    ends_change: bool = True


class MeaningfulChange(Plain):
    """The smallest change that is more than measurement error, or that matters, in the feature's unit.

    ``confirmed``: a clinician has confirmed the figure.
    """

    model_config = ConfigDict(allow_inf_nan=False)

    value: Annotated[float, Field(gt=0)]
    source: str
    confirmed: bool = False


def reference_ends(reference: Reference | None, values: Mapping[str, object]) -> Ends:
    """The ends of a reference range for a person with these values (feature name → value)."""
    if reference is None:
        return None, None
    for group in reference.groups:
        if values.get(group.feature) == group.level:
            return group.low, group.high
    return reference.low, reference.high


def needless(
    reference: Reference | None,
    ends: Ends,
    before: float,
    after: float,
    *,
    least: float = 0.0,
    grid: float | None = None,
) -> bool:
    """Whether a reference range asks for no such change.

    Lowering makes sense only above an upper end, raising only below a lower one: a cholesterol below 200 is
    not lowered, and eight hours of sleep ("7 or more") are not lengthened. What lies outside moves as far as
    the near end and no further, so that 121 mmHg ("below 120") do not become 102; where ``ends_change`` is
    false, anywhere within the range. Nothing leaves its range, or moves away from it. A range without an
    upper end says nothing against a lower value within it.

    ``least`` is the smallest change that means anything: a value nearer than that to the end may move by it.
    ``grid`` is the distance of the values that may be suggested: the first of them at or past the end is the
    furthest. Both, and ``ends``, are in the unit of ``before`` and ``after``.
    """
    low, high = ends
    falls = after < before
    settled = reference is not None and reference.ends_change
    leaves = (low is not None and after < low) or (high is not None and after > high)
    if low is not None and before < low:
        enough = _at_or_past(max(low, before + least), grid, up=True)
        return falls or (high is not None and after > high) or (settled and after > enough + _SLACK)
    if high is not None and before > high:
        enough = _at_or_past(min(high, before - least), grid, up=False)
        return not falls or (low is not None and after < low) or (settled and after < enough - _SLACK)
    return leaves or (settled and (high if falls else low) is not None)


_SLACK = 1e-9
"""Numbers nearer than this are the same."""


def _at_or_past(value: float, grid: float | None, *, up: bool) -> float:
    """The first multiple of ``grid`` at ``value`` or beyond; ``value`` itself without a grid."""
    if grid is None:
        return value
    steps = value / grid
    return grid * (math.ceil(steps - _SLACK) if up else math.floor(steps + _SLACK))


class Bound(Plain):
    """A linear sum across numeric features and the side of a number on which it raises a red flag."""

    model_config = ConfigDict(allow_inf_nan=False)

    terms: Annotated[dict[str, float], Field(min_length=1)]
    at_least: float | None = None
    below: float | None = None

    @model_validator(mode="after")
    def _one_side(self) -> Bound:
        if (self.at_least is None) == (self.below is None):
            raise ValueError("a bound has either `at_least` or `below`")
        return self


class RedFlag(Plain):
    """Values that have to be acted on before anything else; raised where any of the bounds ``any_of`` holds.

    ``label`` says what was measured, with features in braces: "Blood pressure {systolic}/{diastolic} mmHg".
    ``confirmed``: a clinician has confirmed the rule.
    """

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    label: str
    text: str
    source: str
    any_of: Annotated[tuple[Bound, ...], Field(min_length=1)]
    confirmed: bool = False

    @property
    def shown(self) -> tuple[str, ...]:
        """Features that the label names."""
        return tuple(name for _, name, _, _ in Formatter().parse(self.label) if name is not None)

    @property
    def used(self) -> frozenset[str]:
        """Features that the label or a bound names."""
        return frozenset(self.shown).union(*(bound.terms for bound in self.any_of))


def is_loinc(code: str) -> bool:
    """Whether the check digit after the hyphen fits (modulus 10: LOINC Users' Guide, appendix C)."""
    number, _, check_digit = code.partition("-")
    total = 0
    for place, digit in enumerate(reversed(number)):
        doubled = int(digit) * (2 if place % 2 == 0 else 1)
        total += doubled - 9 if doubled > 9 else doubled
    return check_digit == str(-total % 10)
