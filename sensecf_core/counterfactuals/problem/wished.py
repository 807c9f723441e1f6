"""Confirmed wishes put into a request, with what the cohort and the row say of the values they may take."""

from __future__ import annotations

import math
from collections.abc import Sequence

from sensecf_core.cohorts.cohort import locate
from sensecf_core.cohorts.encoding import to_codes, to_values
from sensecf_core.cohorts.feature import Feature
from sensecf_core.cohorts.schema import Profile
from sensecf_core.counterfactuals.problem.constraints import (
    allowed_range,
    held_by_reference,
    is_actionable,
    movable_features,
)
from sensecf_core.counterfactuals.problem.fitted_cohort import FittedCohort
from sensecf_core.language.wishes.to_request import Allowed, Row, Wished, wished_profile, wished_request
from sensecf_core.language.wishes.wish import Wish
from sensecf_core.queries.limits import Limits
from sensecf_core.queries.request import ExplainRequest
from sensecf_core.types import Span


def with_wishes(fitted: FittedCohort, request: ExplainRequest, wishes: Sequence[Wish]) -> Wished:
    """The request with confirmed wishes in it, for its own row: "may only fall" ends at this person's value.

    Raises ``InputError`` as :func:`~sensecf_core.language.wishes.to_request.wished_request` does, and for a
    row that does not exist.
    """
    schema = fitted.schema
    key = locate(fitted.cohort, request.participant_id, request.row_id)
    codes = to_codes(schema, fitted.cohort.rows.loc[[key]])[0]
    profile = wished_profile(wishes, request, schema.default_limits)
    limits = Limits(profile=profile, ranges=request.ranges, levels=request.levels)
    by_name = dict(zip(schema.names, codes, strict=True))
    movable = movable_features(schema, fitted.domain, by_name, limits)
    row = Row(
        factual=to_values(schema, codes),
        movable={entry.feature: entry.values for entry in movable},
        allowed=_allowed(fitted, profile),
        held={entry.feature for entry in held_by_reference(schema, fitted.domain, by_name, limits)},
    )
    return wished_request(schema, request, wishes, row)


def _allowed(fitted: FittedCohort, profile: Profile) -> Allowed:
    """What a profile lets move, and between which values; features that no training row has are left out."""
    found = {f.name: _values(fitted, f, profile) for f in fitted.schema.features if is_actionable(f, profile)}
    return {name: values for name, values in found.items() if values}


def _values(fitted: FittedCohort, feature: Feature, profile: Profile) -> Span | tuple[str, ...]:
    if feature.named:
        return (feature.suggest_levels if profile != "contrast" else ()) or feature.levels
    span = allowed_range(feature, profile, fitted.domain, fitted.schema)
    return () if any(math.isnan(end) for end in span) else span
