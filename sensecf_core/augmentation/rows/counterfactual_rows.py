"""Counterfactuals of the scarce training rows as training rows.

Factuals are training rows of the other class; limits are those of ``contrast``; the classifier that is asked
is the boosted trees fitted on the scarce training rows. Its threshold is their share of class 1, its known
prior: under heavy scarcity nothing would ever pass 0.5.
"""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np

from sensecf_core import provenance
from sensecf_core.augmentation.rows.ask import CANDIDATES, Answered, Ask, Rng, Source
from sensecf_core.augmentation.rows.made_rows import MadeRows, TrainingRows
from sensecf_core.augmentation.rows.transfer import Transfer
from sensecf_core.classifiers.calibration import Sigmoid
from sensecf_core.classifiers.classifier import Classifier
from sensecf_core.classifiers.logistic import fit_logistic
from sensecf_core.classifiers.training import rows_of
from sensecf_core.cohorts.cohort import Cohort
from sensecf_core.cohorts.encoding import Codes
from sensecf_core.counterfactuals.problem.fitted_cohort import FittedCohort
from sensecf_core.counterfactuals.problem.make_queries import make_queries
from sensecf_core.counterfactuals.problem.search_space import SearchSpace
from sensecf_core.paths import var
from sensecf_core.queries.limits import Limits
from sensecf_core.queries.query import Query
from sensecf_core.types import Mask

ROWS_PER_FACTUAL = 4
"""At most so many counterfactuals are made of one factual."""

QUERIES_PER_ROW = 2
"""At most so many queries are asked for each row that is wanted."""

MARGIN = 1.0
"""Log-odds beyond the threshold that the label "hard with margin" asks for."""

MAX_CHANGES = 3
"""Features that one counterfactual changes at most, as everywhere by default."""

AT_ONCE = 200
"""Queries that are asked together; the answers beyond the number wanted are not used."""


def scarce_fitted(scarce: Cohort, trees: Any) -> FittedCohort:
    """The scarce cohort with its boosted trees as the classifier that counterfactuals are made against."""
    train = rows_of(scarce, "train")
    share = float(np.clip(train.target.mean(), 0.01, 0.99))
    second = fit_logistic((train.matrix, train.target), (train.matrix, train.target))
    classifier = Classifier(
        schema=scarce.schema,
        threshold=share,
        second_threshold=share,
        tree_model=trees,
        calibration=Sigmoid(1.0, 0.0),
        second_classifier=second,
        refits=(),
    )
    return FittedCohort.fit(scarce, classifier)


def counterfactual_rows(
    fitted: FittedCohort,
    rows: TrainingRows,
    label: int,
    number: int,
    *,
    source: Source,
    margin: float,
    rng: Rng,
    transfer: Transfer | None = None,
    model: str | None = None,
) -> MadeRows:
    """Make at most ``number`` counterfactuals of class ``label`` from training rows of the other class.

    Of one factual at most :data:`ROWS_PER_FACTUAL` rows are taken; who is asked and how often:
    :func:`candidate_rows`.
    """
    ask = Ask(fitted, margin, rng, transfer, model)
    made = candidate_rows(ask, rows, label, number, source)
    if source.margin == "sieved":
        made = few_of_each(sieved_rows(fitted, made, label, margin))
    return made.only(np.arange(len(made.codes)) < number)


def candidate_rows(ask: Ask, rows: TrainingRows, label: int, number: int, source: Source) -> MadeRows:
    """What a source makes: of one that is sieved every candidate within the limits, else counterfactuals.

    Factuals that the scarce classifier already puts in ``label`` are left out, unless all are. Each is
    asked about once, then again with a random half of what may move held fixed, until there are enough rows,
    :data:`ROWS_PER_FACTUAL` rounds are over, or the source's ``queries`` (:data:`QUERIES_PER_ROW` for each
    row that is wanted) were asked. No row is made twice.
    """
    fitted, rng = ask.fitted, ask.rng
    index = fitted.cohort.rows.index[fitted.cohort.parts.eq("train").to_numpy()]
    others = rows.target != label
    factuals = np.flatnonzero(others & (fitted.train_predicted != label))
    factuals = rng.permutation(factuals if len(factuals) else np.flatnonzero(others))
    rounds = np.tile(factuals, ROWS_PER_FACTUAL)[: QUERIES_PER_ROW * number][: source.queries]
    sieved = source.margin == "sieved"
    taken = _Taken(rows, len(rounds) * CANDIDATES if sieved else number, None if sieved else ROWS_PER_FACTUAL)
    for start in range(0, len(rounds), AT_ONCE):
        if len(taken.of_code) == taken.number:
            break
        batch = rounds[start : start + AT_ONCE]
        again = np.arange(start, start + len(batch)) >= len(factuals)
        spaces = _spaces(fitted, [index[position] for position in batch], label, again, rng)
        for position, answered in zip(batch, source.propose(ask, spaces), strict=True):
            taken.take(position, answered)
    return taken.as_rows(label)


