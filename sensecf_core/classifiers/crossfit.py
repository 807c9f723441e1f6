"""Cross-fitted judgements for cohorts whose test part is too small to say much."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sensecf_core.classifiers.calibration import probability
from sensecf_core.classifiers.classifier import Classifier
from sensecf_core.classifiers.forest import Forest
from sensecf_core.classifiers.metrics import Judged
from sensecf_core.classifiers.training import Rows, fit, rows_of
from sensecf_core.classifiers.tuning import folds
from sensecf_core.cohorts.cohort import Cohort

VAL_SHARE = 4
"""One in this many of a fold's other participants calibrates; as in the cohort's own split."""


@dataclass(frozen=True, eq=False)
class CrossFitted:
    """Every row judged once, by a classifier that never saw its participant."""

    folds: int
    people: npt.NDArray[np.object_]
    main: Judged
    second: Judged


def cross_fit(cohort: Cohort, seed: int) -> CrossFitted:
    """Run the whole recipe (settings, calibration, thresholds) five times, each on four fifths of all."""
    everyone = rows_of(cohort, "train", "val", "test")
    judged: list[tuple[npt.NDArray[np.int64], Judged, Judged]] = []
    for learned, held in folds(everyone.target, everyone.people, seed):
        known = everyone.take(learned)
        train, val = folds(known.target, known.people, seed, number=VAL_SHARE)[0]
        classifier = fit(cohort.schema, known.take(train), known.take(val), seed=seed, refits=0)
        judged.append((held, *judge(classifier, everyone.take(held))))
    order = np.concatenate([held for held, _, _ in judged])
    return CrossFitted(
        folds=len(judged),
        people=everyone.people[order],
        main=_joined([main for _, main, _ in judged]),
        second=_joined([second for _, _, second in judged]),
    )


def judge(classifier: Classifier, rows: Rows) -> tuple[Judged, Judged]:
    """Judge rows by a classifier and by its second judge."""
    raw = Forest.of_model(classifier.tree_model).raw(rows.matrix)
    main = probability(classifier.calibration.margin(raw))
    second = probability(classifier.judge.margin(rows.matrix))
    return (
        Judged(rows.target, main, (main >= classifier.threshold).astype(np.int64)),
        Judged(rows.target, second, (second >= classifier.second_threshold).astype(np.int64)),
    )


def _joined(parts: list[Judged]) -> Judged:
    return Judged(
        np.concatenate([part.target for part in parts]),
        np.concatenate([part.probability for part in parts]),
        np.concatenate([part.predicted for part in parts]),
    )
