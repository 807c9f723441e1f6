"""Rows of the benchmark against each other: on the queries that all of them solved, and in ranks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
import pandas as pd

from sensecf_core.evaluation.metrics.definitions import MEASURES
from sensecf_core.evaluation.metrics.paired_tests import Pair, common_solved, compare, on_same_queries
from sensecf_core.evaluation.metrics.statistics import paired_difference

ON_ALL = ("coverage", "coverage_validity", "validity")
"""Compared on all queries: on those that all solved, they would only say that all solved them."""
COMPARED = (
    *ON_ALL,
    "second_validity",
    "third_validity",
    "violations",
    "gower",
    "mad_l1",
    "features_changed",
    "lof_inlier",
    "nearest",
    "neighbours",
    "gower_diversity",
    "redundancy",
    "refit_validity",
)
"""Measures on which rows are compared."""
LEAST_SOLVED = 0.25
"""A row that solves fewer of the queries is left out, since the common set would shrink to its few."""
KINDS = ("in_use", "returned", "refined")
"""Which rows stand against each other: each method as it is meant to be used (methods that search as they
return, samplers refined), all of them as returned, all of them refined by the same step."""


def comparisons(group: pd.DataFrame, *, seed: int) -> dict[str, Any]:
    """Compare the rows of one direction and limits profile; one entry per kind of :data:`KINDS`.

    ``group`` is the part of the benchmark's table about them. Each entry has the ``rows`` compared, those
    ``left_out``, the ``common`` queries that all of the former solved, and by measure: means on the same
    ``queries`` (``quality``), Friedman's test with mean ranks (``friedman``), and for ``in_use`` the pairs by
    Holm-corrected Wilcoxon tests (``pairs``). The queries of a measure are those of the common ones (of all,
    for :data:`ON_ALL`) on which every row has it; rows that never have it (diversity of one answer) stay out.
    """
    rows = group[group["grammar"]]
    return {
        kind: _compared(rows[rows["in_use"] if kind == "in_use" else rows["variant"] == kind], kind, seed)
        for kind in KINDS
    }


def refine_effect(group: pd.DataFrame, *, seed: int) -> list[dict[str, Any]]:
    """What the engine's refining changes for each method: refined minus as returned, paired by query."""
    rows = group[group["grammar"]]
    effects = []
    for method, of_method in rows.groupby("method", sort=False):
        columns = {kind: of_method[of_method["variant"] == kind] for kind in ("refined", "returned")}
        people = _people(columns["refined"])
        differences = {
            name: paired_difference(
                columns["refined"][name].to_numpy(), columns["returned"][name].to_numpy(), people, seed=seed
            ).as_json()
            for name in COMPARED
        }
        effects.append({"method": method, "measures": differences})
    return effects


def _compared(rows: pd.DataFrame, kind: str, seed: int) -> dict[str, Any]:
    names = list(dict.fromkeys(rows["row"]))
    by_row = {name: rows[rows["row"] == name] for name in names}
    solved = {name: part["solved"].to_numpy() > 0 for name, part in by_row.items()}
    compared = [name for name in names if solved[name].mean() >= LEAST_SOLVED]
    entry: dict[str, Any] = {"rows": compared, "left_out": [name for name in names if name not in compared]}
    if not compared:
        return entry | {"common": {"queries": 0, "of": 0}, "quality": {}, "friedman": {}, "pairs": {}}
    people = _people(by_row[compared[0]])
    chosen = {name: solved[name] for name in compared}
    entry["common"] = {"queries": int(common_solved(chosen).sum()), "of": len(people)}
    entry["quality"], entry["friedman"], entry["pairs"] = {}, {}, {}
    for measure in COMPARED:
        among = np.ones(len(people), dtype=bool) if measure in ON_ALL else common_solved(chosen)
        columns = {name: np.where(among, by_row[name][measure].to_numpy(), np.nan) for name in compared}
        measured = {name: column for name, column in columns.items() if np.isfinite(column).any()}
        if measured:
            same = on_same_queries(measured, among, people, seed=seed)
            means = {name: interval.as_json() for name, interval in same.means.items()}
            entry["quality"][measure] = {"queries": same.queries, "means": means}
        if len(measured) > 1:
            comparison = compare(
                measured, MEASURES[measure].better, people, seed=seed, pairs=kind == "in_use"
            )
            if comparison.friedman is not None:
                entry["friedman"][measure] = asdict(comparison.friedman)
            if comparison.pairs:
                entry["pairs"][measure] = _as_json(comparison.pairs)
    return entry


def _as_json(pairs: Sequence[Pair]) -> list[dict[str, Any]]:
    return [{**asdict(pair), "difference": pair.difference.as_json()} for pair in pairs]


def _people(rows: pd.DataFrame) -> np.ndarray:
    return np.asarray(rows["participant_id"])
