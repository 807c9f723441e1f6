"""One repeat of one cell: its arms fitted and measured, a record each."""

from __future__ import annotations

import base64
from dataclasses import asdict, dataclass
from functools import cached_property
from time import perf_counter
from typing import Any, Literal

import numpy as np

from sensecf_core.augmentation.arm_material import Hidden, added_material, balanced, labelled_rows
from sensecf_core.augmentation.arms import POOL, Arm
from sensecf_core.augmentation.artefacts import Artefacts
from sensecf_core.augmentation.measures import Deployment, correct_prior, measure
from sensecf_core.augmentation.rows.description import describe
from sensecf_core.augmentation.rows.made_rows import MadeRows, TrainingRows
from sensecf_core.augmentation.rows.transfer import Transfer
from sensecf_core.augmentation.scarcity import ScarceSplit, Scenario, thin
from sensecf_core.augmentation.students import Fitted, Material, StudentSettings, choose, fit
from sensecf_core.classifiers.design_matrix import to_matrix
from sensecf_core.classifiers.training import Rows, one_thread, rows_of
from sensecf_core.cohorts.cohort import Cohort
from sensecf_core.cohorts.encoding import to_codes
from sensecf_core.errors import InputError
from sensecf_core.json_safe import json_safe
from sensecf_core.types import Floats

Record = dict[str, Any]
Val = Literal["scarce", "full"]

RISK_STEPS = 65_535
"""Risks of test rows are kept in 16 bits."""


@dataclass(frozen=True)
class Cell:
    """A scenario and the share of its classes' rows that is removed."""

    scenario: Scenario
    removed: float


@dataclass(frozen=True)
class Task:
    """One repeat of one cell, and the arms that are still missing."""

    cell: Cell
    repeat: int
    seed: int
    arms: tuple[Arm, ...]
    val: Val = "scarce"
    transfer: Transfer | None = None
    model: str | None = None

    def key(self, arm: Arm) -> str:
        """The key of an arm's record."""
        return f"{self.cell.scenario}-{self.cell.removed:g}-{self.repeat}-{arm.name}"


def run_task(cohort: Cohort, task: Task) -> list[Record]:
    """Fit the arms of one repeat; a cell with too few rows gives records that say why it is refused."""
    with one_thread():
        try:
            split = split_of(cohort, task)
        except InputError as error:
            return [_record(task, arm, refused=str(error)) for arm in task.arms]
        artefacts = Artefacts(split.scarce, split.removed, split.seed, task.transfer, task.model)
        repeat = Repeat(split, artefacts)
        counts = {part: asdict(getattr(split, part)) for part in ("train", "val", "removed")}
        about = {"counts": counts, "prevalence": split.prevalence}
        return [_timed(task, arm, repeat, about) for arm in task.arms]


def _timed(task: Task, arm: Arm, repeat: Repeat, about: dict[str, Any]) -> Record:
    begun = perf_counter()
    found = repeat.measured(arm)
    return _record(task, arm, **about, **found, seconds=round(perf_counter() - begun, 3))


def split_of(cohort: Cohort, task: Task) -> ScarceSplit:
    """The rows of a task; raises ``InputError`` like :func:`~sensecf_core.augmentation.scarcity.thin`."""
    return thin(cohort, task.cell.scenario, task.cell.removed, task.seed, full_val=task.val == "full")


