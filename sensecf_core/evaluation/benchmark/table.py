"""From records to one table: a line per query and row, everything that means and tests are made of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from typing import Any

import numpy as np
import pandas as pd

from sensecf_core.cohorts.cohort import Cohort
from sensecf_core.evaluation.benchmark.asking import Bench, Record, codes_of
from sensecf_core.evaluation.benchmark.plan import Pass, Task
from sensecf_core.evaluation.benchmark.specs import VARIANTS, Variant
from sensecf_core.evaluation.metrics import Scores
from sensecf_core.evaluation.robustness import set_distance

SCORES = tuple(field.name for field in fields(Scores) if field.name != "returned")
QUERY = ("direction", "limits", "participant_id", "row_id")
"""Columns that tell queries apart."""
MEASURED = (*SCORES, "model_rows", "seconds", "stability", "seed_stability", "optimum_ratio")
"""Columns of the table that hold a number per query and row; names as in ``catalogue.MEASURES``."""


def table(here: Bench, tasks: Sequence[Task], records: Mapping[str, Record]) -> pd.DataFrame:
    """Lay the records out, one line per query and row, in the order of the tasks.

    Returns
    -------
    DataFrame : who and what (``direction``, ``limits``, ``row``, ``method``, ``variant``, ``in_use``,
        ``grammar``, ``participant_id``, ``row_id``, ``status``); the query (``answerable``,
        whether that is ``proven``, the least distance ``optimum``, ``complete``,
        ``subgroup.NAME``); :data:`MEASURED`, NaN where a number is undefined or was not taken;
        ``returned`` and ``valid`` counterfactuals; ``changes.FEATURE``, how many of the valid ones change it.
    """
    others: dict[tuple[Pass, str, Any], Record] = {
        (task.kind, task.spec.name, task.query): records[task.key] for task in tasks
    }
    lines = [
        line
        for task in tasks
        if task.kind in ("main", "free")
        for line in _lines(here, task, records[task.key], others)
    ]
    frame = pd.DataFrame(lines)
    # What a method answered can be answered, also where the wide search failed.
    refined = frame["solved"].where(frame["variant"] == "refined", 0.0)
    solved = refined.groupby([frame[name] for name in QUERY]).transform("max") > 0
    frame["answerable"] = frame["answerable"].astype(bool) | solved
    for name in here.judges.checker.schema.names:
        frame[f"changes.{name}"] = [int(line.get(f"changes.{name}", 0)) for line in lines]
    return frame


def _lines(
    here: Bench, task: Task, record: Record, others: Mapping[tuple[Pass, str, Any], Record]
) -> Iterator[dict[str, Any]]:
    about = others["query", "random", task.query]
    for variant in VARIANTS:
        found = record["rows"][variant]
        timed = others.get(("timed", task.spec.name, task.query))
        yield {
            "direction": task.direction.label,
            "limits": task.direction.profile,
            "row": task.spec.row(variant),
            "method": task.spec.name,
            "variant": variant,
            "in_use": task.spec.grammar and variant == task.spec.in_use,
            "grammar": task.spec.grammar,
            "participant_id": task.request.participant_id,
            "row_id": task.request.row_id,
            "status": record["status"],
            "answerable": about["answerable"],
            "proven": about["proven"],
            "optimum": _number(about["optimum"]),
            **_person(here.judges.checker.cohort, task),
            **{name: _number(found["scores"][name]) for name in SCORES},
            "returned": int(found["scores"]["returned"]),
            "valid": found["valid"],
            "model_rows": float(record["model_rows"][variant]),
            "seconds": np.nan if timed is None else timed["seconds"][variant],
            "stability": _apart(here, found, others.get(("noise", task.spec.name, task.query)), variant),
            "seed_stability": _apart(here, found, others.get(("seed", task.spec.name, task.query)), variant),
            "optimum_ratio": _ratio(found["nearest_valid"], about["optimum"]),
            **{f"changes.{name}": count for name, count in found["changes"].items()},
        }


def _person(cohort: Cohort, task: Task) -> dict[str, Any]:
    """Whether everything was measured, and the subgroups that coverage is reported by."""
    key = (task.request.participant_id, task.request.row_id)
    groups = {f"subgroup.{name}": cohort.subgroups.loc[key, name] for name in cohort.subgroups.columns}
    return {"complete": not bool(cohort.rows.loc[key].isna().any()), **groups}


def _apart(here: Bench, found: Record, other: Record | None, variant: Variant) -> float:
    if other is None:
        return np.nan
    checker = here.judges.checker
    size = len(checker.schema.features)
    return set_distance(
        checker.distances, codes_of(found["codes"], size), codes_of(other["codes"][variant], size)
    )


def _ratio(nearest: float | None, optimum: float | None) -> float:
    """The nearest valid counterfactual's distance over the least there is, 1 or more; NaN without either."""
    return nearest / optimum if nearest is not None and optimum else np.nan


def _number(value: float | None) -> float:
    return np.nan if value is None else value
