"""What generated rows are worth when labels are scarce (docs/metrics.md, 12)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sensecf_core.classifiers.metrics import Predictions, all_metrics
from sensecf_core.evaluation.metrics.definitions import Better
from sensecf_core.evaluation.metrics.statistics import Interval, paired_difference, ratio_interval
from sensecf_core.types import Floats

SCORES = ("f1", "balanced_accuracy", "auroc", "brier")
"""Reported for every model that learned from scarce, augmented or full training rows."""


def classification_scores(judged: Predictions) -> dict[str, float]:
    """F1 of class 1, balanced accuracy, AUROC and Brier score; NaN where one is undefined."""
    measured = all_metrics(judged, np.ones((1, len(judged.target))))
    return {name: float(measured[name][0]) for name in SCORES}


@dataclass(frozen=True)
class Recovery:
    """``gain`` is augmented minus scarce (positive is better); ``recovered`` the share of what was lost.

    Both over seeds, paired; docs/metrics.md asks for at least ten, and ``gain.n`` says how many there were.
    """

    gain: Interval
    recovered: Interval


def recovery(
    augmented: Floats, scarce: Floats, full: Floats, *, better: Better = "higher", seed: int = 0
) -> Recovery:
    """Compare one score of models trained on augmented, scarce and full rows, each (seeds,), paired.

    ``recovered`` is (augmented - scarce) / (full - scarce): 0 nothing, 1 all, above 1 more than the full
    rows gave, below 0 harm. It is the ratio of the means over seeds, since a single seed's loss can be
    next to nothing, and NaN where scarcity cost nothing on average.
    """
    sign = 1.0 if better == "higher" else -1.0
    return Recovery(
        gain=paired_difference(sign * augmented, sign * scarce, seed=seed),
        recovered=ratio_interval(sign * (augmented - scarce), sign * (full - scarce), seed=seed),
    )