@dataclass(frozen=True)
class Repeat:
    """What is left of one repeat, and what was taken away from it."""

    split: ScarceSplit
    artefacts: Artefacts

    @cached_property
    def full_rows(self) -> Rows:
        """The training rows before anything was removed."""
        return rows_of(self.split.full, "train")

    @cached_property
    def full_settings(self) -> StudentSettings:
        """The full data choose their own settings."""
        return choose(self.full_rows, self.split.seed)

    @cached_property
    def hidden(self) -> Hidden:
        """What only diagnostic arms and outside information may use; no removed rows but in C."""
        full = fit(self.full_settings, Material.of(self.full_rows))
        return Hidden(full, self.removed_rows if self.split.scenario == "C" else None)

    def full_labels(self, matrix: Floats) -> Floats:
        """p(class 1) of rows (n, columns) by the full data's trees, at the scarce prior, shape (n,)."""
        assert self.hidden.full is not None
        risks = self.hidden.full.probabilities(matrix)["trees"]
        return correct_prior(risks, self.hidden.full.share, self.artefacts.students.share)

    @cached_property
    def removed_rows(self) -> TrainingRows:
        """The training rows that were removed, for :attr:`hidden` and for looking at."""
        left = self.split.full.rows.index.isin(self.split.scarce.rows.index)
        gone = self.split.full.parts.eq("train").to_numpy() & ~left
        rows = self.split.full.rows[gone]
        return TrainingRows(
            self.split.full.schema,
            to_codes(self.split.full.schema, rows),
            self.split.full.target[gone].to_numpy(dtype=np.int64),
            rows.index.get_level_values(0).to_numpy(dtype=object),
        )

    @cached_property
    def _described(self) -> dict[tuple[Any, ...], dict[str, Any]]:
        return {}

    def measured(self, arm: Arm) -> dict[str, Any]:
        """What an arm comes to: every measure by student, the trees' risks of the test rows, its rows."""
        if arm.name in ("full", "full-weights"):
            val, fitted = rows_of(self.split.full, "val"), self.hidden.full
            if arm.name == "full-weights":
                fitted = fit(self.full_settings, balanced(Material.of(self.full_rows)))
            assert fitted is not None
            return self._scores(fitted, val)
        artefacts, real = self.artefacts, Material.of(self.artefacts.train)
        if arm.rows is not None:
            made = labelled_rows(artefacts, arm, self.hidden)
            material = real.and_also(added_material(artefacts, made)) if len(made.codes) else real
            fitted = fit(artefacts.settings, material, trees_only=arm.trees_only)
            return {**self._scores(fitted, artefacts.val), "made": self._about_rows(arm, made)}
        if arm.name == "weights":
            return self._scores(fit(artefacts.settings, balanced(real)), artefacts.val)
        found = self._scores(artefacts.students, artefacts.val, moved=arm.name == "threshold")
        if arm.name in ("ridge", "panel"):
            found["students"] = dict.fromkeys(found["students"], found["students"][arm.name])
            found["risks"] = self._risks(artefacts.students, arm.name)
        return found

    def _scores(self, fitted: Fitted, val: Rows, *, moved: bool = False) -> dict[str, Any]:
        split = self.split
        deployment = Deployment(split.prevalence, split.scarce_class)
        on_test, on_val = fitted.probabilities(split.test.matrix), fitted.probabilities(val.matrix)
        students = {
            name: measure(
                (on_test[name], split.test.target),
                (on_val[name], val.target),
                fitted.share,
                deployment,
                moved=moved,
            )
            for name in on_test
        }
        return {"students": students, "risks": self._risks(fitted, "trees")}

    def _risks(self, fitted: Fitted, student: str) -> str:
        risks = fitted.probabilities(self.split.test.matrix)[student]
        return packed(correct_prior(risks, fitted.share, self.split.prevalence))

    def _about_rows(self, arm: Arm, made: MadeRows) -> dict[str, Any]:
        """What the rows are like, and how often their labels agree with the full model (a diagnostic).

        Both are read as classes at their own prior: a label from the scarce share of class 1 up, the full
        model's risk from the full share up.
        """
        artefacts = self.artefacts
        key = (arm.rows, arm.labels if arm.labels in ("margin", "edits") else "hard", arm.ratio)
        if key not in self._described:
            made_for_class = made
            if arm.labels in ("panel", "edits", "full") and arm.rows != POOL:
                made_for_class = artefacts.made(str(arm.rows), arm.labels, arm.ratio)
            self._described[key] = describe(artefacts.fitted, artefacts.training_rows, made_for_class)
        about = {**self._described[key], "wanted": artefacts.wanted(0) + artefacts.wanted(1)}
        about |= {"rows": len(made.codes), "weight": float(made.weight.sum()), "agreement": None}
        if len(made.codes):
            share = artefacts.students.share
            said = self.full_labels(to_matrix(artefacts.scarce.schema, made.codes))
            about["agreement"] = float(((made.labels >= share) == (said >= share)).mean())
        return about


def packed(risks: Floats) -> str:
    """Risks (n,) as text: 16 bits each, base64."""
    steps = np.round(np.clip(risks, 0, 1) * RISK_STEPS).astype("<u2")
    return base64.b64encode(steps.tobytes()).decode()


def unpacked(text: str) -> Floats:
    """Read what :func:`packed` wrote, shape (n,)."""
    steps = np.frombuffer(base64.b64decode(text), dtype="<u2")
    return np.asarray(steps / RISK_STEPS, dtype=np.float64)


def _record(task: Task, arm: Arm, **found: Any) -> Record:
    about = {"scenario": task.cell.scenario, "removed": task.cell.removed, "repeat": task.repeat}
    return dict(json_safe({"key": task.key(arm), **about, "arm": arm.name, **found}))
