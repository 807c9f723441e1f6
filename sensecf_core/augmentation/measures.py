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

THRESHOLDS: Mapping[str, str] = MappingProxyType(
    {
        "half": "threshold 0.5",
        "prevalence": "threshold at the known prevalence",
        "tuned": "threshold tuned on the scarce validation rows",
    }
)

MEASURES: Mapping[str, str] = MappingProxyType(
    {
        "auroc": "AUROC",
        "average_precision": "average precision of the scarce class",
        **{f"f1_{name}": f"F1 of the scarce class, {words}" for name, words in THRESHOLDS.items()},
        **{
            f"f1_macro_{name}": f"macro F1 (mean of both classes), {words}"
            for name, words in THRESHOLDS.items()
        },
        **{f"balanced_accuracy_{name}": f"balanced accuracy, {words}" for name, words in THRESHOLDS.items()},
        "brier": "Brier score",
        "brier_corrected": "Brier score, corrected for the known prevalence",
        "calibration": "calibration in the large (mean risk minus share of class 1)",
        "calibration_slope": "calibration slope of the risk corrected for the known prevalence (1 is best)",
    }
)

LOWER_IS_BETTER = ("brier", "brier_corrected")
BEST: Mapping[str, float] = MappingProxyType({"calibration": 0.0, "calibration_slope": 1.0})
"""Measures whose best value is neither the highest nor the lowest."""

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
    decisions = {
        "half": said >= fixed,
        "prevalence": corrected >= prevalence,
        "tuned": corrected >= tuned,
    }
    return {
        "auroc": float(roc_auc_score(target, raw)),
        "average_precision": float(average_precision_score(target == label, raw if label else 1 - raw)),
        **{f"f1_{name}": f1(flagged, target, label) for name, flagged in decisions.items()},
        **{
            f"f1_macro_{name}": (f1(flagged, target, 0) + f1(flagged, target, 1)) / 2
            for name, flagged in decisions.items()
        },
        **{
            f"balanced_accuracy_{name}": balanced_accuracy(flagged, target)
            for name, flagged in decisions.items()
        },
        "brier": float(brier_score_loss(target, said)),
        "brier_corrected": float(brier_score_loss(target, corrected)),
        "calibration": float(said.mean() - target.mean()),
        "calibration_slope": calibration_slope(corrected, target),
    }


def f1(flagged: Mask, target: Ints, label: int) -> float:
    """F1 of class ``label``, where ``flagged`` rows are decided to be class 1; 0 where nothing is right."""
    decided, true = flagged == bool(label), target == label
    right = int((decided & true).sum())
    return 2 * right / max(1, int(decided.sum()) + int(true.sum()))


def balanced_accuracy(flagged: Mask, target: Ints) -> float:
    """Mean of sensitivity and specificity, where ``flagged`` rows are decided to be class 1."""
    return float((flagged[target == 1].mean() + (~flagged[target == 0]).mean()) / 2)


def calibration_slope(risks: Floats, target: Ints) -> float:
    """Slope of a logistic regression of the class on the log-odds of the risk (Cox 1958); 1 is best.

    Below 1 risks are too extreme, above 1 not extreme enough; NaN where all risks are the same.
    """
    from sklearn.linear_model import LogisticRegression

    inside = np.clip(risks, EDGE, 1 - EDGE)
    log_odds = np.log(inside / (1 - inside))
    if np.ptp(log_odds) < EDGE:
        return float("nan")
    model = LogisticRegression(C=np.inf, max_iter=1000).fit(log_odds[:, None], target)
    return float(model.coef_[0, 0])


def gains(name: str, ours: Floats, theirs: Floats) -> Floats:
    """How much better ``ours`` are in a measure, repeat by repeat (above 0: better)."""
    if name in BEST:
        return np.asarray(np.abs(theirs - BEST[name]) - np.abs(ours - BEST[name]))
    return np.asarray(theirs - ours if name in LOWER_IS_BETTER else ours - theirs)


@dataclass(frozen=True)
class Paired:
    """A mean of paired differences over repeats, with two 95 % intervals.

    ``se`` and ``low``–``high`` take the repeats as independent. They share rows, so ``corrected_low`` and
    ``corrected_high`` use the variance of Nadeau & Bengio (2003): (1 / repeats + test rows / training rows)
    times that of the differences; ``p`` is two-sided, by the corrected variance, against no difference. NaN
    with fewer than two repeats.
    """

    mean: float
    se: float
    low: float
    high: float
    corrected_low: float
    corrected_high: float
    repeats: int
    p: float = np.nan

    @classmethod
    def of(cls, differences: Floats) -> Paired:
        """From the differences of the repeats, shape (repeats,); NaN where a repeat has none."""
        from scipy.stats import t

        differences = differences[~np.isnan(differences)]
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
            p=float(2 * t.sf(abs(mean) / wide, n - 1)) if wide else float(mean == 0),
        )

    def as_json(self) -> dict[str, Any]:
        """Its fields by name."""
        return asdict(self)


def is_lost(loss: Paired) -> bool:
    """Whether there is anything to recover: more than 2 standard errors and more than :data:`LEAST_LOSS`."""
    return isfinite(loss.se) and loss.mean > max(2 * loss.se, LEAST_LOSS)


def recovery(gained: Floats, lost: Floats) -> float | None:
    """Sum of the gains over the sum of the losses, each (repeats,); None where nothing was lost.

    Both sums are over the repeats in which the arm was fitted (elsewhere its gain is NaN).
    """
    there = ~np.isnan(gained)
    if not there.any() or not is_lost(Paired.of(lost)) or lost[there].sum() <= 0:
        return None
    return float(gained[there].sum() / lost[there].sum())


def holm(p_values: Sequence[float]) -> list[float]:
    """Holm's step-down adjustment of p-values, in their order (Holm 1979)."""
    order = np.argsort(p_values, kind="stable")
    adjusted, highest = [0.0] * len(p_values), 0.0
    for rank, position in enumerate(order):
        highest = max(highest, min(1.0, (len(p_values) - rank) * p_values[position]))
        adjusted[int(position)] = highest
    return adjusted


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
