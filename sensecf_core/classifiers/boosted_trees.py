"""Boosted trees without scikit-learn's checks at every call: the same sums, much faster on few rows."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from sensecf_core.classifiers.calibration import Sigmoid
from sensecf_core.types import Floats

Nodes = npt.NDArray[Any]
"""One tree's nodes as scikit-learn records them (``PREDICTOR_RECORD_DTYPE``)."""

FOR_TRAINING_ONLY = ("count", "gain", "depth", "bin_threshold")
"""Node fields that prediction never reads; cleared before refits are stored, which then pack well."""


@dataclass(frozen=True, eq=False)
class BoostedTrees:
    """A boosted binary classifier as its sum of trees, all splits numeric.

    One thread: at these sizes, starting more takes longer than they save.
    """

    baseline: float
    trees: tuple[Any, ...]

    @classmethod
    def of_model(cls, model: Any) -> BoostedTrees:
        """Take the trees of a fitted binary ``HistGradientBoostingClassifier``."""
        return cls(float(model._baseline_prediction.item()), tuple(tree for (tree,) in model._predictors))

    @classmethod
    def of_nodes(cls, baseline: float, nodes: Iterable[Nodes]) -> BoostedTrees:
        """Rebuild the trees from their nodes."""
        from sklearn.ensemble._hist_gradient_boosting.predictor import TreePredictor

        unused = np.zeros((0, 8), dtype=np.uint32)
        return cls(baseline, tuple(TreePredictor(tree, unused, unused) for tree in nodes))

    def raw(self, matrix: Floats) -> Floats:
        """Uncalibrated log-odds, shape (n,): what the model's ``decision_function`` returns."""
        no_sets, no_map = np.zeros((0, 8), dtype=np.uint32), np.zeros(matrix.shape[1], dtype=np.uint32)
        total = np.full(len(matrix), self.baseline)
        for tree in self.trees:
            total += tree.predict(matrix, no_sets, no_map, 1)
        return total

    def nodes_for_prediction(self) -> tuple[Nodes, ...]:
        """The trees' nodes, without what only training needs."""
        return tuple(_cleared(tree.nodes) for tree in self.trees)


@dataclass(frozen=True, eq=False)
class CalibratedTrees:
    """Boosted trees and the sigmoid that was fitted for them on ``val``."""

    forest: BoostedTrees
    sigmoid: Sigmoid

    def margin(self, matrix: Floats) -> Floats:
        """Calibrated log-odds of class 1, shape (n,)."""
        return self.sigmoid.margin(self.forest.raw(matrix))


def _cleared(nodes: Nodes) -> Nodes:
    cleared = nodes.copy()
    for field in FOR_TRAINING_ONLY:
        cleared[field] = 0
    return cleared
