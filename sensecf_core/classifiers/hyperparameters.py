"""Settings of the boosted trees, chosen by cross-validation on ``train``."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from sensecf_core.types import Floats, Ints, People

FOLDS = 5
TOLERANCE = 0.002
"""How much lower than the best a smoother model's AUROC may be."""


@dataclass(frozen=True)
class Settings:
    """Hyperparameters of the boosted trees."""

    trees: int
    learning_rate: float
    leaves: int
    rows_per_leaf: int
    l2: float
    features_per_split: float

    def model(self, seed: int) -> Any:
        """Build the untrained ``HistGradientBoostingClassifier``."""
        from sklearn.ensemble import HistGradientBoostingClassifier

        return HistGradientBoostingClassifier(
            max_iter=self.trees,
            learning_rate=self.learning_rate,
            max_leaf_nodes=self.leaves,
            min_samples_leaf=self.rows_per_leaf,
            l2_regularization=self.l2,
            max_features=self.features_per_split,
            categorical_features=None,
            early_stopping=False,
            random_state=seed,
        )

    def fit(self, matrix: Floats, target: Ints, seed: int) -> Any:
        """Fit on ``matrix``; a column without any value, which cannot be binned, is held at 0."""
        empty = np.isnan(matrix).all(axis=0)
        if empty.any():
            matrix = np.where(empty, 0.0, matrix)
        return self.model(seed).fit(matrix, target)

    def for_rows(self, n: int) -> Settings:
        """Allow smaller leaves where there are fewer than 200 training rows, so that trees still split."""
        return replace(self, rows_per_leaf=min(self.rows_per_leaf, max(5, n // 10)))


GRID = tuple(
    Settings(trees=150, learning_rate=0.06, leaves=leaves, rows_per_leaf=20, l2=5.0, features_per_split=0.3)
    for leaves in (2, 3, 4)
)
"""Many small, strongly regularised trees, smoothest first: smooth functions give steadier counterfactuals.

Two leaves: purely additive. Chosen by cross-validation on the built-in cohorts' ``train`` parts from 100
to 300 trees, learning rates of 0.03 to 0.08, 2 to 6 leaves, 10 to 60 rows a leaf, and 30 or 60 % of the
features a split. On nhanes all lay between 0.742 and 0.747, so the small and quick ones stay; on heart more
leaves were worse (0.928 with two, 0.91 with six).
"""


@dataclass(frozen=True)
class Choice:
    """The settings chosen, and the cross-validated AUROC of all that were tried (JSON-able)."""

    settings: Settings
    tried: tuple[dict[str, Any], ...]


def choose_settings(matrix: Floats, target: Ints, people: People, seed: int) -> Choice:
    """Choose the smoothest of :data:`GRID` whose mean AUROC is within :data:`TOLERANCE` of the best.

    Folds are by participant and stratified.
    """
    held_out = folds(target, people, seed)
    sized = [settings.for_rows(len(target)) for settings in GRID]
    scores = [_mean_auroc(settings, matrix, target, held_out, seed) for settings in sized]
    chosen = next(n for n, score in enumerate(scores) if score >= max(scores) - TOLERANCE)
    tried = tuple(
        {**asdict(settings), "auroc": round(score, 4)} for settings, score in zip(sized, scores, strict=True)
    )
    return Choice(sized[chosen], tried)


Fold = tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]


def folds(target: Ints, people: People, seed: int, *, number: int = FOLDS) -> list[Fold]:
    """Split rows by participant, stratified, into (fitted, held out) positions.

    There are fewer folds where a class has fewer participants, and a fold with one class only is left out.
    """
    from sklearn.model_selection import StratifiedGroupKFold

    rarer = min(len(np.unique(people[target == label].astype(str))) for label in (0, 1))
    splitter = StratifiedGroupKFold(max(2, min(number, rarer)), shuffle=True, random_state=seed)
    splits = splitter.split(np.zeros(len(target)), target, people.astype(str))
    return [(fit, held) for fit, held in splits if len(set(target[fit])) == len(set(target[held])) == 2]


def _mean_auroc(settings: Settings, matrix: Floats, target: Ints, held_out: list[Fold], seed: int) -> float:
    from sklearn.metrics import roc_auc_score

    scores = []
    for fit, held in held_out:
        model = settings.fit(matrix[fit], target[fit], seed)
        scores.append(roc_auc_score(target[held], model.decision_function(matrix[held])))
    return float(np.mean(scores))
