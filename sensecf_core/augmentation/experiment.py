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
from typing import Any

import numpy as np
import pandas as pd

from sensecf_core import provenance
from sensecf_core.augmentation.arms import (
    Arm,
    Artefacts,
    added_material,
    balanced,
    labelled_rows,
    parse,
)
from sensecf_core.augmentation.measures import MEASURES, Deployment, correct_prior, measure
from sensecf_core.augmentation.resampling import MadeRows
from sensecf_core.augmentation.scarcity import ScarceSplit, Scenario, thin
from sensecf_core.augmentation.students import Fitted, Material, choose, fit
from sensecf_core.augmentation.summary import cells, table
from sensecf_core.classifiers.design_matrix import to_matrix
from sensecf_core.classifiers.training import one_thread, rows_of
from sensecf_core.cohorts.cohort import Cohort
from sensecf_core.errors import InputError
from sensecf_core.evaluation.benchmark import run_folder
from sensecf_core.evaluation.json_lines import append_line, read_lines
from sensecf_core.json_safe import json_safe
from sensecf_core.paths import var
from sensecf_core.processes import parallel_map
from sensecf_core.types import Json, Progress

SCHEMA_VERSION = 1
REPEATS_PER_SEED = 10_000
"""Repeat r of seed s is split by seed s * 10,000 + r."""

Record = dict[str, Any]


@dataclass(frozen=True)
class Cell:
    """A scenario and the share of its classes' rows that is removed."""

    scenario: Scenario
    removed: float


QUICK = (Cell("A", 0.9), Cell("C", 0.9))
QUICK_REPEATS = 3


@dataclass(frozen=True)
class Task:
    """One repeat of one cell, and the arms that are still missing."""

    cell: Cell
    repeat: int
    seed: int
    arms: tuple[Arm, ...]

    def key(self, arm: Arm) -> str:
        """The key of an arm's record."""
        return f"{self.cell.scenario}-{self.cell.removed:g}-{self.repeat}-{arm.name}"


@dataclass(frozen=True)
class Plan:
    """What a run fits; ``digest`` is of all that decides a record, ``run_id`` of that and what was asked."""

    cells: tuple[Cell, ...]
    repeats: int
    arms: tuple[Arm, ...]
    seed: int
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
            Task(cell, repeat, self.seed * REPEATS_PER_SEED + repeat, self.arms)
            for repeat in range(self.repeats)
            for cell in self.cells
        ]


def plan_experiment(
    cohort: Cohort, cells: Sequence[Cell], arms: Sequence[str], *, repeats: int, seed: int
) -> Plan:
    """Plan a run; nothing is fitted yet.

    Raises
    ------
    InputError : an unknown arm, or a share that is not between 0 and 1.
    """
    for cell in cells:
        if not 0 < cell.removed < 1:
            raise InputError(f"--removed takes shares between 0 and 1, got {cell.removed:g}.")
    origin = {
        "cohort": cohort.schema.name,
        "seed": seed,
        "sha256": {
            "cohort": cohort.data_sha256,
            "schema": cohort.schema.sha256,
            "limits": cohort.schema.limits_sha256,
            "engine": provenance.code_sha256(__name__),
        },
        "versions": {**provenance.versions(), "imbalanced-learn": metadata.version("imbalanced-learn")},
        "commit": provenance.commit(),
        "machine": provenance.machine(),
    }
    return Plan(tuple(cells), repeats, parse(arms), seed, origin)


def own_folder(run_id: str) -> Path:
    """Where a run of this machine is kept."""
    return var("runs", "augmentation", run_id)


