"""What the page shows: a run, and a cell, student, measure and arm of it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pandas as pd
import streamlit as st

from sensecf_core.augmentation.findings import cell_view, runs, words
from sensecf_core.augmentation.findings.cell_view import COUNTERFACTUALS, CellView
from sensecf_core.augmentation.findings.verdict import ABSENT, Verdict, verdict
from sensecf_core.augmentation.scarcity import REMOVED_CLASSES
from sensecf_core.cohorts.cohort import Cohort
from sensecf_core.evaluation.benchmark import run_folder
from sensecf_core.types import JsonView

PICKS = ("run", "scenario", "removed", "student", "measure", "arm", "source", "view")
"""What is picked on the page; also the names in its address."""


@dataclass(frozen=True)
class Chosen:
    """A run of a cohort, and what of it is picked."""

    cohort: Cohort
    folder: Path
    summary: JsonView
    scenario: str
    removed: float
    student: str
    measure: str

    @property
    def titles(self) -> JsonView:
        """Group and title of each arm."""
        found: JsonView = self.summary["titles"]
        return found

    @property
    def measure_name(self) -> str:
        """The measure in words."""
        return words.measure_name(self.measure, self.summary["measures"])

    @cached_property
    def table(self) -> pd.DataFrame | None:
        """The run's table: a line a cell, repeat, arm and student."""
        path = self.folder / run_folder.RESULTS
        return _table(str(self.folder), path.stat().st_mtime_ns if path.is_file() else 0)

    @cached_property
    def rows(self) -> pd.DataFrame | None:
        """The run's example rows, or None where it kept none."""
        path = self.folder / runs.ROWS
        return _rows(str(self.folder), path.stat().st_mtime_ns) if path.is_file() else None

    def view_of(self, scenario: str, removed: float | None = None) -> CellView | None:
        """A cell, for the student and measure that are picked; None where it was refused or not run."""
        share = self.removed if removed is None else removed
        cell = cell_view.find_cell(self.summary["results"], scenario, share)
        if cell is None or not cell["repeats"]:
            return None
        return CellView(cell, self.titles, self.student, self.measure)

    @cached_property
    def view(self) -> CellView | None:
        """The cell that is picked."""
        return self.view_of(self.scenario)

    @cached_property
    def verdicts(self) -> dict[str, Verdict]:
        """What is said of each scenario at the share that is picked."""
        return {scenario: self._verdict(scenario) for scenario in REMOVED_CLASSES}

    def _verdict(self, scenario: str) -> Verdict:
        view = self.view_of(scenario)
        if view is not None:
            return verdict(view, self.table)
        cell = cell_view.find_cell(self.summary["results"], scenario, self.removed)
        return ABSENT if cell is None else Verdict("refused")

    @cached_property
    def best_arm(self) -> str | None:
        """The counterfactual arm with the highest gain in the picked cell."""
        return None if self.view is None else self.view.best(COUNTERFACTUALS)


@st.cache_data(max_entries=8, show_spinner=False)
def summary(folder: str, changed: int) -> JsonView | str:
    """Read a summary, or say why it cannot be read; ``changed`` (mtime in ns) renews the cache."""
    try:
        return runs.read_summary(Path(folder))
    except (OSError, ValueError) as error:
        return f"The summary of this run cannot be read: {error}. Give its command again."


@st.cache_data(max_entries=8, show_spinner=False)
def _table(folder: str, changed: int) -> pd.DataFrame | None:
    return runs.read_table(Path(folder))


@st.cache_data(max_entries=8, show_spinner=False)
def _rows(folder: str, changed: int) -> pd.DataFrame | None:
    return runs.read_rows(Path(folder))
