"""How far a sum of trees can be moved at most: often enough to prove that nothing crosses the line.

For every set of features that may change together, each tree gives its best leaf among those that the set
can reach. No change of those features passes the sum over the trees. Rules over several features are ignored,
which only makes the bound looser. It costs milliseconds; the sets that it leaves open need a search of
their own (:mod:`sensecf_core.counterfactuals.feasibility.exhaustive`).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from itertools import combinations
from math import comb

import numpy as np

from sensecf_core.classifiers.boosted_trees import BoostedTrees
from sensecf_core.classifiers.classifier import Classifier
from sensecf_core.classifiers.design_matrix import columns, owners, to_matrix
from sensecf_core.cohorts.encoding import Codes
from sensecf_core.counterfactuals.problem.search_space import SearchSpace
from sensecf_core.types import Floats, Ints, Mask

MOST_SETS = 20_000
"""Sets of features that are bounded one by one; where there are more, one bound is of all at once."""
MOST_FEATURES = 62
"""Features that may move whose sets fit into a 64-bit number; with more nothing is bounded."""
SLACK = 1e-9
"""Log-odds by which a bound has to stay short of the line: rounding of sums."""

Features = tuple[int, ...]
"""Positions of features among those that may move (ascending by their position in the schema)."""


@dataclass(frozen=True)
class Leaves:
    """The leaves of all trees as boxes; every array has one entry a leaf, or (leaves, conditions).

    Attributes
    ----------
    starts : where each tree's leaves begin, shape (trees,).
    values : what a leaf adds to the log-odds.
    column, low, high, missing : each condition on the way to a leaf: the matrix column lies in (low, high],
        or is not measured where ``missing``. Padding has the column -1.
    """

    baseline: float
    starts: Ints
    values: Floats
    column: Ints
    low: Floats
    high: Floats
    missing: Mask

    @classmethod
    def of(cls, forest: BoostedTrees) -> Leaves:
        """Walk down every tree."""
        leaves: list[tuple[float, dict[int, tuple[float, float, bool]]]] = []
        starts = []
        for tree in forest.trees:
            starts.append(len(leaves))
            leaves += _boxes(tree.nodes)
        depth = max((len(box) for _, box in leaves), default=0)
        shape = (len(leaves), depth)
        column, missing = np.full(shape, -1, dtype=np.int64), np.ones(shape, dtype=bool)
        low, high = np.full(shape, -np.inf), np.full(shape, np.inf)
        for leaf, (_, box) in enumerate(leaves):
            for at, (feature, bounds) in enumerate(box.items()):
                column[leaf, at] = feature
                low[leaf, at], high[leaf, at], missing[leaf, at] = bounds
        values = np.array([value for value, _ in leaves])
        return cls(forest.baseline, np.array(starts, dtype=np.int64), values, column, low, high, missing)


def _boxes(nodes: np.ndarray) -> list[tuple[float, dict[int, tuple[float, float, bool]]]]:
    """Each leaf of a tree: its value, and by matrix column the interval and whether a gap goes there too."""
    found = []
    ways: list[tuple[int, dict[int, tuple[float, float, bool]]]] = [(0, {})]
    while ways:
        at, box = ways.pop()
        node = nodes[at]
        if node["is_leaf"]:
            found.append((float(node["value"]), box))
            continue
        feature, threshold = int(node["feature_idx"]), float(node["num_threshold"])
        low, high, missing = box.get(feature, (-np.inf, np.inf, True))
        to_left = bool(node["missing_go_to_left"])
        left = {**box, feature: (low, min(high, threshold), missing and to_left)}
        right = {**box, feature: (max(low, threshold), high, missing and not to_left)}
        ways += [(int(node["left"]), left), (int(node["right"]), right)]
    return found


@cache
def leaves_of(classifier: Classifier) -> Leaves:
    """The leaves of a classifier's trees, read once a process."""
    return Leaves.of(BoostedTrees.of_model(classifier.tree_model))


