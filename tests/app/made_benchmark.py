"""A benchmark of the small cohort by uniform draws, repeated under the names of other kinds of methods."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pandas as pd

from sensecf_core.classifiers.classifier import Classifier
from sensecf_core.cohorts.cohort import Cohort
from sensecf_core.counterfactuals.problem.fitted_cohort import FittedCohort
from sensecf_core.evaluation.benchmark import published, run_folder, summary
from sensecf_core.evaluation.benchmark.entries import Entry
from sensecf_core.evaluation.benchmark.plan import Task, tasks
from sensecf_core.evaluation.benchmark.run_task import Bench, Record, run_task
from sensecf_core.evaluation.benchmark.table import table
from sensecf_core.evaluation.raw_candidates.directions import Direction
from sensecf_core.evaluation.run_identity import origin_of
from sensecf_core.json_safe import json_safe

OPTIONS = {"seed": 0, "candidates": 24, "max_changes": 3, "k": 4}
DRAWS, SEARCH, EXAMPLES = Entry("random"), Entry("nice-sparsity"), Entry("lm-few-shot")
ALIASES = (DRAWS, SEARCH, EXAMPLES)
"""The same draws appear under each of these names, so that every kind of method is on the page."""


def make_summary(cohort: Cohort, classifier: Classifier, people: int = 8) -> dict[str, Any]:
    """The summary of a run, as the command writes it."""
    bench = Bench.of(FittedCohort.fit(cohort, classifier))
    fitted = bench.evaluators.fitted
    lowering = Direction(1, "intervention", "lower")
    directions = (Direction(1, "intervention"), Direction(0, "contrast"), lowering)
    planned = tasks(fitted, directions, [DRAWS], n=people, options=OPTIONS)
    records = {task.key: run_task(bench, task) for task in planned}
    exact_search = [task for task in planned if task.entry is None]
    named = [
        *exact_search,
        *(replace(task, entry=spec) for spec in ALIASES for task in planned if task.entry),
    ]
    records_by_key = {
        task.key: _as(task, records[replace(task, entry=task.entry and DRAWS).key]) for task in named
    }
    frame = table(bench, named, records_by_key)
    fields = {
        "id": "small-made",
        "command": "python -m sensecf_core benchmark --cohort small --n 8",
        "created": "2026-11-24T09:00:00+00:00",
        **origin_of(fitted, {"n": people, "limits": None, **OPTIONS, "methods": [s.name for s in ALIASES]}),
        "labels": {feature.name: feature.label for feature in cohort.schema.features},
        "groups": summary.groups(frame, bench.evaluators.plausibility, seed=0),
        "raw": summary.raw_rates(named, records_by_key, frame, seed=0),
        "absent": [vars(entry) for entry in published.absent("small", ALIASES)],
    }
    return dict(json_safe(fields, digits=6))


def _as(task: Task, record: Record) -> Record:
    """A method's record: the search is nearer than the draws and has one answer, so that methods differ."""
    if task.entry != SEARCH or task.kind != "main":
        return record
    rows = {
        variant: {**row, "scores": {**row["scores"], "gower_diversity": None}}
        for variant, row in record["rows"].items()
    }
    for row in rows.values():
        if row["scores"]["gower"] is not None:
            row["scores"] |= {"gower": row["scores"]["gower"] / 2, "features_changed": 1.0}
    return {**record, "rows": rows}


def store_run(summary_: dict[str, Any], *, finished: bool = True, run_id: str = "small-made") -> None:
    """Store a run where the page looks for the runs of this machine."""
    folder = run_folder.own_folder(run_id)
    config = {name: summary_[name] for name in ("command", "created", "cohort", "n")}
    run_folder.begin(folder, config)
    if finished:
        run_folder.end(folder, pd.DataFrame(), summary_)
