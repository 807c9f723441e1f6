"""Counterfactual augmentation (CFA) of Temraz & Keane (2021, arXiv 2111.03516), on mixed features.

A *native pair* is two real rows, one of each class, that differ in few features. What one pair shows to tip
the class is transplanted to rows that have no pair of their own.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sensecf_core.augmentation.rows.made_rows import MadeRows, TrainingRows
from sensecf_core.augmentation.rows.resampling import spread
from sensecf_core.cohorts.distance import Distances
from sensecf_core.cohorts.encoding import Codes
from sensecf_core.types import Floats, Ints, Mask

MOST_DIFFERENCES = 2
"""Features in which the two rows of a native pair differ at most (Keane & Smyth 2020)."""

TOLERANCE = 0.2
"""Numbers closer than so many of their standard deviations count as the same."""

LEAST_PAIRS = 10
"""With fewer native pairs than this more differences are allowed, one by one."""

Rng = np.random.Generator


def native_pairs(rows: TrainingRows, label: int, number: int, rng: Rng) -> MadeRows:
    """Make at most ``number`` rows of class ``label`` by transplanting the differences of native pairs.

    Each row of the other class is paired with the row of ``label`` that differs in the fewest features (of
    equally good ones the nearest by Gower distance), if those are at most :data:`MOST_DIFFERENCES`. Each
    row of the other class without a pair then takes, in the features in which the nearest pair differs, the
    values of that pair's row of ``label``; nearest is the pair whose row of the other class is. Numbers
    differ beyond :data:`TOLERANCE`, everything else where it is not equal; a feature measured in one row only
    counts as a difference, but nothing is transplanted that was not measured.

    **Where this is not the paper's method:** in a wide table hardly two rows differ in two features. With
    fewer than :data:`LEAST_PAIRS` pairs, and fewer than half of the other class paired, one more difference
    is allowed, and so on.

    Returns
    -------
    Rows with the hard label, no row twice and none that equals its factual, in random order of their
    factuals; owners are the factuals' participants. There are fewer where fewer rows have no pair, and none
    where a class has no row.
    """
    others, members = np.flatnonzero(rows.target != label), np.flatnonzero(rows.target == label)
    if not len(others) or not len(members):
        return MadeRows.of_class(rows.codes[:0], label, rows.people[:0])
    distances = Distances.fit(rows.schema, rows.codes)
    pairs = _find_pairs(rows, others, members, distances)
    paired = np.isin(others, pairs.others)
    factuals = rng.permutation(others[~paired])
    nearest = distances.gower_matrix(rows.codes[factuals], rows.codes[pairs.others]).argmin(axis=1)
    values = rows.codes[pairs.members[nearest]]
    taken = pairs.differ[nearest] & ~np.isnan(values)
    made = np.where(taken, values, rows.codes[factuals])
    changed = _differ(made, rows.codes[factuals], 0.0).any(axis=1)
    kept: dict[bytes, int] = {}
    for position in np.flatnonzero(changed):
        if len(kept) < number:
            kept.setdefault(made[position].tobytes(), int(position))
    chosen = np.array(list(kept.values()), dtype=np.int64)
    return MadeRows.of_class(made[chosen], label, rows.people[factuals[chosen]])


@dataclass(frozen=True)
class _Pairs:
    """Native pairs: positions of both rows, each (pairs,), and where they differ, (pairs, features)."""

    others: Ints
    members: Ints
    differ: Mask


def _find_pairs(rows: TrainingRows, others: Ints, members: Ints, distances: Distances) -> _Pairs:
    """Pair each row of the other class with its best row of the class, if the two differ in few features."""
    a, b, tolerances = rows.codes[others], rows.codes[members], _tolerances(rows)
    counts = np.zeros((len(others), len(members)), dtype=np.int64)
    for position, tolerance in enumerate(tolerances):
        counts += _differ(a[:, position, np.newaxis], b[:, position], tolerance)
    # Training rows are at most 1 apart by Gower distance, so half of it only decides between equal counts.
    best = (counts + distances.gower_matrix(a, b) / 2).argmin(axis=1)
    fewest = counts[np.arange(len(others)), best]
    wanted = min(LEAST_PAIRS, max(1, len(others) // 2))
    allowed = max(MOST_DIFFERENCES, int(np.sort(fewest)[wanted - 1]))
    close = fewest <= allowed
    first, second = others[close], members[best[close]]
    return _Pairs(first, second, _differ(rows.codes[first], rows.codes[second], tolerances))


def _tolerances(rows: TrainingRows) -> Floats:
    """The largest difference of each feature that does not count; 0 for levels and binary features."""
    numbers = np.array([not f.named and f.kind != "binary" for f in rows.schema.features])
    return np.where(numbers, TOLERANCE * spread(rows.codes), 0.0)


def _differ(a: Codes, b: Codes, tolerance: Floats | float) -> Mask:
    """Where two arrays of codes differ beyond the tolerance; a value missing in one of them differs."""
    differ: Mask = (np.abs(a - b) > tolerance) | (np.isnan(a) != np.isnan(b))
    return differ
