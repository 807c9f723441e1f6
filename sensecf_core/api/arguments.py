"""Arguments that a caller can get wrong; each check raises ``InputError`` with one sentence."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from numbers import Integral
from typing import Any, get_args

from sensecf_core.cohorts.cohort import Cohort
from sensecf_core.cohorts.schema import Profile
from sensecf_core.errors import InputError, unknown
from sensecf_core.types import Span


def require_cohort(cohort: object) -> None:
    """Refuse what is no cohort."""
    if not isinstance(cohort, Cohort):
        raise InputError(
            f"`cohort` must be a Cohort, from load_cohort or Cohort.from_frame, not {type(cohort).__name__}."
        )


def profile_of(limits: str | None) -> Profile | None:
    """The profile of limits of this name; None stays None."""
    for profile in get_args(Profile):
        if limits == profile:
            found: Profile = profile
            return found
    if limits is not None:
        raise unknown("limits", str(limits), get_args(Profile))
    return None


def check_desired(desired: object) -> None:
    """Refuse a desired class that is neither 0 nor 1 (None is the cohort's own)."""
    if desired not in (None, 0, 1):
        raise InputError(f"`desired` must be 0 or 1, got {desired!r}.")


def at_least(least: int, **numbers: object) -> None:
    """Refuse options that are no whole numbers, or below ``least``."""
    for name, value in numbers.items():
        if not isinstance(value, Integral):
            raise InputError(f"`{name}` must be a whole number, got {value!r}.")
        if value < least:
            raise InputError(f"`{name}` must be {least} or more, got {value}.")


def texts(option: str, names: Iterable[str]) -> tuple[str, ...]:
    """The names that an option lists; a single name may stand alone."""
    if isinstance(names, str):
        return (names,)
    if not isinstance(names, Iterable):
        raise InputError(f"`{option}` must be a list of names, got {names!r}.")
    return tuple(str(name) for name in names)


def feature_of(cohort: Cohort, named: object) -> str:
    """The feature of this name, which may be the name of its column in a frame of one's own."""
    name = str(named)
    found = name if cohort.layout is None else cohort.layout.feature_named(name)
    if found not in cohort.schema.positions:
        raise unknown("feature", name, cohort.schema.names)
    return found


def ranges_of(
    cohort: Cohort, requested: Mapping[str, Sequence[Any]]
) -> tuple[dict[str, Span], dict[str, tuple[str, ...]]]:
    """Ranges by feature, and levels by feature: the ranges of numbers told from the names of levels."""
    if not isinstance(requested, Mapping):
        raise InputError(
            f"`ranges` must be a dict, feature → (low, high) or names of levels, got {requested!r}."
        )
    spans: dict[str, Span] = {}
    levels: dict[str, tuple[str, ...]] = {}
    for given, values in requested.items():
        name = feature_of(cohort, given)
        if cohort.schema.feature(name).named:
            levels[name] = texts(f"ranges[{given!r}]", values)
            continue
        try:
            low, high = values
            spans[name] = float(low), float(high)
        except (TypeError, ValueError):
            text = f"The range of `{given}` must be two numbers, (low, high), got {values!r}."
            raise InputError(text) from None
    return spans, levels
