"""From records to one table: a line per query and row, from which all means and tests are computed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, replace
from typing import Any

import numpy as np
import pandas as pd

from sensecf_core.cohorts.cohort import Cohort
from sensecf_core.evaluation.benchmark.entries import VARIANTS, Variant
from sensecf_core.evaluation.benchmark.plan import Pass, Task
from sensecf_core.evaluation.benchmark.run_task import Bench, Record, codes_of
from sensecf_core.evaluation.metrics.paired_tests import added_over_control
from sensecf_core.evaluation.metrics.robustness import set_distance
from sensecf_core.evaluation.metrics.scores import Scores
from sensecf_core.evaluation.raw_candidates.feasible_queries import is_feasible

SCORES = tuple(field.name for field in fields(Scores) if field.name != "returned")
REPEATS: Mapping[str, tuple[Pass, str]] = {
    "stability": ("noise", "answered_twice"),
    "seed_stability": ("seed", "answered_by_both_seeds"),
}
"""Column of the distance between two answers → the pass that asked again, column of whether both had one."""
MEASURED = (
    *SCORES,
    *("added", "model_rows", "seconds", "optimum_ratio"),
    *(name for distance, (_, both) in REPEATS.items() for name in (distance, both)),
)
"""Columns of the table that hold a number per query and row; names as in ``definitions.MEASURES``."""


def table(bench: Bench, tasks: Sequence[Task], records: Mapping[str, Record]) -> pd.DataFrame:
    """Lay the records out, one line per query and row, in the order of the tasks.

    Returns
    -------
    DataFrame : who and what (``direction``, ``limits``, ``goal``, ``row``, ``method``, ``variant``,
        ``in_use``, ``grammar``, the name of the row ``with_grammar``, ``participant_id``, ``row_id``,
        ``status``, what it ``ended`` by); the query (``answerable``, whether that is ``proven``, whether a
        search ``found`` an answer, the least distance ``optimum``, what ``proof_ended`` by, ``complete``,
        ``subgroup.NAME``); :data:`MEASURED`, NaN where a number is undefined or was not taken; ``returned``
        and ``valid`` counterfactuals; ``changes.FEATURE``, how many of the valid ones change it.
    """
    others: dict[tuple[Pass, str, Any], Record] = {
        (task.kind, task.label, task.query): records[task.key] for task in tasks
    }
    queries = _queries(tasks, records)
    lines = [
        line
        for task in tasks
        if task.kind in ("main", "free")
        for line in _lines(bench, task, records[task.key], queries[task.query], others)
    ]
    frame = pd.DataFrame(lines)
    for name in bench.evaluators.fitted.schema.names:
        frame[f"changes.{name}"] = [int(line.get(f"changes.{name}", 0)) for line in lines]
    return frame


def _queries(tasks: Sequence[Task], records: Mapping[str, Record]) -> dict[Any, Record]:
    """The record of each query, with whether it is answerable: one value that all rates use."""
    answered = {
        task.query
        for task in tasks
        if task.kind in ("main", "free")
        and (
            records[task.key].get("raw", {}).get("valid", 0) > 0
            or any(allowed for row in records[task.key]["rows"].values() for _, allowed in row["outcomes"])
        )
    }
    queries = {}
    for task in tasks:
        if task.entry is None:
            record = records[task.key]
            feasible = is_feasible(
                proven=record["proven"], found=record["found"], answered=task.query in answered
            )
            queries[task.query] = {**record, "answerable": feasible}
    return queries


def _lines(
    bench: Bench, task: Task, record: Record, query: Record, others: Mapping[tuple[Pass, str, Any], Record]
) -> Iterator[dict[str, Any]]:
    assert task.entry is not None
    for variant in VARIANTS:
        row = record["rows"][variant]
        timed = others.get(("timed", task.label, task.query))
        yield {
            "direction": task.direction.label,
            "limits": task.direction.profile,
            "goal": task.direction.goal,
            "row": task.entry.row(variant),
            "method": task.entry.name,
            "variant": variant,
            "in_use": task.entry.grammar and variant == task.entry.reported_variant,
            "grammar": task.entry.grammar,
            "with_grammar": replace(task.entry, grammar=True).row(variant),
            "participant_id": task.request.participant_id,
            "row_id": task.request.row_id,
            "status": record["status"],
            "ended": record["ended"],
            "answerable": query["answerable"],
            "proven": query["proven"] is not None,
            "found": bool(query["found"]),
            "proof_ended": query["proof_ended"] or "itself",
            "optimum": _number(query["optimum"]),
            **_participant(bench.evaluators.fitted.cohort, task),
            **{name: _number(row["scores"][name]) for name in SCORES},
            "returned": int(row["scores"]["returned"]),
            "valid": row["valid"],
            "model_rows": _number(record["model_rows"][variant]),
            "seconds": np.nan if timed is None else timed["seconds"][variant],
            **_repeated(bench, task, row, others, variant),
            "added": _added(row["outcomes"], query["control"]),
            "optimum_ratio": _ratio(row["nearest_allowed"], query["optimum"]),
            **{f"changes.{name}": count for name, count in row["changes"].items()},
        }


def _participant(cohort: Cohort, task: Task) -> dict[str, Any]:
    """Whether everything was measured, and the subgroups that coverage is reported by."""
    key = (task.request.participant_id, task.request.row_id)
    groups = {f"subgroup.{name}": cohort.subgroups.loc[key, name] for name in cohort.subgroups.columns}
    return {"complete": not bool(cohort.rows.loc[key].isna().any()), **groups}


def _repeated(
    bench: Bench,
    task: Task,
    row: Record,
    others: Mapping[tuple[Pass, str, Any], Record],
    variant: Variant,
) -> dict[str, float]:
    """How far apart two answers are (NaN unless both have one), and whether both have one.

    NaN where it was not asked again, or where the noise alone put the row in the desired class.
    """
    fitted = bench.evaluators.fitted
    size = len(fitted.schema.features)
    numbers: dict[str, float] = {}
    for distance, (kind, both) in REPEATS.items():
        other = others.get((kind, task.label, task.query))
        if other is None or other["status"] == "already_desired":
            numbers |= {distance: np.nan, both: np.nan}
            continue
        sets = codes_of(row["codes"], size), codes_of(other["codes"][variant], size)
        numbers |= {distance: set_distance(fitted.distances, *sets), both: float(all(map(len, sets)))}
    return numbers


def _added(outcomes: Sequence[tuple[int, bool]], control: Mapping[str, tuple[int, int]]) -> float:
    """What an answer's counterfactuals add to the control (see ``run_task``) at their numbers of changes."""
    changes, allowed = np.array(outcomes, dtype=int).reshape(-1, 2).T
    return added_over_control(allowed > 0, changes, {int(size): counts for size, counts in control.items()})


def _ratio(nearest: float | None, optimum: float | None) -> float:
    """The nearest valid counterfactual's distance over the least there is, 1 or more; NaN without either."""
    return nearest / optimum if nearest is not None and optimum else np.nan


def _number(value: float | None) -> float:
    return np.nan if value is None else value
