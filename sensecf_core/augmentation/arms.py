"""The arms: what is done about scarce labels, as rows × labels.

Arms read :class:`Artefacts` only, all of which are fitted on the scarce rows. Only arms of the group
``diagnostic`` are handed anything of the full data, and they take no part in any comparison.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

import numpy as np

from sensecf_core.augmentation.counterfactual_rows import (
    MARGIN,
    METHODS,
    ROWS_PER_FACTUAL,
    counterfactual_rows,
    scarce_fitted,
)
from sensecf_core.augmentation.labels import CrossFittedPanel
from sensecf_core.augmentation.measures import correct_prior
from sensecf_core.augmentation.resampling import RESAMPLINGS, MadeRows, TrainingRows
from sensecf_core.augmentation.scarcity import Counts
from sensecf_core.augmentation.students import Fitted, Material, StudentSettings, choose, fit
from sensecf_core.classifiers.design_matrix import to_matrix
from sensecf_core.classifiers.training import Rows, rows_of
from sensecf_core.cohorts.cohort import Cohort
from sensecf_core.cohorts.encoding import to_codes
from sensecf_core.counterfactuals.problem.fitted_cohort import FittedCohort
from sensecf_core.errors import unknown

Group = Literal["nothing added", "resampled", "counterfactual", "diagnostic"]
Labels = Literal["hard", "margin", "panel", "full"]

EVERYTHING = "all"

MOST_WEIGHT = 4.0
"""Where a method makes fewer rows than wanted, each stands for at most so many."""


@dataclass(frozen=True)
class Arm:
    """One arm: the rows that it adds (none: nothing) and how they are labelled."""

    name: str
    group: Group
    title: str
    rows: str | None = None
    labels: Labels | None = None


_TITLES = {
    "ros": "random oversampling",
    "smotenc": "SMOTENC",
    "rose": "smoothed bootstrap (ROSE)",
    "crossover": "crossover",
    "random": "random edits that flip",
    "search": "minimal counterfactuals",
}
_LABELLED: dict[Labels, str] = {
    "hard": "own hard label",
    "margin": "hard label with margin",
    "panel": "soft label of the panel",
}

ARMS: tuple[Arm, ...] = (
    Arm("scarce", "nothing added", "scarce labels, nothing done"),
    Arm("threshold", "nothing added", "threshold at the known prevalence"),
    Arm("weights", "nothing added", "class weights"),
    Arm("ridge", "nothing added", "ridge regression instead"),
    Arm("panel", "nothing added", "panel instead"),
    *(Arm(name, "resampled", _TITLES[name], name, "hard") for name in RESAMPLINGS),
    *(
        Arm(f"{name}-panel", "resampled", f"{_TITLES[name]}, {_LABELLED['panel']}", name, "panel")
        for name in RESAMPLINGS
    ),
    *(
        Arm(f"{name}-{kind}", "counterfactual", f"{_TITLES[name]}, {words}", name, kind)
        for name in METHODS
        for kind, words in _LABELLED.items()
    ),
    Arm(
        "search-full", "diagnostic", "minimal counterfactuals, soft label of the full model", "search", "full"
    ),
    Arm("full", "diagnostic", "all labels"),
    Arm("full-weights", "diagnostic", "all labels, class weights"),
)

BY_NAME = {arm.name: arm for arm in ARMS}
ALWAYS = ("scarce", "full")
"""Arms that every run has: the loss is measured between them."""


def parse(names: Sequence[str]) -> tuple[Arm, ...]:
    """The arms of these names (``all``: every one) and :data:`ALWAYS`; raises ``InputError``."""
    for name in names:
        if name not in (EVERYTHING, *BY_NAME):
            raise unknown("arm", name, (EVERYTHING, *BY_NAME))
    return tuple(arm for arm in ARMS if EVERYTHING in names or arm.name in (*names, *ALWAYS))


@dataclass(frozen=True)
class Artefacts:
    """Everything that arms use, each fitted on the scarce rows when it is first asked for.

    ``scarce`` has what is left of train and val, ``removed`` says how many training rows of each class are
    gone, and ``seed`` decides every draw.
    """

    scarce: Cohort
    removed: Counts
    seed: int

    @cached_property
    def train(self) -> Rows:
        """The scarce training rows as the students read them."""
        return rows_of(self.scarce, "train")

    @cached_property
    def val(self) -> Rows:
        """The scarce validation rows."""
        return rows_of(self.scarce, "val")

    @cached_property
    def training_rows(self) -> TrainingRows:
        """The scarce training rows as codes."""
        codes = to_codes(self.scarce.schema, self.scarce.part("train"))
        return TrainingRows(self.scarce.schema, codes, self.train.target, self.train.people)

    @cached_property
    def settings(self) -> StudentSettings:
        """Settings of the students, for all arms."""
        return choose(self.train, self.seed)

    @cached_property
    def students(self) -> Fitted:
        """The students with nothing added."""
        return fit(self.settings, Material.of(self.train))

    @cached_property
    def panel(self) -> CrossFittedPanel:
        """Who gives soft labels."""
        return CrossFittedPanel.fit(self.settings, self.train)

    @cached_property
    def fitted(self) -> FittedCohort:
        """What counterfactuals are made against."""
        return scarce_fitted(self.scarce, self.students.models["trees"])

    def wanted(self, label: int) -> int:
        """How many rows of a class each arm adds.

        As many as were removed, but at most :data:`ROWS_PER_FACTUAL` for each row of the other class.
        """
        others = int((self.train.target != label).sum())
        return min(self.removed.of_class(label), ROWS_PER_FACTUAL * others)

    def made(self, source: str, labels: Labels = "hard") -> MadeRows:
        """The rows of a source with their own hard labels, the same for every arm that asks.

        Where fewer rows of a class were made than wanted, each weighs more, up to :data:`MOST_WEIGHT`.
        """
        margin = MARGIN if labels == "margin" else 0.0
        key = (source, margin)
        if key not in self._made:
            self._made[key] = MadeRows.joined(
                [self._make(source, label, margin) for label in (0, 1) if self.wanted(label)]
            )
        return self._made[key]

    @cached_property
    def _made(self) -> dict[tuple[str, float], MadeRows]:
        return {}

    def _make(self, source: str, label: int, margin: float) -> MadeRows:
        rng = np.random.default_rng((self.seed, zlib.crc32(source.encode()), label))
        rows, number = self.training_rows, self.wanted(label)
        if source in RESAMPLINGS:
            return RESAMPLINGS[source](rows, label, number, rng)
        made = counterfactual_rows(
            self.fitted, rows, label, number, propose=METHODS[source], margin=margin, rng=rng
        )
        n = len(made.codes)
        return replace(made, weight=np.full(n, min(MOST_WEIGHT, number / max(1, n))))


def balanced(material: Material) -> Material:
    """Class weights: both classes weigh the same, all rows together as much as before."""
    weight = material.weight / np.where(material.target == 1, material.share, 1 - material.share) / 2
    return replace(material, weight=weight)


def labelled_rows(artefacts: Artefacts, arm: Arm, full: Fitted | None = None) -> MadeRows:
    """The rows that an arm adds, with its labels; rows that nobody could label are left out.

    ``full`` are the students of the full data, for the diagnostic label only.
    """
    if arm.rows is None:
        raise ValueError(f"the arm `{arm.name}` adds no rows")
    made = artefacts.made(arm.rows, arm.labels or "hard")
    if arm.labels in ("hard", "margin") or not len(made.codes):
        return made
    matrix = to_matrix(artefacts.scarce.schema, made.codes)
    if arm.labels == "panel":
        labels = artefacts.panel.label(matrix, made.owners)
    elif full is not None:
        risks = full.probabilities(matrix)["trees"]
        labels = correct_prior(risks, full.share, artefacts.students.share)
    else:
        raise ValueError(f"the arm `{arm.name}` needs the full model")
    return made.only(~np.isnan(labels), labels)


def added_material(artefacts: Artefacts, made: MadeRows) -> Material:
    """Made rows as training material."""
    return Material(to_matrix(artefacts.scarce.schema, made.codes), made.labels, made.weight)
