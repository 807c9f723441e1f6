"""The experiment: cells (scenario × share removed) × repeats × arms, each arm with every student.

One task is one repeat of one cell. Its records, one an arm, are kept as JSON lines, so that a run that was
ended goes on where it stopped, and a run with more arms fits only those.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from functools import partial
from importlib import metadata
from pathlib import Path
from time import perf_counter
from typing import Any

import pandas as pd

from sensecf_core import provenance
from sensecf_core.augmentation.arms import Arm, parse
from sensecf_core.augmentation.examples import write_examples
from sensecf_core.augmentation.measures import MEASURES
from sensecf_core.augmentation.not_run import not_run
from sensecf_core.augmentation.rows.transfer import Transfer, transfer_adapter
from sensecf_core.augmentation.run_task import Cell, Record, Task, Val, run_task
from sensecf_core.augmentation.summary import cells, table
from sensecf_core.cohorts.cohort import Cohort
from sensecf_core.counterfactuals.proposers.resolve_model import placement_by_name
from sensecf_core.errors import InputError, NotReadyError
from sensecf_core.evaluation.benchmark import run_folder
from sensecf_core.evaluation.json_lines import append_line, read_lines
from sensecf_core.evaluation.spreading import Workers, spread
from sensecf_core.json_safe import json_safe
from sensecf_core.language.models import default_model
from sensecf_core.paths import var
from sensecf_core.types import Json, Progress

SCHEMA_VERSION = 2
REPEATS_PER_SEED = 10_000
"""Repeat r of seed s is split by seed s * 10,000 + r."""

QUICK = (Cell("A", 0.9), Cell("C", 0.9))
QUICK_REPEATS = 3


@dataclass(frozen=True)
class Plan:
    """What a run fits; ``digest`` is of all that decides a record, ``run_id`` of that and what was asked."""

    cells: tuple[Cell, ...]
    repeats: int
    arms: tuple[Arm, ...]
    seed: int
    val: Val
    transfer: Transfer | None
    origin: Mapping[str, Any]

    @property
    def digest(self) -> str:
        """16 hex digits; a commit that leaves the code alone does not count."""
        decisive = {name: part for name, part in self.origin.items() if name not in ("commit", "machine")}
        return _sha256(decisive)[:16]

    @property
    def run_id(self) -> str:
        """The run's id: the same plan by the same code on the same data has the same."""
        settings = [[asdict(cell) for cell in self.cells], self.repeats, [arm.name for arm in self.arms]]
        return f"{self.origin['cohort']}-{_sha256([settings, self.digest])[:16]}"

    @property
    def record_file(self) -> Path:
        """Where the records are kept, together with those of other cells and arms."""
        return var("runs", "augmentation-records", f"{self.origin['cohort']}-{self.digest}.jsonl")

    def tasks(self) -> list[Task]:
        """Every task, repeat by repeat, so that a run that is ended early has some of every cell."""
        return [
            Task(
                cell,
                repeat,
                self.seed * REPEATS_PER_SEED + repeat,
                tuple(arm for arm in self.arms if arm.takes_part(cell.scenario, cell.removed, repeat)),
                self.val,
                self.transfer,
                self.origin["model"],
            )
            for repeat in range(self.repeats)
            for cell in self.cells
        ]


def plan_experiment(
    cohort: Cohort,
    cells: Sequence[Cell],
    arms: Sequence[str],
    *,
    repeats: int,
    seed: int,
    val: Val = "scarce",
    adapter: str | None = None,
    model: str | None = None,
) -> Plan:
    """Plan a run; nothing is fitted yet.

    Parameters
    ----------
    val : "full" leaves the validation rows as they are: too few to train on is told from too few to tune on.
    adapter : COHORT/NAME of the adapter of the arms ``lm-transfer-…``; without it the best that never saw the
        cohort, and where there is none these arms are left out of ``all``.
    model : a local language model of the arms ``lm-…``; without it the default one.

    Raises
    ------
    InputError : an unknown arm, a share that is not between 0 and 1, or an adapter that saw the cohort.
    NotReadyError : the arms ``lm-transfer-…`` are named, and no adapter is left that never saw the cohort.
    """
    for cell in cells:
        if not 0 < cell.removed < 1:
            raise InputError(f"--removed takes shares between 0 and 1, got {cell.removed:g}.")
    chosen, transfer = _with_adapter(cohort, arms, adapter, model)
    origin = {
        "cohort": cohort.schema.name,
        "seed": seed,
        "val": val,
        "model": model,
        "adapter": None if transfer is None else transfer.as_json(),
        "sha256": {
            "cohort": cohort.data_sha256,
            "schema": cohort.schema.sha256,
            "limits": cohort.schema.limits_sha256,
            "risk": cohort.schema.risk_sha256,
            "engine": provenance.code_sha256(run_task.__module__),
        },
        "versions": {**provenance.versions(), "imbalanced-learn": metadata.version("imbalanced-learn")},
        "commit": provenance.commit(),
        "machine": provenance.machine(),
    }
    return Plan(tuple(cells), repeats, chosen, seed, val, transfer, origin)


