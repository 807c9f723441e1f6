"""From the table to ``summary.json``: means with intervals, by direction and limits; all that pages show."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from sensecf_core.evaluation import trace_table
from sensecf_core.evaluation.benchmark.comparing import comparisons, refine_effect
from sensecf_core.evaluation.benchmark.plan import Task
from sensecf_core.evaluation.benchmark.table import MEASURED, QUERY
from sensecf_core.evaluation.diversity import feature_entropy
from sensecf_core.evaluation.metrics import cost_each
from sensecf_core.evaluation.plausibility import Surroundings
from sensecf_core.evaluation.statistics import (
    mean_interval,
    median_interval,
    of_answerable,
    ratio_interval,
)

RATES = ("coverage", "solved", "coverage_validity")
"""Rates over queries, given over the answerable ones too."""
ON_COMPLETE = ("coverage", "validity", "actionable", "gower", "features_changed")
"""Measures given for rows without missing values too."""
LOOKS = ("in_domain", "in_range", "lof_inlier", "isolation_inlier", "nearest", "neighbours")
LEAST_OF_SUBGROUP = 5
"""Queries from which coverage of a subgroup is given."""
MEDIANS = ("seconds",)
"""Measures that are medians, not means."""


def groups(frame: pd.DataFrame, surroundings: Surroundings, *, seed: int) -> list[dict[str, Any]]:
    """Summarise every direction and limits profile of the benchmark's table.

    Returns
    -------
    One dict each: ``direction``, ``limits``, ``desired``, ``queries``, ``unanswerable`` (share), ``proven``
    (share that is proven either way), ``complete`` (share), ``real_rows`` (the same plausibility of held-out
    rows of the desired class), ``rows``, ``comparisons`` and ``refine_effect``. Every number is
    ``{"value", "low", "high", "n"}``.
    """
    found = []
    for (direction, limits), part in frame.groupby(["direction", "limits"], sort=False):
        desired = 1 - int(str(direction)[0])
        queries = part.drop_duplicates(["participant_id", "row_id"])
        people = queries["participant_id"].to_numpy()
        found.append(
            {
                "direction": direction,
                "limits": limits,
                "desired": desired,
                "queries": len(queries),
                "unanswerable": mean_interval(_floats(~queries["answerable"]), people, seed=seed).as_json(),
                "proven": mean_interval(_floats(queries["proven"]), people, seed=seed).as_json(),
                "complete": mean_interval(_floats(queries["complete"]), people, seed=seed).as_json(),
                "real_rows": _real_rows(surroundings, desired, seed),
                "rows": [_row(rows, seed) for _, rows in part.groupby("row", sort=False)],
                "comparisons": comparisons(part, seed=seed),
                "refine_effect": refine_effect(part, seed=seed),
            }
        )
    return found


def raw_rates(
    tasks: Sequence[Task], records: Mapping[str, Mapping[str, Any]], frame: pd.DataFrame, *, seed: int
) -> list[dict[str, Any]]:
    """Rates of raw candidates of the methods that sample, before any check (:mod:`~..trace_table`).

    Which queries can be answered is what the benchmark's table ``frame`` says. ``asked`` says of which
    queries: all, or those that were answered both with and without the grammar.
    """
    without = [task for task in tasks if task.kind == "free"]
    both = {(task.spec.method, task.spec.model, task.query) for task in without}
    sampled = [task for task in tasks if task.kind == "main" and task.spec.samples]
    paired = [task for task in sampled if (task.spec.method, task.spec.model, task.query) in both]
    said = frame.drop_duplicates(list(QUERY)).set_index(list(QUERY))["answerable"].to_dict()

    def raw(task: Task) -> dict[str, Any]:
        found = records[task.key]["raw"]
        return {**found, "answerable": said[tuple(found[name] for name in QUERY)]}

    return [
        {"asked": asked, **row}
        for asked, chosen in (("all", sampled), ("with grammar", paired), ("without grammar", without))
        for row in trace_table.summarise([raw(task) for task in chosen], seed)
    ]


def rounded(value: Any) -> Any:
    """The same JSON value with numbers of six significant digits and null for what is not finite."""
    if isinstance(value, float):
        return float(f"{value:.6g}") if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: rounded(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [rounded(item) for item in value]
    return value


def _row(rows: pd.DataFrame, seed: int) -> dict[str, Any]:
    first = rows.iloc[0]
    people = rows["participant_id"].to_numpy()
    answerable = rows["answerable"].to_numpy(dtype=bool)
    whole = rows["complete"].to_numpy(dtype=bool)
    changes = rows[[name for name in rows.columns if name.startswith("changes.")]]
    return {
        **{name: first[name] for name in ("row", "method", "variant")},
        **{name: bool(first[name]) for name in ("in_use", "grammar")},
        "queries": len(rows),
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
            name: mean_interval(rows[name].to_numpy()[whole], people[whole], seed=seed).as_json()
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
    found: dict[str, dict[str, Any]] = {}
    for column in (name for name in rows.columns if name.startswith("subgroup.")):
        levels = {
            str(level): mean_interval(
                part["coverage"].to_numpy(), part["participant_id"].to_numpy(), seed=seed
            ).as_json()
            for level, part in rows.groupby(column)
            if len(part) >= LEAST_OF_SUBGROUP
        }
        found[column.removeprefix("subgroup.")] = levels
    return found


def _real_rows(surroundings: Surroundings, desired: int, seed: int) -> dict[str, Any]:
    looks = surroundings.of_real_rows(desired)
    return {name: mean_interval(_floats(getattr(looks, name)), seed=seed).as_json() for name in LOOKS}


def _floats(values: Any) -> np.ndarray:
    return np.asarray(values, dtype=np.float64)
