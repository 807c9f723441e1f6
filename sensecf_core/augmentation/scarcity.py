"""Labels taken away: the rows that an arm may see, and the test rows that nobody sees before the end.

Every repeat is a new 60 / 20 / 20 split by participant (:func:`sensecf_core.cohorts.split.split`). The
removed rows and the test rows are not part of :attr:`ScarceSplit.scarce`, so nothing that is fitted on it can
have read them.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import pandas as pd

from sensecf_core.classifiers.design_matrix import to_matrix
from sensecf_core.classifiers.training import Rows, rows_of
from sensecf_core.cohorts.cohort import Cohort
from sensecf_core.cohorts.encoding import to_codes
from sensecf_core.cohorts.fingerprint import frame_sha256
from sensecf_core.cohorts.split import split
from sensecf_core.errors import InputError

Scenario = Literal["A", "B", "C"]

REMOVED_CLASSES: dict[Scenario, tuple[int, ...]] = {"A": (1,), "B": (0,), "C": (0, 1)}
"""The classes that lose rows: positives, negatives, both."""

SCARCE_CLASS: dict[Scenario, int] = {"A": 1, "B": 0, "C": 1}
"""The class whose F1 and average precision are reported."""

FEWEST = {"train": 4, "val": 2}
"""Participants of each class that a part must keep; an engineering choice. A cell with fewer is refused."""


@dataclass(frozen=True)
class Counts:
    """How many rows of each class (class 0, class 1) a part has."""

    zeros: int
    ones: int

    @classmethod
    def of(cls, target: pd.Series) -> Counts:
        """Count a 0 / 1 target."""
        return cls(int((target == 0).sum()), int((target == 1).sum()))

    def of_class(self, label: int) -> int:
        """The rows of one class."""
        return self.ones if label else self.zeros


@dataclass(frozen=True)
class ScarceSplit:
    """One repeat of one cell.

    Attributes
    ----------
    scarce : what is left of train and val; arms see only this cohort.
    full : train and val before anything was removed; only for diagnostics and for the loss.
    test : test rows as the students read them.
    train, val, removed : rows left in train, left in val, and removed from train.
    prevalence : share of class 1 in the full train and val, the one number that is told of the full data.
    """

    scenario: Scenario
    share: float
    seed: int
    scarce: Cohort
    full: Cohort
    test: Rows
    train: Counts
    val: Counts
    removed: Counts
    prevalence: float

    @property
    def scarce_class(self) -> int:
        """The class whose F1 is reported."""
        return SCARCE_CLASS[self.scenario]


def thin(
    cohort: Cohort, scenario: Scenario, share: float, seed: int, *, full_val: bool = False
) -> ScarceSplit:
    """Split a cohort anew and remove ``share`` (0 to 1) of the scenario's classes from train and val.

    ``full_val`` leaves val as it is: what is then still lost is too few rows to train on, not to tune on.

    Which rows go is decided by a hash of their ids: under one seed, a larger share removes all rows that a
    smaller one does and more, and C removes those of A and those of B.

    Raises
    ------
    InputError : fewer participants of a class than :data:`FEWEST` would be left.
    """
    parts = split(cohort.target, seed)
    known = parts.ne("test").to_numpy()
    gone = np.zeros(len(parts), dtype=bool)
    for part in ("train",) if full_val else FEWEST:
        for label in REMOVED_CLASSES[scenario]:
            members = np.flatnonzero(parts.eq(part).to_numpy() & cohort.target.eq(label).to_numpy())
            order = sorted(members, key=lambda position: _sort_key(parts.index[position], seed))
            gone[order[: round(share * len(members))]] = True
    scarce = _only(cohort, parts, known & ~gone)
    _check(scarce, scenario, share)
    in_train = parts.eq("train").to_numpy()
    test = cohort.rows[~known]
    return ScarceSplit(
        scenario=scenario,
        share=share,
        seed=seed,
        scarce=scarce,
        full=_only(cohort, parts, known),
        test=Rows(
            matrix=to_matrix(cohort.schema, to_codes(cohort.schema, test)),
            target=cohort.target[~known].to_numpy(dtype=np.int64),
            people=test.index.get_level_values(0).to_numpy(dtype=object),
        ),
        train=Counts.of(cohort.target[in_train & ~gone]),
        val=Counts.of(cohort.target[known & ~in_train & ~gone]),
        removed=Counts.of(cohort.target[in_train & gone]),
        prevalence=float(cohort.target[known].mean()),
    )


def _only(cohort: Cohort, parts: pd.Series, kept: np.ndarray) -> Cohort:
    """The cohort with only the rows of the mask ``kept``."""
    rows, target = cohort.rows[kept], cohort.target[kept]
    return replace(
        cohort,
        rows=rows,
        target=target,
        parts=parts[kept],
        subgroups=cohort.subgroups[kept],
        data_sha256=frame_sha256(rows.assign(**{cohort.schema.task.target: target})),
        split_sha256=frame_sha256(parts[kept].to_frame()),
    )


def _check(scarce: Cohort, scenario: Scenario, share: float) -> None:
    for part in ("train", "val"):
        rows = rows_of(scarce, part)
        for label in (0, 1):
            people = len(set(rows.people[rows.target == label]))
            if people < FEWEST[part]:
                raise InputError(
                    f"Scenario {scenario} with {share:g} removed leaves {people} participants of class "
                    f"{label} in {part} of {scarce.schema.name!r}; {FEWEST[part]} are needed."
                )


def _sort_key(row: tuple[str, str], seed: int) -> str:
    return hashlib.sha256(f"{seed}:removed:{row[0]}:{row[1]}".encode()).hexdigest()
