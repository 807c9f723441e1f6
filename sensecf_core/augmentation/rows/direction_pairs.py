"""Pairs of rows that tell a student which way risk goes, from the schema's directions (``risk``).

The directions are published knowledge, written into the schema with their sources before any run; the labels
of the rows that are moved are not read.
"""

from __future__ import annotations

import numpy as np

from sensecf_core.augmentation.rows.made_rows import MadeRows, TrainingRows
from sensecf_core.augmentation.rows.resampling import spread, tidied
from sensecf_core.cohorts.encoding import Codes
from sensecf_core.cohorts.feature import Feature
from sensecf_core.cohorts.schema import Schema
from sensecf_core.errors import InputError
from sensecf_core.types import Floats, Ints, Mask

LAMBDA = 0.25
"""Total weight of all pairs, as a share of the number of real rows; fixed before any run."""

MOVED = (2, 4)
"""Fewest and most features that a pair moves (fewer where a row has fewer to move)."""

STEP = (0.5, 1.5)
"""Smallest and largest step of a number, in standard deviations of the feature in the scarce rows."""

Rng = np.random.Generator


def direction_pairs(rows: TrainingRows, rng: Rng) -> MadeRows:
    """Make two rows of each training row: some features moved towards harm (label 1), and away from it (0).

    A pair moves :data:`MOVED` of those of its row's features that are measured and whose direction of risk
    is known. A number moves by one draw from :data:`STEP` times its standard deviation, the same both ways,
    and by at least its last decimal; levels and binary features move to the next level. Whatever is at its
    end already (of the levels, or of ``valid``) stays there in that one of the two rows. Rules across
    features are not asked for, as in resampled rows.

    Returns
    -------
    The rows moved towards harm, then in the same order those moved away; owners are the participants of the
    real rows. Rows with nothing to move make no pair. All weights are equal and sum to :data:`LAMBDA` times
    the number of real rows.

    Raises
    ------
    InputError : the schema has no direction of risk.
    """
    if not any(feature.risk_known for feature in rows.schema.features):
        raise InputError(
            f"No feature of `{rows.schema.name}` says which values go with a higher risk; give features "
            "`risk` (or `risk_levels`) and `risk_source` in schema.toml (docs/own-cohort.md)."
        )
    number = len(rows.codes)
    steps = spread(rows.codes) * rng.uniform(*STEP, size=rows.codes.shape)
    places = np.column_stack([_places(f, c) for f, c in zip(rows.schema.features, rows.codes.T, strict=True)])
    movable = ~np.isnan(places) & (_by_level(rows.schema) | (steps > 0))
    chosen = _choose(movable, rng.integers(MOVED[0], MOVED[1] + 1, size=number), rng)
    paired = chosen.any(axis=1)
    both = [_moved(rows, places, np.where(chosen, way, 0), steps)[paired] for way in (1, -1)]
    pairs = int(paired.sum())
    return MadeRows(
        codes=np.vstack(both),
        labels=np.repeat([1.0, 0.0], pairs),
        owners=np.tile(rows.people[paired], 2),
        weight=np.full(2 * pairs, LAMBDA * number / max(1, 2 * pairs)),
    )


def _by_level(schema: Schema) -> Mask:
    """Which features move level by level."""
    return np.array([feature.named or feature.kind == "binary" for feature in schema.features])


def _order(feature: Feature) -> Codes:
    """The codes of a feature that moves level by level, from the lowest risk to the highest."""
    if feature.risk_levels:
        return np.array([feature.levels.index(level) for level in feature.risk_levels], dtype=float)
    codes = np.arange(len(feature.levels) if feature.named else 2, dtype=float)
    return codes if feature.risk == "up" else codes[::-1]


def _places(feature: Feature, column: Codes) -> Floats:
    """How harmful each value is: its place among the levels, or the number with the sign of its direction.

    NaN where that is not known: no direction, not measured, or a level that ``risk_levels`` leaves out.
    """
    if not feature.risk_known:
        return np.full(len(column), np.nan)
    if feature.named or feature.kind == "binary":
        found = column[:, np.newaxis] == _order(feature)
        return np.where(found.any(axis=1), found.argmax(axis=1), np.nan)
    return column if feature.risk == "up" else -column


def _choose(movable: Mask, wanted: Ints, rng: Rng) -> Mask:
    """Choose so many of each row's movable features at random, all of them where there are fewer."""
    keys = np.where(movable, rng.random(movable.shape), np.inf)
    ranks = keys.argsort(axis=1).argsort(axis=1)
    return movable & (ranks < wanted[:, np.newaxis])


def _moved(rows: TrainingRows, places: Floats, ways: Ints, steps: Floats) -> Codes:
    """The rows with each feature moved towards harm (``ways`` 1), away from it (-1) or not at all (0)."""
    codes = rows.codes.copy()
    for position, feature in enumerate(rows.schema.features):
        if not feature.risk_known:
            continue
        here = ways[:, position] != 0
        way, place = ways[here, position], places[here, position]
        if feature.named or feature.kind == "binary":
            order = _order(feature)
            codes[here, position] = order[np.clip(place + way, 0, len(order) - 1).astype(int)]
        else:
            step = np.maximum(steps[here, position], 10.0**-feature.decimals)
            codes[here, position] = (place + way * step) * (1 if feature.risk == "up" else -1)
    return tidied(rows.schema, codes)
