"""Actionability: which features may change for a row, and to which values."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from sensecf_core.cohorts.clinical import Ends, needless, reference_ends
from sensecf_core.cohorts.cohort import Cohort
from sensecf_core.cohorts.domain import Domain
from sensecf_core.cohorts.encoding import Codes, Value, to_code, to_value
from sensecf_core.cohorts.feature import Feature
from sensecf_core.cohorts.schema import Profile, Schema
from sensecf_core.errors import InputError, unknown
from sensecf_core.queries.limits import Limits, Movable
from sensecf_core.queries.query import Query
from sensecf_core.queries.request import ExplainRequest
from sensecf_core.types import Span

_SLACK = 1e-9
"""Numbers nearer than this are the same."""

MOST_CANDIDATES = 1024
"""More candidates than this in one request is surely a typing error."""


def resolve_limits(request: ExplainRequest, cohort: Cohort, domain: Domain) -> Limits:
    """Check a request's limits against the schema, before any row or model is looked at.

    Raises ``InputError`` for unknown features or levels, ranges beyond what the profile may suggest,
    ranges without any value, and counts that make no sense.
    """
    schema = cohort.schema
    _check_counts(request)
    profile = request.profile or schema.default_limits
    for name in (*request.frozen, *request.ranges, *request.levels):
        if name not in schema.positions:
            raise unknown("feature", name, schema.names)
    for name, span in request.ranges.items():
        _check_range(schema.feature(name), span, profile, domain, schema)
    for name, levels in request.levels.items():
        _check_levels(schema.feature(name), levels, profile)
    if not any(
        is_actionable(feature, profile) and feature.name not in request.frozen for feature in schema.features
    ):
        raise InputError(
            f"Nothing may move: every feature that `{profile}` limits allow is frozen; unfreeze one."
        )
    return Limits(
        profile=profile,
        max_changes=request.max_changes,
        frozen=tuple(sorted(set(request.frozen), key=schema.names.index)),
        ranges=dict(request.ranges),
        levels=dict(request.levels),
    )


def _check_counts(request: ExplainRequest) -> None:
    for option, value, most in (
        ("k", request.k, 100),
        ("candidates", request.candidates, MOST_CANDIDATES),
        ("max-changes", request.max_changes, 100),
    ):
        if not 1 <= value <= most:
            raise InputError(f"`{option}` must be from 1 to {most}, got {value}.")
    if request.seed < 0:
        raise InputError(f"`seed` must be 0 or more, got {request.seed}.")
    if request.max_seconds <= 0 or request.max_model_rows <= 0:
        raise InputError("`max_seconds` and `max_model_rows` must be above 0.")
    if request.temperature is not None and not 0 < request.temperature <= 5:
        raise InputError(f"`temperature` must be above 0 and at most 5, got {request.temperature}.")


def _check_range(feature: Feature, span: Span, profile: Profile, domain: Domain, schema: Schema) -> None:
    low, high = span
    if feature.named:
        raise InputError(f"`{feature.name}` has levels, not a range: name them, {'|'.join(feature.levels)}.")
    if not is_actionable(feature, profile):
        raise InputError(f"`{feature.name}` may not move under `{profile}` limits, so it takes no range.")
    if not (math.isfinite(low) and math.isfinite(high)) or low > high:
        raise InputError(f"The range of `{feature.name}` must go from low to high, got {low:g}:{high:g}.")
    open_low, open_high = allowed_range(feature, profile, domain, schema)
    if low < open_low or high > open_high:
        raise InputError(
            f"The range {low:g}:{high:g} of `{feature.name}` leaves what `{profile}` limits may suggest, "
            f"{open_low:g} to {open_high:g}{' ' + feature.unit if feature.unit else ''}."
        )
    if not len(_grid(feature, low, high)):
        raise InputError(
            f"The range {low:g}:{high:g} of `{feature.name}` holds no value that may be named; "
            f"values go in steps of {feature.grid:g}."
        )


def _check_levels(feature: Feature, levels: tuple[str, ...], profile: Profile) -> None:
    if not feature.named:
        raise InputError(f"`{feature.name}` takes a range low:high, not levels.")
    if not is_actionable(feature, profile):
        raise InputError(f"`{feature.name}` may not move under `{profile}` limits, so it takes no levels.")
    for level in levels:
        if level not in feature.levels:
            raise unknown(f"level of `{feature.name}`", level, feature.levels)
    offered = feature.suggest_levels if profile != "contrast" else ()
    offered = offered or feature.levels
    if not set(levels) & set(offered):
        raise InputError(
            f"`{feature.name}` may be suggested as {'|'.join(offered)} only, "
            f"not {'|'.join(levels) or 'nothing'}."
        )


def is_actionable(feature: Feature, profile: Profile) -> bool:
    """Whether a profile lets a feature move at all.

    Context never moves (docs/architecture.md, "Words"), findings that nobody can set only for contrast, and
    under ``behaviour`` nothing else than behaviours.
    """
    if profile == "contrast":
        return feature.role != "context"
    moves = feature.role == "behaviour" or (feature.role == "clinical" and profile == "intervention")
    return moves and not feature.contrast_only


def allowed_range(feature: Feature, profile: Profile, domain: Domain, schema: Schema) -> Span:
    """The widest range a profile may name for a numeric feature, in its unit.

    ``behaviour`` and ``intervention``: the schema's ``suggest`` range; ``contrast``, or where the schema
    gives none: the training 1st to 99th percentile.
    """
    if feature.kind == "binary":
        return (0.0, 1.0)
    if profile != "contrast" and feature.suggest is not None:
        return feature.suggest
    position = schema.positions[feature.name]
    unit = 10.0**-feature.decimals
    low, high = domain.low[position] / unit, domain.high[position] / unit
    return (
        float(np.round(np.ceil(low - 1e-9) * unit, feature.decimals)),
        float(np.round(np.floor(high + 1e-9) * unit, feature.decimals)),
    )


def movable_features(
    schema: Schema, domain: Domain, factual: Mapping[str, float], limits: Limits
) -> tuple[Movable, ...]:
    """List what may move for one row, and to which values; ``factual`` maps feature name to code.

    A value that was not measured never moves. A factual outside ``suggest`` may stay or move towards
    it (docs/architecture.md). No value is nearer to the factual than the feature's ``meaningful_change``.
    Unless the request gives a feature its own range, a value is moved no further than its reference range
    asks for: not within it, and from outside up to its near end, except under ``contrast``
    (:func:`~sensecf_core.cohorts.clinical.needless`).
    """
    movable = []
    values_by_name = _values(schema, factual)
    for feature in schema.features:
        code = factual[feature.name]
        if not is_actionable(feature, limits.profile) or feature.name in limits.frozen or math.isnan(code):
            continue
        values = (
            _allowed_levels(feature, code, limits, domain.sorted_columns[schema.positions[feature.name]])
            if feature.named
            else _allowed_numbers(feature, code, limits, domain, schema)
        )
        if limits.profile != "contrast":
            ends = _ends(feature, limits, values_by_name)
            values = tuple(value for value in values if not _asks_for_less(feature, ends, code, value))
        if values:
            movable.append(Movable(feature=feature.name, values=values))
    return tuple(movable)


def held_by_reference(
    schema: Schema, domain: Domain, factual: Mapping[str, float], limits: Limits
) -> tuple[Movable, ...]:
    """What could move, or move further, if its reference range did not hold it, with the values it then has.

    A range of the request lifts it. ``factual`` maps feature name to code.
    """
    if limits.profile == "contrast":
        return ()
    now = {entry.feature: entry.values for entry in movable_features(schema, domain, factual, limits)}
    widest = {
        feature.name: allowed_range(feature, limits.profile, domain, schema)
        for feature in schema.features
        if feature.reference is not None and not feature.named and feature.kind != "binary"
    }
    widened = limits.model_copy(update={"ranges": {**widest, **limits.ranges}})
    return tuple(
        entry
        for entry in movable_features(schema, domain, factual, widened)
        if set(entry.values) - set(now.get(entry.feature, ()))
    )


def _values(schema: Schema, factual: Mapping[str, float]) -> dict[str, Value]:
    return {feature.name: to_value(feature, factual[feature.name]) for feature in schema.features}


def _ends(feature: Feature, limits: Limits, values: Mapping[str, Value]) -> Ends:
    """The reference range that holds a feature; open where the limits say otherwise."""
    if limits.profile == "contrast" or feature.named or feature.name in limits.ranges:
        return None, None
    return reference_ends(feature.reference, values)


def _asks_for_less(feature: Feature, ends: Ends, before: float, after: float) -> bool:
    """Whether the reference range asks for no such change, see :func:`needless`."""
    return needless(feature.reference, ends, before, after, least=feature.least_change, grid=feature.grid)


def emptied_by_request(schema: Schema, domain: Domain, query: Query) -> tuple[str, ...]:
    """Name the features that cannot change here because the requested range or levels hold no value."""
    limits = query.limits
    requested = {name: f"{low:g} to {high:g}" for name, (low, high) in limits.ranges.items()}
    requested |= {name: " or ".join(levels) for name, levels in limits.levels.items()}
    factual = {
        feature.name: to_code(feature, query.factual.features[feature.name]) for feature in schema.features
    }
    unrestricted = limits.model_copy(update={"ranges": {}, "levels": {}})
    without_request = {entry.feature for entry in movable_features(schema, domain, factual, unrestricted)}
    with_request = {entry.feature for entry in query.movable}
    return tuple(
        f"`{name}` stays at {query.factual.features[name]}: {words}, as asked, holds no value for it."
        for name, words in requested.items()
        if name in without_request - with_request
    )


def _allowed_levels(feature: Feature, code: float, limits: Limits, seen: Codes) -> tuple[float, ...]:
    names = set(limits.levels.get(feature.name, feature.levels))
    contrast = limits.profile == "contrast"
    if not contrast and feature.suggest_levels:
        names &= set(feature.suggest_levels)
    codes = [float(index) for index, name in enumerate(feature.levels) if name in names and index != code]
    if contrast:
        codes = [value for value in codes if value in seen]
    elif feature.kind == "ordinal":
        codes = [value for value in codes if _realistic(feature, code, value)]
    return tuple(codes)


def _allowed_numbers(
    feature: Feature, code: float, limits: Limits, domain: Domain, schema: Schema
) -> tuple[float, ...]:
    low, high = allowed_range(feature, limits.profile, domain, schema)
    low, high = float(np.minimum(low, code)), float(np.maximum(high, code))  # both keep NaN
    if feature.name in limits.ranges:
        requested_low, requested_high = limits.ranges[feature.name]
        low, high = max(low, requested_low), min(high, requested_high)
    values = _grid(feature, low, high)
    change = values - code
    moved = np.abs(change)
    kept = (moved > 0.5 * 10.0**-feature.decimals) & (moved >= feature.least_change - _SLACK)
    if limits.profile != "contrast":
        least, most = _realistic_changes(feature)
        kept &= (least <= change) & (change <= most)
    return tuple(values[kept].tolist())


def too_small(feature: Feature, before: float, after: float) -> bool:
    """Whether a change of a number is smaller than the feature's meaningful change."""
    return bool(abs(after - before) < feature.least_change - _SLACK)


