"""How different the counterfactuals of one query are from each other, and what a method changes at all.

All of them are NaN for fewer than two counterfactuals (docs/metrics.md, 7).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from sensecf_core.cohorts.distance import Distances
from sensecf_core.cohorts.encoding import Codes
from sensecf_core.counterfactuals.problem.search_space import differ
from sensecf_core.types import Mask


def gower_diversity(distances: Distances, codes: Codes) -> float:
    """Mean Gower distance over the pairs of counterfactuals (n, features)."""
    if len(codes) < 2:
        return np.nan
    return float(distances.gower_matrix(codes, codes)[_pairs(len(codes))].mean())


def count_diversity(codes: Codes, half_step: Codes) -> float:
    """Mean share of features that differ between two counterfactuals (n, features), 0 to 1.

    Mothilal et al. 2020 (DiCE, doi 10.1145/3351095.3372850), count-diversity; values closer than a display
    step are the same (``half_step``: (features,), half of it).
    """
    if len(codes) < 2:
        return np.nan
    first, second = _pairs(len(codes))
    return float(differ(codes[first], codes[second], half_step).mean())


def dpp_diversity(distances: Distances, codes: Codes) -> float:
    """Determinant of ``1 / (1 + d)`` over all pairs, d the Gower distance; 0 where two are the same, below 1.

    The determinantal point process kernel of DiCE (Mothilal et al. 2020, equation 1), which there uses its
    own weighted distance. It falls with the number of counterfactuals: compare equal numbers only.
    """
    if len(codes) < 2:
        return np.nan
    determinant = float(np.linalg.det(1 / (1 + distances.gower_matrix(codes, codes))))
    return max(determinant, 0.0)


def feature_entropy(changed: Mask) -> float:
    """Shannon entropy in bits of which features a method changes; NaN where it changes none.

    ``changed`` has shape (counterfactuals, features), all queries of a method together. 0: always the same
    feature; log2(features): all equally often.
    """
    from scipy.stats import entropy

    counts = changed.sum(axis=0)
    return float(entropy(counts, base=2)) if counts.sum() else np.nan


def _pairs(n: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    first, second = np.triu_indices(n, k=1)
    return first, second
