"""Labels of synthetic rows: the panel's soft labels, cross-fitted by participant, and the full model's.

A row's own hard label is decided where the row is made (:mod:`sensecf_core.augmentation.rows`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sensecf_core.augmentation.students import Fitted, Material, StudentSettings, fit
from sensecf_core.classifiers.training import Rows
from sensecf_core.types import Floats, Mask, People

FOLDS = 5


@dataclass(frozen=True)
class CrossFittedPanel:
    """One panel a fold, each fitted without the participants of its fold."""

    panels: tuple[tuple[frozenset[str], Fitted], ...]

    @classmethod
    def fit(cls, settings: StudentSettings, rows: Rows) -> CrossFittedPanel:
        """Fit on the real scarce training rows; a fold whose other rows have one class only has no panel."""
        from sklearn.model_selection import StratifiedGroupKFold

        people = rows.people.astype(str)
        rarer = min(len(set(people[rows.target == label])) for label in (0, 1))
        splitter = StratifiedGroupKFold(min(FOLDS, rarer), shuffle=True, random_state=settings.seed)
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