def _grid(feature: Feature, low: float, high: float) -> np.ndarray:
    """Multiples of the feature's step from low to high, rounded to its decimals."""
    if math.isnan(low) or math.isnan(high):
        return np.empty(0)  # no training row measured it
    slack = 1e-9
    first, last = math.ceil(low / feature.grid - slack), math.floor(high / feature.grid + slack)
    return np.round(np.arange(first, last + 1) * feature.grid, feature.decimals)


def _realistic_changes(feature: Feature) -> Span:
    """The smallest and the largest change that its direction and largest realistic change let it make."""
    most = math.inf if feature.largest_change is None else feature.largest_change + _SLACK
    return (0.0 if feature.direction == "up" else -most), (0.0 if feature.direction == "down" else most)


def _realistic(feature: Feature, before: float, after: float) -> bool:
    low, high = _realistic_changes(feature)
    return low <= after - before <= high


def limit_violation(feature: Feature, values: Mapping[str, Value], after: float, limits: Limits) -> str:
    """Say in one phrase which limit a changed value breaks (for a value outside a query's movable).

    ``values`` are the factual's (feature name → value), ``after`` is the new code.
    """
    before = to_code(feature, values[feature.name])
    ends = _ends(feature, limits, values)
    wrong_way = feature.direction != "any" and (after > before) != (feature.direction == "up")
    for_a_person = limits.profile != "contrast"
    ordered = for_a_person and feature.kind != "categorical"
    unit = f" {feature.unit}" if feature.unit else ""
    broken = (
        (feature.role == "context", "is context and may not change"),
        (feature.contrast_only and for_a_person, "is a finding that nobody can set and may not change"),
        (not is_actionable(feature, limits.profile), "is no behaviour and may not change"),
        (feature.name in limits.frozen, "is frozen"),
        (math.isnan(before), "was not measured and may not change"),
        (
            too_small(feature, before, after),
            f"moves by less than {feature.least_change:g}{unit}, the smallest change that means anything",
        ),
        (ordered and wrong_way, f"may only go {feature.direction}"),
        (
            ordered and not _realistic(feature, before, after),
            f"may move by at most {feature.largest_change or 0:g}{unit}",
        ),
        (
            ordered and _asks_for_less(feature, ends, before, after),
            f"is not moved further than its reference range ({_reference_text(feature)}) asks for",
        ),
        (True, f"= {to_value(feature, after)} is outside what may be suggested"),
    )
    return f"`{feature.name}` " + next(phrase for holds, phrase in broken if holds)


def _reference_text(feature: Feature) -> str:
    return "" if feature.reference is None else feature.reference.text
