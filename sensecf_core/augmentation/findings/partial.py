"""What a run that is still under way shows: its finished repeats, summed up as at its end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd

from sensecf_core.augmentation.experiment import Plan, summary_of
from sensecf_core.augmentation.summary import table
from sensecf_core.cohorts.cohort import Cohort
from sensecf_core.evaluation.json_lines import peek_lines
from sensecf_core.types import Json


@dataclass(frozen=True)
class Partial:
    """The finished repeats of a run: its summary so far, its table, and how many there are of how many."""

    summary: Json
    table: pd.DataFrame
    done: int
    planned: int


def partial_summary(cohort: Cohort, plan: Plan) -> Partial:
    """Sum up the repeats of which every arm is there; the file of records is only read.

    Without the risks of single people (subgroups, reliability), which a page under way does not show.
    """
    records = peek_lines(plan.record_file)
    finished = [task for task in plan.tasks() if all(task.key(arm) in records for arm in task.arms)]
    mine = [_without_risks(records[task.key(arm)]) for task in finished for arm in task.arms]
    summary = summary_of(cohort, plan, {}, mine)
    return Partial(summary, table(mine), len(finished), len(plan.tasks()))


def _without_risks(record: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in record.items() if name != "risks"}
