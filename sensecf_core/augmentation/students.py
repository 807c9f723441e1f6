"""The students: boosted trees, ridge logistic regression, random forest, and the mean of the three (panel).

Their settings are chosen once a cell and repeat, by cross-validation on the real scarce rows, and are the
same for every arm: synthetic rows change what is learned, never how.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from sensecf_core.classifiers.hyperparameters import Settings, choose_settings, folds
from sensecf_core.classifiers.training import Rows
from sensecf_core.types import Floats, Mask, People

STUDENTS = ("trees", "ridge", "forest", "panel")
RIDGE_GRID = (0.01, 0.03, 0.1, 1.0)
FOREST_TREES = 100
FOREST_LEAF = 5
"""Fewest rows of a forest's leaf; 2 where there are fewer than 100 real rows."""
PANEL_FOLDS = 5
"""Parts of the participants of whom each is left out of one panel."""


@dataclass(frozen=True)
class Material:
    """What a student is fitted on.

    Attributes
    ----------
    matrix : (n, columns) of :func:`~sensecf_core.classifiers.design_matrix.to_matrix`.
    target : (n,), probabilities of class 1; 0 or 1 for real rows.
    weight : (n,), above 0.
    """

    matrix: Floats
    target: Floats
    weight: Floats

    @classmethod
    def of(cls, rows: Rows) -> Material:
        """Real rows, each of weight 1."""
        return cls(rows.matrix, rows.target.astype(np.float64), np.ones(len(rows.target)))

    def and_also(self, other: Material) -> Material:
        """Both, one after the other."""
        return Material(
            np.vstack([self.matrix, other.matrix]),
            np.concatenate([self.target, other.target]),
            np.concatenate([self.weight, other.weight]),
        )

    @property
    def share(self) -> float:
        """The weighted share of class 1: the prior that a student learns."""
        return float(np.average(self.target, weights=self.weight))

    def hardened(self) -> Material:
        """Write a row with a soft target p as two: class 1 with p of its weight, class 0 with the rest."""
        ones, zeros = self.target > 0, self.target < 1
        return Material(
            np.vstack([self.matrix[ones], self.matrix[zeros]]),
            np.concatenate([np.ones(int(ones.sum())), np.zeros(int(zeros.sum()))]),
            np.concatenate([(self.weight * self.target)[ones], (self.weight * (1 - self.target))[zeros]]),
        )


@dataclass(frozen=True)
class StudentSettings:
    """Hyperparameters of all students, and the seed of the trees and the forest."""

    trees: Settings
    ridge_c: float
    forest_leaf: int
    seed: int


@dataclass(frozen=True)
class Fitted:
    """Fitted students by name, without the panel, and the prior that they learned."""

    models: Mapping[str, Any]
    share: float

    def probabilities(self, matrix: Floats) -> dict[str, Floats]:
        """p(class 1) by student, each (n,), not calibrated; ``panel`` is the mean of the others."""
        found = {name: model.predict_proba(matrix)[:, 1] for name, model in self.models.items()}
        whole = len(found) == len(STUDENTS) - 1
        return {**found, "panel": np.mean(list(found.values()), axis=0)} if whole else found


