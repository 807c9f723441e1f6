"""Cross-fitted predictions for cohorts whose test part is too small to say much."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sensecf_core.classifiers.boosted_trees import BoostedTrees
from sensecf_core.classifiers.calibration import probability
from sensecf_core.classifiers.classifier import Classifier
from sensecf_core.classifiers.evaluation.metrics import Predictions
from sensecf_core.classifiers.hyperparameters import folds
from sensecf_core.classifiers.training import Rows, fit, rows_of
from sensecf_core.cohorts.cohort import Cohort

VAL_SHARE = 4
"""One in this many of a fold's other participants calibrates; as in the cohort's own split."""


@dataclass(frozen=True, eq=False)
class CrossFitted:
    """A prediction for every row by a classifier that never saw its participant."""

    folds: int
    people: npt.NDArray[np.object_]
    main: Predictions
    second: Predictions


def cross_fit(cohort: Cohort, seed: int) -> CrossFitted:
    """Run the whole recipe (settings, calibration, thresholds) five times, each on four fifths of all."""
    everyone = rows_of(cohort, "train", "val", "test")
    predicted: list[tuple[npt.NDArray[np.int64], Predictions, Predictions]] = []
    for fitted, held in folds(everyone.target, everyone.people, seed):
        others = everyone.take(fitted)
        train, val = folds(others.target, others.people, seed, number=VAL_SHARE)[0]
        classifier = fit(cohort.schema, others.take(train), others.take(val), seed=seed, refits=0)
        predicted.append((held, *predict_both(classifier, everyone.take(held))))
    order = np.concatenate([held for held, _, _ in predicted])
    return CrossFitted(
        folds=len(predicted),
        people=everyone.people[order],
        main=_joined([main for _, main, _ in predicted]),
        second=_joined([second for _, _, second in predicted]),
    )


def predict_both(classifier: Classifier, rows: Rows) -> tuple[Predictions, Predictions]:
    """Predict rows by a classifier and by its second classifier."""
    raw = BoostedTrees.of_model(classifier.tree_model).raw(rows.matrix)
    main = probability(classifier.calibration.margin(raw))
    second = probability(classifier.second_classifier.margin(rows.matrix))
    return (
        Predictions(rows.target, main, (main >= classifier.threshold).astype(np.int64)),
        Predictions(rows.target, second, (second >= classifier.second_threshold).astype(np.int64)),
    )


def _joined(parts: list[Predictions]) -> Predictions:
    return Predictions(
        np.concatenate([part.target for part in parts]),
        np.concatenate([part.probability for part in parts]),
        np.concatenate([part.predicted for part in parts]),
    )
