"""Choose a few counterfactuals: the most believed, then sparse, near, and different from each other."""

from __future__ import annotations

import numpy as np

from sensecf_core.cohorts.encoding import Codes
from sensecf_core.counterfactuals.checks.graded import GradedRows
from sensecf_core.counterfactuals.problem.search_space import SearchSpace
from sensecf_core.types import Ints, Mask

CHANGE_WEIGHT = 0.25
"""What one more changed feature costs, against similarity (0 to 1) to what is already chosen."""
DISTANCE_WEIGHT = 2.0
"""What one unit of Gower distance costs on the same scale."""
REDUCTION_WEIGHT = 0.05
"""What a point of 100 of reliable reduction is worth on that scale, where the risk is to be lowered."""


def listed(space: SearchSpace, rows: GradedRows, k: int) -> Codes:
    """The rows of a query that the program would list, at most ``k``, the best first (see :func:`select`)."""
    codes = rows.checks.codes
    lower = space.query.goal.kind == "lower"
    return codes[select(rows, space.changed(codes), k, lower=lower)] if len(codes) else codes


def select(rows: GradedRows, changed: Mask, k: int, *, lower: bool = False) -> Ints:
    """Return up to ``k`` positions of distinct rows, the best first; none is on the line.

    Solid ones stand before fragile ones. Within a grade it is greedy maximal marginal relevance (Carbonell &
    Goldstein 1998): each next row has the lowest sum of features changed, Gower distance, and largest overlap
    with a chosen row; where the goal is to ``lower`` the risk, less its reliable reduction. Overlap is the
    Jaccard index of the two sets of changed features, so that options differ in *what* a person would change.
    ``changed`` has shape (n, features).
    """
    checks, ranks = rows.checks, rows.grades.ranks
    cost = CHANGE_WEIGHT * checks.n_changed + DISTANCE_WEIGHT * checks.gower
    if lower:
        cost = cost - REDUCTION_WEIGHT * np.nan_to_num(rows.grades.reliable_reduction)
    _, first = np.unique(np.nan_to_num(checks.codes, nan=-1.0), axis=0, return_index=True)
    left = sorted(set(first.tolist()) - set(np.flatnonzero(rows.grades.on_the_line).tolist()))
    overlap = np.zeros(len(cost))
    chosen: list[int] = []
    while left and len(chosen) < k:
        best = min(left, key=lambda row: (-ranks[row], cost[row] + overlap[row], row))
        chosen.append(best)
        left.remove(best)
        shared = (changed & changed[best]).sum(axis=1)
        overlap = np.maximum(overlap, shared / np.maximum((changed | changed[best]).sum(axis=1), 1))
    return np.array(chosen, dtype=np.int64)