def choose(rows: Rows, seed: int) -> StudentSettings:
    """Choose all settings on real rows, in folds by participant.

    A leaf of the boosted trees keeps at least a tenth of the real rows, from 2 to 20: below 50 rows the
    classifiers' own rule (5 at least) can leave trees that cannot split.
    """
    n = len(rows.target)
    trees = choose_settings(rows.matrix, rows.target, rows.people, seed).settings
    return StudentSettings(
        trees=replace(trees, rows_per_leaf=min(trees.rows_per_leaf, max(2, n // 10))),
        ridge_c=_choose_ridge(rows, seed),
        forest_leaf=FOREST_LEAF if n >= 100 else 2,
        seed=seed,
    )


def fit(settings: StudentSettings, material: Material, *, trees_only: bool = False) -> Fitted:
    """Fit every student; soft targets count as two weighted rows (:meth:`Material.hardened`)."""
    from sklearn.ensemble import RandomForestClassifier

    hard = material.hardened()
    target = hard.target.astype(np.int64)
    # Weights that are all alike only make binning slower.
    weight = None if np.ptp(hard.weight) == 0 else hard.weight
    # The binning of boosted trees refuses a column without any value; a constant one is never split on.
    matrix = np.where(np.isnan(hard.matrix).all(axis=0), 0.0, hard.matrix)
    models = {"trees": settings.trees.model(settings.seed).fit(matrix, target, sample_weight=weight)}
    if not trees_only:
        forest = RandomForestClassifier(
            FOREST_TREES, min_samples_leaf=settings.forest_leaf, random_state=settings.seed
        )
        ridge = _ridge(settings.ridge_c)
        models["ridge"] = ridge.fit(hard.matrix, target, logisticregression__sample_weight=weight)
        models["forest"] = forest.fit(matrix, target, sample_weight=weight)
    return Fitted(models, material.share)


@dataclass(frozen=True)
class CrossFittedPanel:
    """Who gives soft labels to synthetic rows: one panel a fold, fitted without the fold's participants."""

    panels: tuple[tuple[frozenset[str], Fitted], ...]

    @classmethod
    def fit(cls, settings: StudentSettings, rows: Rows) -> CrossFittedPanel:
        """Fit on the real scarce training rows; a fold whose other rows have one class only has no panel."""
        from sklearn.model_selection import StratifiedGroupKFold

        people = rows.people.astype(str)
        rarer = min(len(set(people[rows.target == label])) for label in (0, 1))
        splitter = StratifiedGroupKFold(min(PANEL_FOLDS, rarer), shuffle=True, random_state=settings.seed)
        panels = []
        for others, held in splitter.split(rows.matrix, rows.target, people):
            if len(set(rows.target[others])) == 2:
                panels.append((frozenset(people[held]), fit(settings, Material.of(rows.take(others)))))
        return cls(tuple(panels))

    def label(self, matrix: Floats, owners: People) -> Floats:
        """p(class 1) of each synthetic row by the panel that did not train on its owner, shape (n,).

        ``owners`` (n,) are the participants whose rows the synthetic ones were made of. NaN for an owner
        whom no panel left out.
        """
        found = np.full(len(matrix), np.nan)
        for held, panel in self.panels:
            mine: Mask = np.isin(owners.astype(str), list(held))
            if mine.any():
                found[mine] = panel.probabilities(matrix[mine])["panel"]
        return found

    def label_strangers(self, matrix: Floats) -> Floats:
        """p(class 1) of rows (n, columns) of people on whom no panel trained: the panels' mean, (n,)."""
        labels: Floats = np.mean([panel.probabilities(matrix)["panel"] for _, panel in self.panels], axis=0)
        return labels


def _ridge(c: float) -> Any:
    """The second classifier's design: medians and missing-value indicators, scaled."""
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    filled = SimpleImputer(strategy="median", add_indicator=True, keep_empty_features=True)
    return make_pipeline(filled, StandardScaler(), LogisticRegression(C=c, max_iter=2000))


def _choose_ridge(rows: Rows, seed: int) -> float:
    """The C with the best mean cross-validated AUROC; of equally good ones the smallest."""
    from sklearn.metrics import roc_auc_score

    held_out = folds(rows.target, rows.people, seed)
    scores = []
    for c in RIDGE_GRID:
        fold_scores = []
        for fit_on, held in held_out:
            model = _ridge(c).fit(rows.matrix[fit_on], rows.target[fit_on])
            fold_scores.append(roc_auc_score(rows.target[held], model.decision_function(rows.matrix[held])))
        scores.append(np.mean(fold_scores))
    return RIDGE_GRID[int(np.argmax(np.round(scores, 9)))]
