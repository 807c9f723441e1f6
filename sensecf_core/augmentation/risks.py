"""What the risks of the test rows show: calibration in bins, subgroups, and how stable a person's risk is."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from sensecf_core.augmentation.run_task import unpacked
from sensecf_core.cohorts.cohort import Cohort
from sensecf_core.cohorts.split import split
from sensecf_core.types import Floats, Ints

Record = Mapping[str, Any]

BINS = 10
FEWEST = 20
"""Rows of each class, over all repeats, from which a subgroup has an AUROC."""


def about_risks(cohort: Cohort, first_seed: int, records: Sequence[Record]) -> dict[str, Any]:
    """Of one cell, by arm: ``reliability``, ``subgroups`` and ``instability``, all of boosted trees.

    Risks are corrected for the known prevalence. Repeats test different people, so instability is the
    standard deviation of one person's risk over the repeats that tested them, the mean of those tested at
    least twice.
    """
    risks: dict[str, list[tuple[int, Floats]]] = defaultdict(list)
    for record in records:
        if "risks" in record:
            risks[record["arm"]].append((record["repeat"], unpacked(record["risks"])))
    repeats = {repeat for of_arm in risks.values() for repeat, _ in of_arm}
    tested = {
        repeat: np.flatnonzero(split(cohort.target, first_seed + repeat).eq("test").to_numpy())
        for repeat in repeats
    }
    target = cohort.target.to_numpy(dtype=np.int64)
    found: dict[str, Any] = {"reliability": {}, "subgroups": {}, "instability": {}}
    for arm, of_arm in risks.items():
        rows = np.concatenate([tested[repeat] for repeat, _ in of_arm])
        values = np.concatenate([each for _, each in of_arm])
        found["reliability"][arm] = reliability(values, target[rows])
        found["subgroups"][arm] = _subgroups(cohort, rows, values, target[rows])
        found["instability"][arm] = instability(rows, values)
    return found


def reliability(risks: Floats, target: Ints) -> list[dict[str, float]]:
    """Mean risk and share of class 1 in :data:`BINS` bins of equal size, the lowest risks first."""
    order = np.argsort(risks, kind="stable")
    return [
        {"risk": float(risks[part].mean()), "share": float(target[part].mean()), "n": len(part)}
        for part in np.array_split(order, BINS)
        if len(part)
    ]


def instability(rows: Ints, risks: Floats) -> float | None:
    """Mean over rows that occur twice or more of the standard deviation of their risks; None without any."""
    spread = pd.Series(risks).groupby(rows).std(ddof=1).dropna()
    return float(spread.mean()) if len(spread) else None


def _subgroups(cohort: Cohort, rows: Ints, risks: Floats, target: Ints) -> dict[str, dict[str, Any]]:
    """Of each level of each subgroup: tests, AUROC, and mean risk minus share of class 1."""
    from sklearn.metrics import roc_auc_score

    found = {}
    for subgroup in cohort.schema.subgroups:
        levels = cohort.subgroups[subgroup.name].to_numpy()[rows]
        for level in subgroup.levels:
            mine = levels == level
            if not mine.any():
                continue
            enough = min((target[mine] == label).sum() for label in (0, 1)) >= FEWEST
            found[f"{subgroup.label}: {level}"] = {
                "n": int(mine.sum()),
                "auroc": float(roc_auc_score(target[mine], risks[mine])) if enough else None,
                "calibration": float(risks[mine].mean() - target[mine].mean()),
            }
    return found
