"""A classifier that neither made pairs nor filtered anything: a random forest (Breiman 2001).

Candidates are also judged by it, so that a rate does not only say how well a model learned the quirks of
the classifier that taught it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from sensecf_core.classifiers.calibration import choose_threshold
from sensecf_core.classifiers.design_matrix import to_matrix
from sensecf_core.cohorts.cohort import Cohort
from sensecf_core.cohorts.encoding import Codes, to_codes
from sensecf_core.cohorts.schema import Schema
from sensecf_core.types import Floats

TREES, LEAST_LEAF = 300, 5


@dataclass(frozen=True)
class IndependentClassifier:
    """A forest fitted on ``train``; its threshold is chosen on ``val`` like the classifier's own."""

    schema: Schema
    forest: Any
    threshold: float

    @classmethod
    def fit(cls, cohort: Cohort, seed: int = 0) -> IndependentClassifier:
        """Fit on the cohort's training rows; missing values are sent the way that splits best."""
        from sklearn.ensemble import RandomForestClassifier

        parts = {name: cohort.parts.eq(name).to_numpy() for name in ("train", "val")}
        matrix = {
            name: to_matrix(cohort.schema, to_codes(cohort.schema, cohort.rows[mask]))
            for name, mask in parts.items()
        }
        target = {name: cohort.target[mask].to_numpy(dtype=np.int64) for name, mask in parts.items()}
        forest = RandomForestClassifier(TREES, min_samples_leaf=LEAST_LEAF, random_state=seed)
        forest.fit(matrix["train"], target["train"])
        on_val = forest.predict_proba(matrix["val"])[:, 1]
        return cls(cohort.schema, forest, choose_threshold(on_val, target["val"]))

    def predict(self, codes: Codes) -> npt.NDArray[np.int64]:
        """The predicted class of each row of codes (n, features)."""
        return (self.probability(codes) >= self.threshold).astype(np.int64)

    def probability(self, codes: Codes) -> Floats:
        """Share of the votes for class 1 of each row of codes (n, features), shape (n,)."""
        if not len(codes):
            return np.empty(0)
        return np.asarray(self.forest.predict_proba(to_matrix(self.schema, codes))[:, 1])