def _with_adapter(
    cohort: Cohort, names: Sequence[str], adapter: str | None, model: str | None
) -> tuple[tuple[Arm, ...], Transfer | None]:
    """The arms, and the adapter if one of them needs it.

    Arms that ``all`` brings and that cannot be run on this cohort are left out: without an adapter, or
    without directions of risk.
    """
    chosen = parse(names)
    if not any(feature.risk_known for feature in cohort.schema.features) and "direction-pairs" not in names:
        chosen = tuple(arm for arm in chosen if arm.rows != "direction-pairs")
    if not any(arm.needs_transfer for arm in chosen):
        return chosen, None
    try:
        return chosen, transfer_adapter(cohort.schema.name, adapter, base_sha256(model))
    except NotReadyError:
        if any(arm.needs_transfer for arm in parse([name for name in names if name != "all"])):
            raise
        return tuple(arm for arm in chosen if not arm.needs_transfer), None


def base_sha256(model: str | None) -> str | None:
    """Hash of the weights of a language model by name (None: the default one, if it is there)."""
    if model is None:
        return default_model.status().sha256
    folder = placement_by_name(model).folder
    return None if folder is None else default_model.weights_sha256(folder)


def own_folder(run_id: str) -> Path:
    """Where a run of this machine is kept."""
    return var("runs", "augmentation", run_id)


def run_experiment(
    cohort: Cohort,
    plan: Plan,
    *,
    jobs: int = 1,
    cluster: Workers | None = None,
    progress: Progress = lambda done, words: None,
) -> tuple[pd.DataFrame, Json]:
    """Fit what is planned and not there yet; the numbers are the same with any ``jobs`` and on a ``cluster``.

    Returns
    -------
    The table (:func:`~sensecf_core.augmentation.summary.table`) and the summary, as they are written to
    :func:`own_folder` of the run's id.
    """
    folder = own_folder(plan.run_id)
    config = run_folder.begin(
        folder,
        {
            "id": plan.run_id,
            "command": provenance.command(),
            "created": datetime.now(UTC).isoformat(timespec="seconds"),
            "jobs": jobs,
            "cells": [asdict(cell) for cell in plan.cells],
            "repeats": plan.repeats,
            "arms": [arm.name for arm in plan.arms],
            **plan.origin,
        },
    )
    records = _all_records(cohort, plan, jobs, progress, cluster)
    progress(1.0, "Writing example rows and the summary")
    write_examples(cohort, plan.tasks(), folder)
    frame, whole = table(records), summary_of(cohort, plan, config, records)
    run_folder.end(folder, frame, whole)
    return frame, whole


def summary_of(cohort: Cohort, plan: Plan, config: Mapping[str, Any], records: Sequence[Record]) -> Json:
    """What ``summary.json`` holds, of all records of a plan or of those that are there."""
    found = {
        **config,
        "schema_version": SCHEMA_VERSION,
        "finished": datetime.now(UTC).isoformat(timespec="seconds"),
        "task_seconds": round(sum(record.get("seconds", 0.0) for record in records), 1),
        "titles": {arm.name: arm.as_json() for arm in plan.arms},
        "measures": dict(MEASURES),
        "not_run": not_run(plan.origin["cohort"], plan.origin["model"]),
        "results": cells(cohort, plan.seed * REPEATS_PER_SEED, records, plan.arms),
    }
    return dict(json_safe(found, digits=6))


NEEDS = ("scenario", "removed", "repeat", "arm")
"""Some of the fields of every record."""


def _all_records(
    cohort: Cohort, plan: Plan, jobs: int, progress: Progress, cluster: Workers | None
) -> list[Record]:
    records = read_lines(plan.record_file, needs=NEEDS)
    tasks = plan.tasks()
    missing = [
        replace(task, arms=arms)
        for task in tasks
        if (arms := tuple(arm for arm in task.arms if task.key(arm) not in records))
    ]
    done, begun = len(tasks) - len(missing), perf_counter()
    progress(done / len(tasks), f"{done} of {len(tasks)} repeats are there")
    with closing(spread(partial(run_task, cohort), missing, jobs, cluster)) as results:
        for number, finished in enumerate(results, start=1):
            for record in finished:
                append_line(plan.record_file, record)
                records[record["key"]] = record
            left = (perf_counter() - begun) / number * (len(missing) - number) / 60
            last = finished[-1]
            words = f"{last['scenario']}, {last['removed']:g} removed, repeat {last['repeat'] + 1}"
            progress(
                (done + number) / len(tasks), f"{done + number} of {len(tasks)}: {words}; {left:.0f} min left"
            )
    return [records[task.key(arm)] for task in tasks for arm in task.arms]


def _sha256(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True, default=str).encode()).hexdigest()
