"""Choose a few counterfactuals that are sparse, near, and different from each other."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from sensecf_core.counterfactuals.checks.verify import CheckResults
from sensecf_core.types import Mask

CHANGE_WEIGHT = 0.25
"""What one more changed feature costs, against similarity (0 to 1) to what is already chosen."""
DISTANCE_WEIGHT = 2.0
"""What one unit of Gower distance costs on the same scale."""


def select(checks: CheckResults, changed: Mask, k: int) -> npt.NDArray[np.int64]:
    """Return up to ``k`` positions of distinct rows, the best first.

    Greedy maximal marginal relevance (Carbonell & Goldstein 1998): each next row has the lowest sum of
    features changed, Gower distance, and largest overlap with a chosen row. Overlap is the Jaccard
    index of the two sets of changed features, so that options differ in *what* a person would change.
    ``changed`` has shape (n, features).
    """
    cost = CHANGE_WEIGHT * checks.n_changed + DISTANCE_WEIGHT * checks.gower
    _, first = np.unique(np.nan_to_num(checks.codes, nan=-1.0), axis=0, return_index=True)
    left = sorted(first.tolist())
    overlap = np.zeros(len(cost))
    chosen: list[int] = []
    while left and len(chosen) < k:
        best = min(left, key=lambda row: (cost[row] + overlap[row], row))
        chosen.append(best)
        left.remove(best)
        shared = (changed & changed[best]).sum(axis=1)
        overlap = np.maximum(overlap, shared / np.maximum((changed | changed[best]).sum(axis=1), 1))
    return np.array(chosen, dtype=np.int64)
