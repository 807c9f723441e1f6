"""From the table to ``summary.json``: means with intervals, by direction and limits; all that pages show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from sensecf_core.evaluation.benchmark.pairwise import comparisons, refine_effect
from sensecf_core.evaluation.benchmark.plan import Task
from sensecf_core.evaluation.benchmark.table import MEASURED
from sensecf_core.evaluation.metrics.diversity import feature_entropy
from sensecf_core.evaluation.metrics.plausibility import PlausibilityModel
from sensecf_core.evaluation.metrics.scores import cost_each
from sensecf_core.evaluation.metrics.statistics import (
    mean_interval,
    median_interval,
    of_answerable,
    paired_difference,
    ratio_interval,
)
from sensecf_core.evaluation.raw_candidates import table

RATES = ("solid", "believed", "coverage", "solved", "coverage_validity")
"""Rates over queries, given over the answerable ones too."""
ON_COMPLETE = ("coverage", "validity", "actionable", "gower", "features_changed")
"""Measures given for rows without missing values too."""
ON_FREE = (
    *("coverage", "solved", "coverage_validity", "validity", "violations", "gower", "features_changed"),
    *("lof_inlier", "gower_diversity", "model_rows"),
)
"""Measures given with and without the grammar."""
PLAUSIBILITY = ("in_domain", "in_range", "lof_inlier", "isolation_inlier", "nearest", "neighbours")
LEAST_OF_SUBGROUP = 5
"""Queries from which coverage of a subgroup is given."""
MEDIANS = ("seconds",)
"""Measures that are medians, not means."""


def groups(frame: pd.DataFrame, plausibility: PlausibilityModel, *, seed: int) -> list[dict[str, Any]]:
    """Summarise each direction, limits profile and goal of the benchmark's table.

    Returns
    -------
    One dict each: ``direction``, ``limits``, ``goal``, ``desired``, ``queries``, ``unanswerable`` (share),
    ``proven`` (share that is proven either way), ``complete`` (share), ``real_rows`` (the same plausibility
    of held-out rows of the desired class), ``answers`` (counts, see :func:`_answer_counts`), ``rows`` (each
    with how many answers ``ended`` by what), ``without_grammar`` (language models on the first queries, with
    and without), ``comparisons`` and ``refine_effect``. Every mean is ``{"value", "low", "high", "n"}``.
    """
    summaries = []
    for (direction, limits, goal), part in frame.groupby(["direction", "limits", "goal"], sort=False):
        desired = 1 - int(str(direction)[0])
        queries = part.drop_duplicates(["participant_id", "row_id"])
        people = queries["participant_id"].to_numpy()
        summaries.append(
            {
                "direction": direction,
                "limits": limits,
                "goal": goal,
                "desired": desired,
                "queries": len(queries),
                "unanswerable": mean_interval(_floats(~queries["answerable"]), people, seed=seed).as_json(),
                "proven": mean_interval(_floats(queries["proven"]), people, seed=seed).as_json(),
                "complete": mean_interval(_floats(queries["complete"]), people, seed=seed).as_json(),
                "real_rows": _real_rows(plausibility, desired, seed),
                "answers": _answer_counts(queries),
                "rows": [_row(rows, seed) for _, rows in part[part["grammar"]].groupby("row", sort=False)],
                "without_grammar": _without_grammar(part, seed),
                "comparisons": comparisons(part, seed=seed),
                "refine_effect": refine_effect(part, seed=seed),
            }
        )
    return summaries


def raw_rates(
    tasks: Sequence[Task], records: Mapping[str, Mapping[str, Any]], frame: pd.DataFrame, *, seed: int
) -> list[dict[str, Any]]:
    """Rates of raw candidates of the methods that sample, before any check.

    They are those of :mod:`sensecf_core.evaluation.raw_candidates.table`. Which queries are answerable comes
    from the benchmark's table ``frame``. Queries that are proven to have no answer count only where a method
    was asked. ``asked`` names the queries: all, or those that were asked both with and without the grammar.
    """
    names = list(table.QUERY)
    queries = frame.drop_duplicates(names)
    keys = map(tuple, queries[names].to_numpy())
    answerable = dict(zip(keys, map(bool, queries["answerable"]), strict=True))
    tasks_by_grammar: dict[str, list[Task]] = {"all": [], "with grammar": [], "without grammar": []}
    both = {
        (t.entry.method, t.entry.model, t.query) for t in tasks if t.kind == "free" and t.entry is not None
    }
    for task in tasks:
        if task.entry is None or not task.entry.samples or "raw" not in records[task.key]:
            continue
        if task.kind == "free":
            tasks_by_grammar["without grammar"].append(task)
        elif task.kind == "main":
            tasks_by_grammar["all"].append(task)
            if (task.entry.method, task.entry.model, task.query) in both:
                tasks_by_grammar["with grammar"].append(task)
    return [
        {"asked": part, **row}
        for part, chosen in tasks_by_grammar.items()
        for row in table.summarise([records[task.key]["raw"] for task in chosen], seed, answerable)
    ]


def _answer_counts(queries: pd.DataFrame) -> dict[str, int]:
    """How many queries are proven to have an answer or none, and of the others, how many were answered.

    ``budget`` and ``deadline`` (the safety stop) count what stopped the proof of the others.
    """
    proven = queries["proven"].to_numpy(dtype=bool)
    answerable = queries["answerable"].to_numpy(dtype=bool)
    ended = queries["proof_ended"].to_numpy()
    return {
        "proven_possible": int((proven & answerable).sum()),
        "proven_none": int((proven & ~answerable).sum()),
        "found": int((~proven & answerable).sum()),
        "not_found": int((~proven & ~answerable).sum()),
        "budget": int((ended == "budget").sum()),
        "deadline": int((ended == "deadline").sum()),
    }


def _without_grammar(part: pd.DataFrame, seed: int) -> list[dict[str, Any]]:
    """Rows with and without the grammar on the same queries, and without minus with, paired by query."""
    query = ["participant_id", "row_id"]
    methods = []
    for name, without in part[~part["grammar"]].groupby("with_grammar", sort=False):
        within = part[part["grammar"] & (part["row"] == name)]
        same = without.merge(within, on=query, suffixes=("", " within"), validate="one_to_one")
        people = same["participant_id"].to_numpy()
        pairs = {m: (same[m].to_numpy(), same[f"{m} within"].to_numpy()) for m in ON_FREE}
        methods.append(
            {
                "row": name,
                "method": within["method"].iloc[0],
                "queries": len(same),
                "with": {m: _interval(m, constrained, people, seed) for m, (_, constrained) in pairs.items()},
                "without": {m: _interval(m, free, people, seed) for m, (free, _) in pairs.items()},
                "difference": {
                    m: paired_difference(free, constrained, people, seed=seed).as_json()
                    for m, (free, constrained) in pairs.items()
                },
            }
        )
    return methods


def _row(rows: pd.DataFrame, seed: int) -> dict[str, Any]:
    first = rows.iloc[0]
    people = rows["participant_id"].to_numpy()
    answerable = rows["answerable"].to_numpy(dtype=bool)
    complete = rows["complete"].to_numpy(dtype=bool)
    changes = rows[[name for name in rows.columns if name.startswith("changes.")]]
    return {
        **{name: first[name] for name in ("row", "method", "variant")},
        **{name: bool(first[name]) for name in ("in_use", "grammar")},
        "queries": len(rows),
        "ended": {str(by): int(count) for by, count in rows["ended"].value_counts().items()},
        "measures": {
            **{name: _interval(name, rows[name].to_numpy(), people, seed) for name in MEASURED},
            "feature_entropy": {"value": feature_entropy(changes.to_numpy())},
            "model_rows_each": cost_each(
                rows["model_rows"].to_numpy(), rows["returned"].to_numpy(), people, seed=seed
            ).as_json(),
            "seconds_each": _seconds_each(rows, seed),
        },
        "answerable": {
            name: of_answerable(rows[name].to_numpy(), answerable, people, seed=seed).rate.as_json()
            for name in RATES
        },
        "complete": {
            name: mean_interval(rows[name].to_numpy()[complete], people[complete], seed=seed).as_json()
            for name in ON_COMPLETE
        },
        "subgroups": _subgroups(rows, seed),
        "changes": {
            name.removeprefix("changes."): ratio_interval(
                changes[name].to_numpy(dtype=float), rows["valid"].to_numpy(dtype=float), people, seed=seed
            ).as_json()
            for name in changes.columns
            if changes[name].sum()
        },
    }


def _interval(name: str, values: np.ndarray, people: np.ndarray, seed: int) -> dict[str, Any]:
    if name in MEDIANS:
        return median_interval(values, seed=seed).as_json()
    return mean_interval(values, people, seed=seed).as_json()


def _seconds_each(rows: pd.DataFrame, seed: int) -> dict[str, Any]:
    timed = rows[np.isfinite(rows["seconds"])]
    return cost_each(
        timed["seconds"].to_numpy(),
        timed["returned"].to_numpy(),
        timed["participant_id"].to_numpy(),
        seed=seed,
    ).as_json()


def _subgroups(rows: pd.DataFrame, seed: int) -> dict[str, dict[str, Any]]:
    """Coverage by level of each subgroup, where it has enough queries."""
    subgroups: dict[str, dict[str, Any]] = {}
    for column in (name for name in rows.columns if name.startswith("subgroup.")):
        levels = {
            str(level): mean_interval(
                part["coverage"].to_numpy(), part["participant_id"].to_numpy(), seed=seed
            ).as_json()
            for level, part in rows.groupby(column)
            if len(part) >= LEAST_OF_SUBGROUP
        }
        subgroups[column.removeprefix("subgroup.")] = levels
    return subgroups


def _real_rows(plausibility: PlausibilityModel, desired: int, seed: int) -> dict[str, Any]:
    real = plausibility.score_real_rows(desired)
    return {name: mean_interval(_floats(getattr(real, name)), seed=seed).as_json() for name in PLAUSIBILITY}


def _floats(values: Any) -> np.ndarray:
    return np.asarray(values, dtype=np.float64)
