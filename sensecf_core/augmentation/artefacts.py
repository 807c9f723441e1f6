"""Everything that arms use, fitted on the scarce rows when it is first asked for."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from sensecf_core.augmentation.arms import NATIVE_PAIRS, TWICE, Labels
from sensecf_core.augmentation.rows.ask import Ask, Source
from sensecf_core.augmentation.rows.counterfactual_rows import (
    MARGIN,
    ROWS_PER_FACTUAL,
    candidate_rows,
    counterfactual_rows,
    few_of_each,
    kept_rows,
    scarce_fitted,
    sieved_rows,
)
from sensecf_core.augmentation.rows.made_rows import MadeRows, TrainingRows
from sensecf_core.augmentation.rows.native_pairs import native_pairs
from sensecf_core.augmentation.rows.resampling import RESAMPLINGS
from sensecf_core.augmentation.rows.sources import ANY_EDIT, METHODS
from sensecf_core.augmentation.rows.transfer import Transfer
from sensecf_core.augmentation.scarcity import Counts
from sensecf_core.augmentation.students import (
    CrossFittedPanel,
    Fitted,
    Material,
    StudentSettings,
    choose,
    fit,
)
from sensecf_core.classifiers.design_matrix import to_matrix
from sensecf_core.classifiers.training import Rows, rows_of
from sensecf_core.cohorts.cohort import Cohort
from sensecf_core.cohorts.encoding import to_codes
from sensecf_core.counterfactuals.problem.fitted_cohort import FittedCohort

SOURCES = {**METHODS, ANY_EDIT.name: ANY_EDIT}

MOST_WEIGHT = 4.0
"""Where a method makes fewer rows than wanted, each stands for at most so many."""


@dataclass(frozen=True)
class Artefacts:
    """What arms are made of, each part fitted on the scarce rows only.

    ``scarce`` has what is left of train and val, ``removed`` says how many training rows of each class are
    gone, ``seed`` decides every draw, ``transfer`` is the adapter of the arms ``lm-transfer-…``, and
    ``model`` the language model of the arms ``lm-…`` by name (None: the default one).
    """

    scarce: Cohort
    removed: Counts
    seed: int
    transfer: Transfer | None = None
    model: str | None = None

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

    def rng(self, name: str, label: int = 0) -> np.random.Generator:
        """The random numbers of one source of rows; the same ones whenever it is asked."""
        return np.random.default_rng((self.seed, zlib.crc32(name.encode()), label))

    def made(self, source: str, labels: Labels = "hard", ratio: float = 1.0) -> MadeRows:
        """The rows of a source with their own hard labels, the same for every arm that asks.

        ``ratio`` times as many as are :meth:`wanted`. Where fewer rows of a class were made, each weighs
        more, up to :data:`MOST_WEIGHT` (times a ratio above 1). The labels "edits" take every candidate
        within the limits, others those in the class.
        """
        kind = labels if labels in ("margin", "edits") else "hard"
        key = (source, kind, ratio)
        if key not in self._made:
            self._made[key] = MadeRows.joined(
                [self._make(source, label, kind, ratio) for label in (0, 1) if self.wanted(label)]
            )
        return self._made[key]

    @cached_property
    def _made(self) -> dict[tuple[str, str, float], MadeRows]:
        return {}

    def _make(self, source: str, label: int, kind: str, ratio: float) -> MadeRows:
        number = max(1, round(ratio * self.wanted(label)))
        if source in RESAMPLINGS:
            return RESAMPLINGS[source](self.training_rows, label, number, self.rng(source, label))
        if source == NATIVE_PAIRS:
            made = native_pairs(self.training_rows, label, number, self.rng(source, label))
        elif ratio < 1:  # the first of the rows that are made for a whole share
            whole = self.made(source, kind)  # type: ignore[arg-type]
            mine = np.flatnonzero(whole.labels == label)[:number]
            made = whole.only(np.isin(np.arange(len(whole.labels)), mine))
        elif source == TWICE:
            made = self._second_round(label, number)
        else:
            made = self._counterfactuals(SOURCES[source], label, kind, number)
        return made.weighted(number, MOST_WEIGHT * max(1.0, ratio))

    def _second_round(self, label: int, number: int) -> MadeRows:
        """Counterfactuals of the trees that learned from those of the first round, and those themselves."""
        first = self.made("search")
        first = first.only(first.labels == label)
        again = counterfactual_rows(
            self.second_fitted,
            self.training_rows,
            label,
            number,
            source=SOURCES["search"],
            margin=0.0,
            rng=self.rng(TWICE, label),
        )
        return MadeRows.joined([first, again])

    @cached_property
    def second_fitted(self) -> FittedCohort:
        """What a second round is made against: trees of the real rows and the panel-labelled first round."""
        made = self.made("search")
        matrix = to_matrix(self.scarce.schema, made.codes)
        labels = self.panel.label(matrix, made.owners)
        known = ~np.isnan(labels)
        added = Material(matrix[known], labels[known], made.weight[known])
        fitted = fit(self.settings, Material.of(self.train).and_also(added), trees_only=True)
        return scarce_fitted(self.scarce, fitted.models["trees"])

    def _counterfactuals(self, source: Source, label: int, kind: str, number: int) -> MadeRows:
        """At most ``number`` rows; where few queries are asked, all are asked whatever the number."""
        sieved = source.margin == "sieved"
        margin = MARGIN if kind == "margin" else 0.0
        asked = 0.0 if sieved else margin
        most = number if source.queries is None else self.wanted(label)

        def make() -> MadeRows:
            ask = Ask(self.fitted, asked, self.rng(source.name, label), self.transfer, self.model)
            return candidate_rows(ask, self.training_rows, label, most, source)

        language = (self.model, self.transfer and self.transfer.adapter.card.weights_sha256)
        decides = (source.name, label, most, asked, self.seed, *(language if "lm-" in source.name else ()))
        made = kept_rows(self.scarce, make, *decides) if source.slow else make()
        if sieved and kind != "edits":
            made = few_of_each(sieved_rows(self.fitted, made, label, margin))
        return made.only(np.arange(len(made.codes)) < number)
