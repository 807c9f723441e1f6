"""Planted cohorts, where the truth is known (tests only)."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pandas as pd

from sensecf_core.augmentation.arms import ARMS, Arm
from sensecf_core.augmentation.rows.sources import METHODS
from sensecf_core.cohorts.cohort import Cohort

Truth = Literal["random", "linear", "two"]


def cohort(truth: Truth, n: int, seed: int = 0) -> Cohort:
    """Eight numbers, a binary feature and three levels, a few gaps.

    The outcome is a coin (``random``), depends on all eight numbers alike (``linear``), or strongly on two of
    them (``two``); about 40 % are class 1.
    """
    rng = np.random.default_rng(seed)
    numbers = rng.standard_normal((n, 8)).round(2)
    score = {
        "random": np.zeros(n),
        "linear": 0.7 * numbers.sum(axis=1),
        "two": 2 * numbers[:, :2].sum(axis=1),
    }
    outcome = rng.logistic(size=n) + score[truth] > 0.4
    frame = pd.DataFrame(numbers, columns=[f"x{i}" for i in range(8)])
    frame.loc[rng.random(n) < 0.05, "x7"] = np.nan
    frame["smokes"] = rng.integers(0, 2, n)
    frame["diet"] = rng.choice(["mixed", "vegan", "other"], n)
    frame["ill"] = outcome.astype(int)
    return Cohort.from_frame(frame, target="ill", name=f"planted-{truth}")


def is_quick(arm: Arm) -> bool:
    """Whether no package and no language model makes its rows."""
    return arm.rows not in METHODS or not METHODS[arm.rows].slow


QUICK = [arm.name for arm in ARMS if is_quick(arm) and not arm.trees_only and arm.rows != "direction-pairs"]
"""Arms that take no second here, without the curves; planted schemas have no directions of risk."""
