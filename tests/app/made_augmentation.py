"""An augmentation run of the small cohort, really run; two of its arms also stand under other arms' names."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sensecf_core.augmentation import experiment, students
from sensecf_core.augmentation.arms import parse
from sensecf_core.augmentation.run_task import Cell
from sensecf_core.augmentation.summary import table
from sensecf_core.classifiers import hyperparameters
from sensecf_core.cohorts.cohort import Cohort
from sensecf_core.evaluation.benchmark import run_folder
from sensecf_core.evaluation.json_lines import read_lines

CELLS = (Cell("A", 0.7), Cell("C", 0.7), Cell("C", 0.99))
"""The last leaves too few people, and is refused."""
REPEATS = 2
RUN = (
    *("threshold", "weights", "ridge", "smotenc", "smotenc-panel", "random-hard", "random-panel"),
    *("search-panel", "search-panel@0.5", "search-panel@2", "search-panel@weight-0.25", "search-full"),
)
ALIASES = {"lm-transfer-hard": "random-hard", "lm-transfer-panel": "random-panel"}
"""Arms of a language model, shown with the records of random edits: no model is loaded here."""


def make(cohort: Cohort, var: Path) -> Path:
    """Run it with its own ``SENSECF_VAR`` and few trees, for time; returns the run's folder."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SENSECF_VAR", str(var))
        patch.setattr(students, "FOREST_TREES", 10)
        few = replace(hyperparameters.GRID[0], trees=30, learning_rate=0.2)
        patch.setattr(hyperparameters, "GRID", (few,))
        plan = experiment.plan_experiment(cohort, CELLS, RUN, repeats=REPEATS, seed=0)
        experiment.run_experiment(cohort, plan)
        folder = experiment.own_folder(plan.run_id)
        records = list(read_lines(plan.record_file).values())
        aliased = [
            {**record, "arm": name, "key": f"{record['key']}-{name}"}
            for name, origin in ALIASES.items()
            for record in records
            if record["arm"] == origin
        ]
        named = replace(plan, arms=parse([*RUN, *ALIASES]))
        config = {
            **run_folder.begin(folder, {}),
            "command": "python -m sensecf_core augment --cohort small",
            "created": "2026-11-29T12:00:00+00:00",
            "adapter": {"name": "made-up", "chain": ["elsewhere"], "weights_sha256": "0" * 64},
        }
        every = [*records, *aliased]
        run_folder.end(folder, table(every), experiment.summary_of(cohort, named, config, every))
    return folder


def store(made: Path, change: Any = None, *, without: Sequence[str] = ()) -> Path:
    """Put a made run where the page looks for those of this machine.

    ``change`` is called with the summary before it is written, ``without`` are files to leave out.
    """
    folder = experiment.own_folder(made.name)
    shutil.copytree(made, folder, dirs_exist_ok=True)
    for name in without:
        (folder / name).unlink()
    if change is not None and run_folder.SUMMARY not in without:
        path = folder / run_folder.SUMMARY
        summary = json.loads(path.read_text(encoding="utf-8"))
        change(summary)
        path.write_text(json.dumps(summary), encoding="utf-8")
    return folder