class _Taken:
    """What was made so far; counts are of everything that was asked."""

    def __init__(self, rows: TrainingRows, number: int, of_one: int | None) -> None:
        self.rows, self.number, self.of_one = rows, number, of_one
        self.of_code: dict[bytes, tuple[Codes, int]] = {}
        self.of_factual: dict[int, int] = {}
        self.proposed = self.valid = 0

    def take(self, position: int, answered: Answered) -> None:
        self.proposed += answered.proposed
        self.valid += answered.valid
        for codes in answered.rows:
            full = len(self.of_code) == self.number or self.of_factual.get(position, 0) == self.of_one
            if not full and codes.tobytes() not in self.of_code:
                self.of_code[codes.tobytes()] = codes, position
                self.of_factual[position] = self.of_factual.get(position, 0) + 1

    def as_rows(self, label: int) -> MadeRows:
        codes = np.array([codes for codes, _ in self.of_code.values()]).reshape(-1, self.rows.codes.shape[1])
        factuals = [position for _, position in self.of_code.values()]
        owners = np.array([str(self.rows.people[position]) for position in factuals], dtype=object)
        return MadeRows.of_class(codes, label, owners, self.proposed, self.valid)


def kept_rows(scarce: Cohort, made: Any, *decides: Any) -> MadeRows:
    """Rows of a slow source: made once and kept in ``var/runs/augmentation-rows``, by all that decides them.

    ``made`` is called without arguments where they are not there yet; ``decides`` are told by their text,
    beside the rows that are left and the code of this module and all that it uses.
    """
    parts = (scarce.data_sha256, scarce.split_sha256, scarce.schema.sha256, provenance.code_sha256(__name__))
    digest = hashlib.sha256(repr((*parts, *decides)).encode()).hexdigest()[:24]
    path = var("runs", "augmentation-rows", f"{scarce.schema.name}-{digest}.npz")
    if path.is_file():
        return MadeRows.read(path)
    rows: MadeRows = made()
    rows.write(path)
    return rows


def sieved_rows(fitted: FittedCohort, made: MadeRows, label: int, margin: float) -> MadeRows:
    """Those of made rows that lie in the class, ``margin`` log-odds beyond the threshold."""
    risks = fitted.classifier.probability_of_codes(made.codes)
    return made.only(fitted.reaches(risks, label, margin))


def few_of_each(made: MadeRows, most: int = ROWS_PER_FACTUAL) -> MadeRows:
    """At most so many rows of each participant, the first ones."""
    seen: dict[str, int] = {}
    kept = np.zeros(len(made.owners), dtype=bool)
    for position, owner in enumerate(made.owners):
        seen[owner] = seen.get(owner, 0) + 1
        kept[position] = seen[owner] <= most
    return made.only(kept)


def _spaces(
    fitted: FittedCohort, keys: list[tuple[str, str]], label: int, again: Mask, rng: Rng
) -> list[SearchSpace]:
    """The queries of some factuals as search spaces; where ``again``, a random half may not move."""
    limits = Limits(profile="contrast", max_changes=MAX_CHANGES)
    queries = make_queries(fitted, keys, 1 if label else 0, limits)
    return [
        SearchSpace.of(fitted.schema, _with_half_held(query, rng) if held else query)
        for query, held in zip(queries, again, strict=True)
    ]


def _with_half_held(query: Query, rng: Rng) -> Query:
    moves = rng.random(len(query.movable)) < 0.5
    movable = tuple(feature for feature, free in zip(query.movable, moves, strict=True) if free)
    return query.model_copy(update={"movable": movable})