@dataclass(frozen=True)
class Bound:
    """What no change within the limits can pass.

    Attributes
    ----------
    margin : the farthest log-odds of class 1 towards the desired class; not reached as a rule.
    open_sets : sets of features whose bound reaches the line, so that nothing is proven of them; None where
        no bound could be computed, or one of all features at once reaches it.
    """

    margin: float
    open_sets: tuple[Features, ...] | None

    @property
    def impossible(self) -> bool:
        """Whether it is proven that nothing reaches the line."""
        return self.open_sets == ()


def bound(classifier: Classifier, space: SearchSpace, line: float) -> Bound:
    """Bound a query's changes; ``line`` is the log-odds of class 1 that they have to get beyond."""
    positions = sorted(space.values)
    sigmoid = classifier.calibration
    if not positions:
        return Bound(line, ())
    if len(positions) > MOST_FEATURES or sigmoid.slope == 0:
        return Bound(np.inf if space.desired else -np.inf, None)
    upward = (space.desired == 1) == (sigmoid.slope > 0)
    size = min(space.max_changes, len(positions))
    all_at_once = comb(len(positions), size) > MOST_SETS
    sets: list[Features] = (
        [tuple(range(len(positions)))] if all_at_once else list(combinations(range(len(positions)), size))
    )
    raw = _best_sums(leaves_of(classifier), space, positions, sets, upward)
    margins = sigmoid.slope * raw + sigmoid.intercept
    reaches = margins >= line - SLACK if space.desired else margins <= line + SLACK
    farthest = float(margins.max() if space.desired else margins.min())
    if all_at_once and reaches.any():
        return Bound(farthest, None)
    return Bound(farthest, tuple(sets[number] for number in np.flatnonzero(reaches)))


def _best_sums(
    leaves: Leaves, space: SearchSpace, positions: list[int], sets: list[Features], upward: bool
) -> Floats:
    """The bound of each set on the trees' own sum, shape (sets,)."""
    needs, possible = _needs(leaves, space, positions)
    free = np.array([sum(1 << feature for feature in features) for features in sets], dtype=np.int64)
    sign = 1.0 if upward else -1.0
    values = np.where(possible, sign * leaves.values, -np.inf)
    reached = (needs[None, :] & ~free[:, None]) == 0
    best = np.maximum.reduceat(np.where(reached, values, -np.inf), leaves.starts, axis=1)
    return np.asarray(leaves.baseline + sign * best.sum(axis=1))


def _needs(leaves: Leaves, space: SearchSpace, positions: list[int]) -> tuple[Ints, Mask]:
    """Which features have to change for each leaf (a bit each), and whether their values allow it."""
    row = to_matrix(space.schema, space.factual[None])[0]
    owner = owners(space.schema)
    bit = {position: 1 << number for number, position in enumerate(positions)}
    padding = leaves.column < 0
    own = np.where(padding, np.nan, row[leaves.column])
    with np.errstate(invalid="ignore"):
        inside = (own > leaves.low) & (own <= leaves.high)
    holds = padding | inside | (np.isnan(own) & leaves.missing)
    reachable = np.zeros_like(holds)
    bits = np.zeros(leaves.column.shape, dtype=np.int64)
    for column, allowed in enumerate(_column_values(space)):
        if allowed is None:
            continue
        at = leaves.column == column
        above = np.searchsorted(allowed, leaves.low[at], side="right")
        reachable[at] = np.searchsorted(allowed, leaves.high[at], side="right") > above
        bits[at] = bit[int(owner[column])]
    needs = np.bitwise_or.reduce(np.where(holds, 0, bits), axis=1)
    return needs, np.asarray((holds | reachable).all(axis=1))


def _column_values(space: SearchSpace) -> list[Codes | None]:
    """The values that each matrix column may take, ascending; None for a column that stays."""
    schema = space.schema
    found: list[Codes | None] = []
    for feature, level in columns(schema):
        position = schema.positions[feature]
        if position not in space.values:
            found.append(None)
            continue
        values = np.append(space.values[position], space.factual[position])
        if level is not None:
            values = (values == schema.features[position].levels.index(level)).astype(float)
        found.append(np.unique(values))
    return found
