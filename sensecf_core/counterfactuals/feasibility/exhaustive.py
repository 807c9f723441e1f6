"""All changes of a few features, one value for each of the trees' cells: what the bound leaves open."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from math import prod

import numpy as np

from sensecf_core.classifiers.classifier import Classifier
from sensecf_core.cohorts.encoding import Codes
from sensecf_core.counterfactuals.feasibility.tree_bound import Features, leaves_of
from sensecf_core.counterfactuals.problem.search_space import SearchSpace

MOST_ROWS = 60_000
"""Rows that the sets left open for one query may come to; beyond that nothing is proven."""


def all_rows(classifier: Classifier, space: SearchSpace, sets: Sequence[Features]) -> Codes | None:
    """Every row that the trees tell apart, with changes in one of ``sets`` of features; None if too many.

    Of values between which no tree splits the one nearest to the factual is taken.
    """
    positions = sorted(space.values)
    values = {
        number: _cells(classifier, space, positions[number])
        for number in {number for features in sets for number in features}
    }
    if sum(prod(len(values[number]) for number in features) for features in sets) > MOST_ROWS:
        return None
    blocks = []
    for features in sets:
        choices = np.array(list(product(*(values[number] for number in features))))
        rows = np.repeat(space.factual[None], len(choices), axis=0)
        rows[:, [positions[number] for number in features]] = choices
        blocks.append(rows)
    rows = np.concatenate(blocks) if blocks else np.empty((0, len(space.factual)))
    return rows[space.changed(rows).any(axis=1)]


def _cells(classifier: Classifier, space: SearchSpace, position: int) -> Codes:
    """One allowed value for each interval between the trees' thresholds, and the factual's own."""
    from sensecf_core.classifiers.design_matrix import owners

    feature, factual = space.schema.features[position], space.factual[position]
    values = space.values[position]
    if feature.kind not in ("categorical", "binary"):
        leaves = leaves_of(classifier)
        (column,) = np.flatnonzero(owners(space.schema) == position)
        mine = leaves.column == column
        splits = np.unique(np.concatenate([leaves.low[mine], leaves.high[mine]]))
        order = np.argsort(np.abs(values - factual), kind="stable")
        _, first = np.unique(np.searchsorted(splits, values[order]), return_index=True)
        values = values[order][first]
    return np.append(values, factual)
