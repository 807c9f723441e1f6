"""Why a row gets its probability: SHAP values in calibrated log-odds, one per feature."""

from __future__ import annotations

import copy
import sys
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
import pandas as pd

from sensecf_core.classifiers.classifier import Classifier, with_trees
from sensecf_core.classifiers.design_matrix import owners, to_matrix
from sensecf_core.classifiers.protocol import ClassifierLike
from sensecf_core.classifiers.wrapped import WrappedClassifier
from sensecf_core.cohorts.encoding import Codes, to_codes
from sensecf_core.types import Floats

NOT_FOR_SHAP = ("matplotlib", "cv2")
"""What shap loads if it is there, for plots and for pictures as input; together more than a second."""
PERMUTATIONS = 10
"""Orders of the features, each walked both ways, that SHAP values of a model of any kind are a mean over."""
MASKED_AT_ONCE = 200
"""Masked evaluations in one call of a model."""
MOST_KEPT = 4096
"""Rows of a wrapped model whose SHAP values are kept: a comparison of methods asks for the same ones."""


@dataclass(frozen=True, eq=False)
class ShapValues:
    """How the classifier's margin is made up: ``base + values.sum(axis=1)`` is the margin.

    Attributes
    ----------
    base : expected calibrated log-odds over the background.
    values : shape (n, features), in log-odds, schema order; positive pushes towards class 1.
    """

    base: float
    values: Floats


def shap_values(
    classifier: ClassifierLike, rows: pd.DataFrame, background_rows: pd.DataFrame | None = None
) -> ShapValues:
    """Explain rows with SHAP's TreeExplainer (Lundberg et al. 2020, doi 10.1038/s42256-019-0138-9).

    Without ``background_rows`` the trees' own training counts are the background ("tree path dependent":
    features that move together share their effect). With them (say, training rows of the desired class)
    values say what sets a row apart from those rows ("interventional"); its cost grows with their number.

    The columns of a one-hot encoded feature are summed, and everything is multiplied by the calibration's
    slope, which is linear in log-odds.

    A wrapped model is explained by whatever shap chooses for a function (exact up to ten features, else
    permutations: Lundberg & Lee 2017, arXiv 1705.07874), against some training rows unless others are given.
    """
    if isinstance(classifier, WrappedClassifier):
        return _of_function(classifier, rows, background_rows)
    classifier = with_trees(classifier)
    schema, slope = classifier.schema, classifier.calibration.slope
    matrix = to_matrix(schema, to_codes(schema, rows))
    if background_rows is None:
        explainer = _path_dependent(classifier)
    else:
        background = to_matrix(schema, to_codes(schema, background_rows))
        explainer, matrix = _against(classifier, background, matrix)
    raw = np.asarray(explainer.shap_values(matrix, check_additivity=False), dtype=np.float64)
    values = np.zeros((len(matrix), len(schema.features)))
    np.add.at(values.T, owners(schema), slope * raw.reshape(matrix.shape).T)
    base = slope * float(np.ravel(explainer.expected_value)[0]) + classifier.calibration.intercept
    return ShapValues(base, values)


def _shap() -> Any:
    """Import shap without its plots and pictures: what they load takes longer than all the rest of shap.

    Both libraries are here for the sake of a baseline only (CFNOW), which imports them itself. Nor is its
    Python code compiled: numba would take six seconds for what is done in a hundredth of one.
    """
    if "shap" not in sys.modules:
        hidden = {name for name in NOT_FOR_SHAP if name not in sys.modules}
        sys.modules |= dict.fromkeys(hidden)  # type: ignore[arg-type]  # None is Python's mark of "not there"
        from numba import config

        compiled, config.DISABLE_JIT = config.DISABLE_JIT, True
        try:
            import shap
        finally:
            config.DISABLE_JIT = compiled
            for name in hidden:
                del sys.modules[name]
    import shap

    return shap


_computed: WeakKeyDictionary[WrappedClassifier, dict[bytes, tuple[float, Floats]]] = WeakKeyDictionary()