def run_experiment(
    cohort: Cohort, plan: Plan, *, jobs: int = 1, progress: Progress = lambda done, words: None
) -> tuple[pd.DataFrame, Json]:
    """Fit what is planned and not there yet; the numbers are the same with any number of ``jobs``.

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
    records = _all_records(cohort, plan, jobs, progress)
    found = {
        **config,
        "schema_version": SCHEMA_VERSION,
        "finished": datetime.now(UTC).isoformat(timespec="seconds"),
        "titles": {arm.name: {"group": arm.group, "title": arm.title} for arm in plan.arms},
        "measures": dict(MEASURES),
        "results": cells(records, plan.arms),
    }
    frame, whole = table(records), dict(json_safe(found, digits=6))
    run_folder.end(folder, frame, whole)
    return frame, whole


def _all_records(cohort: Cohort, plan: Plan, jobs: int, progress: Progress) -> list[Record]:
    records = read_lines(plan.record_file)
    tasks = plan.tasks()
    missing = [
        replace(task, arms=arms)
        for task in tasks
        if (arms := tuple(arm for arm in task.arms if task.key(arm) not in records))
    ]
    done = len(tasks) - len(missing)
    progress(done / len(tasks), f"{done} of {len(tasks)} repeats are there")
    with closing(parallel_map(partial(run_task, cohort), missing, jobs)) as results:
        for finished in results:
            for record in finished:
                append_line(plan.record_file, record)
                records[record["key"]] = record
            done += 1
            last = finished[-1]
            words = f"{last['scenario']}, {last['removed']:g} removed, repeat {last['repeat'] + 1}"
            progress(done / len(tasks), f"{done} of {len(tasks)}: {words}")
    return [records[task.key(arm)] for task in tasks for arm in task.arms]


def run_task(cohort: Cohort, task: Task) -> list[Record]:
    """Fit the arms of one repeat; a cell with too few rows gives records that say why it is refused."""
    with one_thread():
        try:
            split = thin(cohort, task.cell.scenario, task.cell.removed, task.seed)
        except InputError as error:
            return [_record(task, arm, refused=str(error)) for arm in task.arms]
        artefacts = Artefacts(split.scarce, split.removed, split.seed)
        full_rows = rows_of(split.full, "train")
        full_settings = choose(full_rows, split.seed)
        full = fit(full_settings, Material.of(full_rows))
        counts = {part: asdict(getattr(split, part)) for part in ("train", "val", "removed")}
        records = []
        for arm in task.arms:
            if arm.name == "full":
                found = _measured(split, full, rows_of(split.full, "val"))
            elif arm.name == "full-weights":
                weighted = fit(full_settings, balanced(Material.of(full_rows)))
                found = _measured(split, weighted, rows_of(split.full, "val"))
            else:
                found = _scarce_arm(split, artefacts, arm, full)
            records.append(_record(task, arm, counts=counts, prevalence=split.prevalence, **found))
        return records


def _scarce_arm(split: ScarceSplit, artefacts: Artefacts, arm: Arm, full: Fitted) -> dict[str, Any]:
    """What an arm that starts from scarce rows comes to."""
    real = Material.of(artefacts.train)
    if arm.rows is not None:
        made = labelled_rows(artefacts, arm, full)
        fitted = fit(artefacts.settings, real.and_also(added_material(artefacts, made)))
        rows = _about_rows(artefacts, made, full)
        return {**_measured(split, fitted, artefacts.val), "made": rows}
    if arm.name == "weights":
        return _measured(split, fit(artefacts.settings, balanced(real)), artefacts.val)
    found = _measured(split, artefacts.students, artefacts.val, moved=arm.name == "threshold")
    if arm.name in ("ridge", "panel"):
        found["students"] = dict.fromkeys(found["students"], found["students"][arm.name])
    return found


def _measured(split: ScarceSplit, fitted: Fitted, val: Any, *, moved: bool = False) -> dict[str, Any]:
    deployment = Deployment(split.prevalence, split.scarce_class)
    on_test, on_val = fitted.probabilities(split.test.matrix), fitted.probabilities(val.matrix)
    return {
        "students": {
            name: measure(
                (on_test[name], split.test.target),
                (on_val[name], val.target),
                fitted.share,
                deployment,
                moved=moved,
            )
            for name in on_test
        }
    }


def _about_rows(artefacts: Artefacts, made: MadeRows, full: Fitted) -> dict[str, Any]:
    """How many rows were made, and how often their labels agree with the full model (a diagnostic).

    Both are read as classes at their own prior: a label from the scarce share of class 1 up, the full model's
    risk from the full share up.
    """
    about = {"wanted": artefacts.wanted(0) + artefacts.wanted(1), "rows": len(made.codes)}
    if not about["rows"]:
        return {**about, "distinct": 0, "agreement": None}
    risks = full.probabilities(to_matrix(artefacts.scarce.schema, made.codes))["trees"]
    full_risks = correct_prior(risks, full.share, artefacts.students.share)
    same = (made.labels >= artefacts.students.share) == (full_risks >= artefacts.students.share)
    distinct = len(np.unique(np.nan_to_num(made.codes, nan=-1e9), axis=0))
    return {**about, "distinct": distinct, "agreement": float(same.mean())}


def _record(task: Task, arm: Arm, **found: Any) -> Record:
    about = {"scenario": task.cell.scenario, "removed": task.cell.removed, "repeat": task.repeat}
    return dict(json_safe({"key": task.key(arm), **about, "arm": arm.name, **found}))


def _sha256(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True, default=str).encode()).hexdigest()
