"""What an arm is measured by, and what it won back of the loss."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from math import isfinite, sqrt
from types import MappingProxyType
from typing import Any

import numpy as np

from sensecf_core.classifiers.calibration import choose_threshold
from sensecf_core.cohorts.split import SHARES
from sensecf_core.types import Floats, Ints, Mask

MEASURES: Mapping[str, str] = MappingProxyType(
    {
        "auroc": "AUROC",
        "average_precision": "average precision of the scarce class",
        "f1_half": "F1 of the scarce class, threshold 0.5",
        "f1_prevalence": "F1 of the scarce class, threshold at the known prevalence",
        "f1_tuned": "F1 of the scarce class, threshold tuned on the scarce validation rows",
        "brier": "Brier score",
        "brier_corrected": "Brier score, corrected for the known prevalence",
        "calibration": "calibration in the large (mean risk minus share of class 1)",
    }
)

LOWER_IS_BETTER = ("brier", "brier_corrected")
NEAR_ZERO_IS_BEST = ("calibration",)

LEAST_LOSS = 0.02
"""A mean loss up to this is nothing to recover, however sure."""

TEST_PER_TRAIN = SHARES["test"] / SHARES["train"]
"""Test rows per training row of a repeat, for the corrected intervals."""

EDGE = 1e-6
"""Probabilities are kept this far from 0 and 1 where log-odds are taken."""


def correct_prior(probabilities: Floats, learned: float, known: float) -> Floats:
    """Shift p(class 1), shape (n,), from the prior that a model learned to the one that is known.

    The odds are multiplied by (known odds / learned odds) (Saerens et al. 2002, eq. 2.4).
    """
    inside = np.clip(probabilities, EDGE, 1 - EDGE)
    odds = inside / (1 - inside) * (known / (1 - known)) * ((1 - learned) / learned)
    corrected: Floats = odds / (1 + odds)
    return corrected


@dataclass(frozen=True)
class Deployment:
    """Where a student will be used: share of class 1 there, and the class whose F1 counts."""

    prevalence: float
    scarce_class: int


def measure(
    test: tuple[Floats, Ints],
    val: tuple[Floats, Ints],
    share: float,
    deployment: Deployment,
    *,
    moved: bool = False,
) -> dict[str, float]:
    """All of :data:`MEASURES` of one student.

    Parameters
    ----------
    test, val : p(class 1) as the student says it, and the class; the latter are the scarce validation rows.
    share : the share of class 1 that the student learned from.
    moved : the arm `threshold`: probabilities are corrected for the known prevalence, and what others decide
        at 0.5 it decides at that prevalence.

    Notes
    -----
    The prevalence threshold flags whoever's corrected risk is at least the known prevalence. The tuned one is
    chosen like a classifier's (:func:`~sensecf_core.classifiers.calibration.choose_threshold`) on corrected
    risks, and of equally good ones the nearest to the known prevalence is taken.
    """
    from sklearn.metrics import average_precision_score, brier_score_loss, roc_auc_score

    raw, target = test
    prevalence = deployment.prevalence
    corrected = correct_prior(raw, share, prevalence)
    tuned = choose_threshold(correct_prior(val[0], share, prevalence), val[1], prevalence)
    said, fixed = (corrected, prevalence) if moved else (raw, 0.5)
    label = deployment.scarce_class
    return {
        "auroc": float(roc_auc_score(target, raw)),
        "average_precision": float(average_precision_score(target == label, raw if label else 1 - raw)),
        "f1_half": f1(said >= fixed, target, label),
        "f1_prevalence": f1(corrected >= prevalence, target, label),
        "f1_tuned": f1(corrected >= tuned, target, label),
        "brier": float(brier_score_loss(target, said)),
        "brier_corrected": float(brier_score_loss(target, corrected)),
        "calibration": float(said.mean() - target.mean()),
    }


def f1(flagged: Mask, target: Ints, label: int) -> float:
    """F1 of class ``label``, where ``flagged`` rows are decided to be class 1; 0 where nothing is right."""
    decided, true = flagged == bool(label), target == label
    right = int((decided & true).sum())
    return 2 * right / max(1, int(decided.sum()) + int(true.sum()))


def gains(name: str, ours: Floats, theirs: Floats) -> Floats:
    """How much better ``ours`` are in a measure, repeat by repeat (above 0: better)."""
    if name in NEAR_ZERO_IS_BEST:
        return np.asarray(np.abs(theirs) - np.abs(ours))
    return np.asarray(theirs - ours if name in LOWER_IS_BETTER else ours - theirs)


@dataclass(frozen=True)
class Paired:
    """A mean of paired differences over repeats, with two 95 % intervals.

    ``se`` and ``low``–``high`` take the repeats as independent. They share rows, so ``corrected_low`` and
    ``corrected_high`` use the variance of Nadeau & Bengio (2003): (1 / repeats + test rows / training rows)
    times that of the differences. NaN with fewer than two repeats.
    """

    mean: float
    se: float
    low: float
    high: float
    corrected_low: float
    corrected_high: float
    repeats: int

    @classmethod
    def of(cls, differences: Floats) -> Paired:
        """From the differences of the repeats, shape (repeats,)."""
        from scipy.stats import t

        n = len(differences)
        mean = float(np.mean(differences)) if n else np.nan
        if n < 2:
            return cls(mean, np.nan, np.nan, np.nan, np.nan, np.nan, n)
        deviation = float(np.std(differences, ddof=1))
        quantile = float(t.ppf(0.975, n - 1))
        plain = deviation / sqrt(n)
        wide = deviation * sqrt(1 / n + TEST_PER_TRAIN)
        return cls(
            mean=mean,
            se=plain,
            low=mean - quantile * plain,
            high=mean + quantile * plain,
            corrected_low=mean - quantile * wide,
            corrected_high=mean + quantile * wide,
            repeats=n,
        )

    def as_json(self) -> dict[str, Any]:
        """Its fields by name."""
        return asdict(self)


def is_lost(loss: Paired) -> bool:
    """Whether there is anything to recover: more than 2 standard errors and more than :data:`LEAST_LOSS`."""
    return isfinite(loss.se) and loss.mean > max(2 * loss.se, LEAST_LOSS)


def recovery(gained: Floats, lost: Floats) -> float | None:
    """Sum of the gains over the sum of the losses, each (repeats,); None where nothing was lost."""
    return float(np.sum(gained) / np.sum(lost)) if is_lost(Paired.of(lost)) else None


def labels_worth(curve: Sequence[tuple[int, float]], value: float, labels: int) -> float | None:
    """How many more real labels give an AUROC of ``value``, read off the learning curve of the scarce model.

    Parameters
    ----------
    curve : (training labels, mean AUROC), at least two points; read as never falling, linear in the
        logarithm of the labels between them.
    labels : the training labels that the arm had.

    Returns
    -------
    None where the curve has fewer than two points, never comes that high, or begins higher; below 0 where
    fewer labels do as well.
    """
    points = sorted(curve)
    heights = np.maximum.accumulate([height for _, height in points])
    if len(points) < 2 or not heights[0] <= value <= heights[-1]:
        return None
    logs = np.log([count for count, _ in points])
    return round(float(np.exp(np.interp(value, heights, logs)) - labels), 6)