def _of_function(
    classifier: WrappedClassifier, rows: pd.DataFrame, background_rows: pd.DataFrame | None
) -> ShapValues:
    """SHAP values of a model of any kind, in log-odds of class 1."""
    codes = to_codes(classifier.schema, rows)
    if background_rows is not None:
        background = to_codes(classifier.schema, background_rows)
        found = [_explained(classifier, background, row) for row in codes]
    else:
        computed = _computed.setdefault(classifier, {})
        if len(computed) + len(codes) > MOST_KEPT:
            computed.clear()
        found = []
        for row in codes:
            known = computed.get(row.tobytes())  # one look: another thread may clear them
            if known is None:
                known = computed[row.tobytes()] = _explained(classifier, classifier.background, row)
            found.append(known)
    values = np.array([value for _, value in found]).reshape(codes.shape)
    return ShapValues(found[0][0] if found else 0.0, values)


def _explained(classifier: WrappedClassifier, background: Codes, row: Codes) -> tuple[float, Floats]:
    """Base and SHAP values (features,) of one row; the process's random numbers stay as they were."""
    shap = _shap()
    state = np.random.get_state()
    try:
        masker = shap.maskers.Independent(background, max_samples=len(background))
        explainer = shap.Explainer(classifier.margin_of_codes, masker, seed=0)
        evaluations = PERMUTATIONS * (2 * len(row) + 1)
        exact = isinstance(explainer, shap.explainers.ExactExplainer)
        found = explainer(
            row[None],
            max_evals=2 ** len(row) if exact else evaluations,
            batch_size=MASKED_AT_ONCE,
            silent=True,
        )
    finally:
        np.random.set_state(state)
    return float(np.ravel(found.base_values)[0]), np.asarray(found.values[0], dtype=np.float64)


@lru_cache(maxsize=8)
def _path_dependent(classifier: Classifier) -> Any:
    return _shap().TreeExplainer(classifier.tree_model, feature_perturbation="tree_path_dependent")


def _against(classifier: Classifier, background: Floats, matrix: Floats) -> tuple[Any, Floats]:
    """Build the interventional explainer, and the matrix that it reads.

    Shap's interventional code holds split thresholds in single precision, so a value that lies exactly on
    a threshold (113.2 cm) would take the wrong branch. Both sides are therefore given as ranks among the
    thresholds of their column, which are small integers: the same splits, exactly.
    """
    shap = _shap()
    model = copy.copy(classifier.tree_model)
    trees = [tree for (tree,) in model._predictors]
    splits = np.concatenate([tree.nodes[tree.nodes["is_leaf"] == 0] for tree in trees])
    thresholds = [
        np.unique(splits["num_threshold"][splits["feature_idx"] == column])
        for column in range(matrix.shape[1])
    ]
    model._predictors = [[_ranked_tree(tree, thresholds)] for tree in trees]
    masker = shap.maskers.Independent(_ranks(background, thresholds), max_samples=len(background))
    explainer = shap.TreeExplainer(model, data=masker, feature_perturbation="interventional")
    return explainer, _ranks(matrix, thresholds)


def _ranked_tree(tree: Any, thresholds: list[Floats]) -> Any:
    """Copy a tree with each threshold replaced by its rank + 0.5."""
    ranked = copy.copy(tree)
    ranked.nodes = tree.nodes.copy()
    for node in np.flatnonzero(tree.nodes["is_leaf"] == 0):
        column = thresholds[tree.nodes["feature_idx"][node]]
        ranked.nodes["num_threshold"][node] = np.searchsorted(column, tree.nodes["num_threshold"][node]) + 0.5
    return ranked


def _ranks(matrix: Floats, thresholds: list[Floats]) -> Floats:
    """Count, per value, the thresholds of its column that lie below it; NaN stays NaN."""
    ranks = np.empty_like(matrix)
    for column, cuts in enumerate(thresholds):
        ranks[:, column] = np.searchsorted(cuts, matrix[:, column], side="left")
    ranks[np.isnan(matrix)] = np.nan
    return ranks
