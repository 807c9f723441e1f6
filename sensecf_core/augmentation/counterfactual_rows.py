"""Counterfactuals of the scarce training rows as training rows, from methods without a language model.

Factuals are training rows of the other class; limits are those of ``contrast``; the classifier that is asked
is the boosted trees fitted on the scarce training rows. Its threshold is their share of class 1, its known
prior: under heavy scarcity nothing would ever pass 0.5.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import numpy as np

from sensecf_core.augmentation.resampling import MadeRows, TrainingRows
from sensecf_core.classifiers.calibration import Sigmoid
from sensecf_core.classifiers.classifier import Classifier
from sensecf_core.classifiers.logistic import fit_logistic
from sensecf_core.classifiers.training import rows_of
from sensecf_core.cohorts.cohort import Cohort
from sensecf_core.cohorts.encoding import Codes
from sensecf_core.cohorts.rules import violations
from sensecf_core.counterfactuals.problem.budget import Budget
from sensecf_core.counterfactuals.problem.fitted_cohort import FittedCohort
from sensecf_core.counterfactuals.problem.make_queries import make_queries
from sensecf_core.counterfactuals.problem.search_space import SearchSpace
from sensecf_core.counterfactuals.proposers.random import RandomProposer
from sensecf_core.counterfactuals.search.beam_search import search
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

DRAWS = 16
"""Random edits drawn for each query."""

AT_ONCE = 200
"""Queries that are asked together; the answers beyond the number wanted are not used."""

Rng = np.random.Generator
Propose = Callable[[FittedCohort, list[SearchSpace], float, Rng], list[Codes | None]]


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


def by_search(fitted: FittedCohort, spaces: list[SearchSpace], margin: float, rng: Rng) -> list[Codes | None]:
    """The minimal counterfactual of each query that our own search finds, or None."""
    return search(fitted, spaces, Budget(fitted.classifier), margin=margin)


def by_random_edits(
    fitted: FittedCohort, spaces: list[SearchSpace], margin: float, rng: Rng
) -> list[Codes | None]:
    """The first of :data:`DRAWS` random edits of each query that reaches the desired class, or None."""
    proposer = RandomProposer(fitted.schema)
    drawn = [
        np.array([space.apply(proposer.draw(space.query, rng, space.max_changes)) for _ in range(DRAWS)])
        if space.query.movable
        else np.repeat(space.factual[None], DRAWS, axis=0)
        for space in spaces
    ]
    risks = Budget(fitted.classifier).probability(np.vstack(drawn)).reshape(len(spaces), DRAWS)
    found: list[Codes | None] = []
    for space, codes, risk in zip(spaces, drawn, risks, strict=True):
        reached = fitted.reaches(risk, space.desired, margin) & space.changed(codes).any(axis=1)
        passed = codes[reached]
        passed = passed[~violations(fitted.schema, space.factual, passed).any(axis=1)]
        found.append(passed[0] if len(passed) else None)
    return found


METHODS: Mapping[str, Propose] = MappingProxyType({"random": by_random_edits, "search": by_search})


def counterfactual_rows(
    fitted: FittedCohort,
    rows: TrainingRows,
    label: int,
    number: int,
    *,
    propose: Propose,
    margin: float,
    rng: Rng,
) -> MadeRows:
    """Make at most ``number`` counterfactuals of class ``label`` from training rows of the other class.

    Factuals that the scarce classifier already puts in ``label`` are left out, unless all are. Each is
    asked about once, then again with a random half of what may move held fixed, until there are enough rows,
    :data:`ROWS_PER_FACTUAL` rounds are over, or :data:`QUERIES_PER_ROW` queries were asked for each row. No
    row is made twice.
    """
    index = fitted.cohort.rows.index[fitted.cohort.parts.eq("train").to_numpy()]
    others = rows.target != label
    factuals = np.flatnonzero(others & (fitted.train_predicted != label))
    factuals = rng.permutation(factuals if len(factuals) else np.flatnonzero(others))
    rounds = np.tile(factuals, ROWS_PER_FACTUAL)[: QUERIES_PER_ROW * number]
    made: dict[bytes, tuple[Codes, str]] = {}
    for start in range(0, len(rounds), AT_ONCE):
        if len(made) == number:
            break
        batch = rounds[start : start + AT_ONCE]
        again = np.arange(start, start + len(batch)) >= len(factuals)
        spaces = _spaces(fitted, [index[position] for position in batch], label, again, rng)
        for position, codes in zip(batch, propose(fitted, spaces, margin, rng), strict=True):
            if codes is not None and len(made) < number:
                made.setdefault(codes.tobytes(), (codes, str(rows.people[position])))
    codes_of_all = np.array([codes for codes, _ in made.values()]).reshape(-1, rows.codes.shape[1])
    return MadeRows.of_class(codes_of_all, label, np.array([who for _, who in made.values()], dtype=object))


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
