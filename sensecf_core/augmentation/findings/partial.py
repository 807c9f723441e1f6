"""What a run that is still under way shows: its finished repeats, summed up as at its end."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from sensecf_core.augmentation.experiment import Plan
from sensecf_core.augmentation.measures import MEASURES
from sensecf_core.augmentation.summary import cells, table
from sensecf_core.evaluation.json_lines import parse_lines
from sensecf_core.json_safe import json_safe
from sensecf_core.types import Json


@dataclass(frozen=True)
class Partial:
    """The finished repeats of a run: its summary so far, its table, and how many there are of how many."""

    summary: Json
    table: pd.DataFrame
    done: int
    planned: int


def partial_summary(plan: Plan) -> Partial:
    """Sum up the repeats of which every arm is there; the file of records is only read."""
    records = _read(plan.record_file)
    finished = [task for task in plan.tasks() if all(task.key(arm) in records for arm in task.arms)]
    mine = [records[task.key(arm)] for task in finished for arm in task.arms]
    summary = {
        "cohort": plan.origin["cohort"],
        "titles": {arm.name: {"group": arm.group, "title": arm.title} for arm in plan.arms},
        "measures": dict(MEASURES),
        "results": cells(mine, plan.arms),
    }
    return Partial(json_safe(summary), table(mine), len(finished), len(plan.tasks()))


def _read(path: Path) -> dict[str, dict[str, Any]]:
    try:
        return parse_lines(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
