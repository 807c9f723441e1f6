"""The control that copies: the answers of the nearest training people (docs/metrics.md)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import chain
from time import perf_counter
from typing import Literal

import numpy as np

from sensecf_core.classifiers.classifier import Classifier
from sensecf_core.cohorts.encoding import Codes, from_values, to_code, to_value
from sensecf_core.cohorts.schema import Profile, Schema
from sensecf_core.counterfactuals.problem.budget import CancelledError
from sensecf_core.counterfactuals.problem.fitted_cohort import FittedCohort
from sensecf_core.counterfactuals.problem.make_queries import make_queries
from sensecf_core.counterfactuals.proposal import Proposal, ProposalRequest
from sensecf_core.counterfactuals.proposers.few_shot import stored_examples
from sensecf_core.counterfactuals.proposers.teacher import teach
from sensecf_core.counterfactuals.proposers.tuned_prompt import scale_of
from sensecf_core.language.prompts.grammar import write_edits
from sensecf_core.queries.answer import Edits
from sensecf_core.queries.limits import Limits
from sensecf_core.queries.query import Query

NEAREST_FIRST, MOST_AT_ONCE = 2, 64
"""Training queries whose answers are looked for first: those that have any have up to a dozen. Where that is
not enough, twice as many come next, and so on up to the most between two looks whether it was cancelled."""


@dataclass(frozen=True)
class Answered:
    """A training query and its answers, best first."""

    query: Query
    answers: tuple[Edits, ...]


@dataclass(frozen=True)
class Lessons:
    """Training queries of one direction and limits profile, with their answers.

    Attributes
    ----------
    participants : whom each query is about.
    codes : each query's factual, shape (queries, features).
    answers_of : the answers, best first, to the queries at some positions.
    """

    participants: tuple[str, ...]
    codes: Codes
    answers_of: Callable[[Sequence[int]], Sequence[tuple[Edits, ...]]]

    @classmethod
    def of(cls, schema: Schema, answered: Sequence[Answered]) -> Lessons:
        """Lessons whose answers are known."""
        codes = [from_values(schema, one.query.factual.features) for one in answered]
        return cls(
            tuple(one.query.participant_id for one in answered),
            np.array(codes).reshape(-1, len(schema.features)),
            lambda positions: [answered[position].answers for position in positions],
        )


@dataclass(frozen=True)
class NearestPairProposer:
    """Copies answers to the nearest (Gower) training queries, each value moved to the nearest allowed.

    It asks no model, and the classifier about training rows only: it knows what a fine-tuned model was
    taught. Lessons about the query's own participant are left out, and a copied change of a feature that may
    not move here is dropped.
    """

    fitted: FittedCohort
    lessons: Lessons

    def propose(self, query: Query, run: ProposalRequest) -> Proposal:
        """Copy ``run.candidates`` different answers, or as many as there are: the nearest person's first.

        Where there is none to copy, nothing is proposed, and a note says so.
        """
        started = perf_counter()
        schema = self.fitted.schema
        near = self.fitted.distances.gower(from_values(schema, query.factual.features), self.lessons.codes)
        order = [
            int(position)
            for position in np.argsort(near, kind="stable")
            if self.lessons.participants[position] != query.participant_id
        ]
        texts: dict[str, None] = {}
        some = False
        size = NEAREST_FIRST
        while order and len(texts) < run.candidates:
            if run.callbacks.cancelled():
                raise CancelledError
            nearest, order, size = (
                self.lessons.answers_of(order[:size]),
                order[size:],
                min(2 * size, MOST_AT_ONCE),
            )
            for answer in chain.from_iterable(nearest):
                some = True
                edits = moved_to_allowed(schema, query, answer)
                if edits and len(texts) < run.candidates:
                    texts[write_edits(schema, edits)] = None
        notes = () if texts else (_nothing_to_copy(query, some=some),)
        return Proposal(tuple(texts), notes=notes, decode_seconds=perf_counter() - started)


def _nothing_to_copy(query: Query, *, some: bool) -> str:
    if some:
        return "No stored answer of a training row changes a feature that may move here."
    return (
        "No answer was found for any training row in this direction under "
        f"`{query.limits.profile}` limits, so there is none to copy."
    )


def taught(
    fitted: FittedCohort,
    desired: Literal[0, 1],
    profile: Profile,
    cancelled: Callable[[], bool] = lambda: False,
) -> Lessons:
    """What ``lm-fine-tuned`` is taught of one direction under a profile's plain limits, every training row.

    Its teacher's answers (:mod:`sensecf_core.counterfactuals.proposers.teacher`), solid ones first,
    looked for when they are needed and kept by the process. A wrapped classifier has no SHAP values, which
    say what that model is told of; there the examples of few-shot prompts stand in, one answer each. Raises
    ``CancelledError``.
    """
    if not isinstance(fitted.classifier, Classifier):
        examples = stored_examples(fitted, desired, profile, cancelled)
        return Lessons.of(fitted.schema, [Answered(one.query, (one.edits,)) for one in examples])
    parts = (fitted.cohort.data_sha256, fitted.cohort.split_sha256, fitted.schema.sha256)
    key = (*parts, fitted.schema.limits_sha256, fitted.classifier.sha256)
    return _taught(_Direction(key, desired, profile, fitted))


@dataclass(frozen=True)
class _Direction:
    """What decides the answers of a direction, by hash."""

    key: tuple[str, ...]
    desired: Literal[0, 1]
    profile: Profile
    fitted: FittedCohort = field(compare=False)


@lru_cache(maxsize=16)
def _taught(direction: _Direction) -> Lessons:
    fitted, scale = direction.fitted, scale_of(direction.fitted)
    train = fitted.cohort.rows.index[fitted.cohort.parts.eq("train").to_numpy()]
    asked = np.flatnonzero(fitted.train_predicted != direction.desired)
    keys = [(str(participant), str(row)) for participant, row in train[asked]]
    limits = Limits(profile=direction.profile)
    found: dict[int, tuple[Edits, ...]] = {}

    def answers_of(positions: Sequence[int]) -> list[tuple[Edits, ...]]:
        if new := [position for position in positions if position not in found]:
            queries = make_queries(fitted, [keys[position] for position in new], direction.desired, limits)
            movable = {position: query for position, query in zip(new, queries, strict=True) if query.movable}
            answers = teach(fitted, scale, list(movable.values()))
            found.update(dict.fromkeys(new, ()))
            found.update({position: best for position, (best, _) in zip(movable, answers, strict=True)})
        return [found[position] for position in positions]

    return Lessons(tuple(participant for participant, _ in keys), fitted.train_codes[asked], answers_of)


def moved_to_allowed(schema: Schema, query: Query, edits: Edits) -> Edits:
    """Edits with each value moved to the nearest that ``query`` allows, without features that may not move.

    At most ``query.limits.max_changes`` are kept, the first ones.
    """
    allowed = {movable.feature: np.array(movable.values) for movable in query.movable}
    found: Edits = {}
    for name, value in edits.items():
        if name in allowed and len(allowed[name]) and len(found) < query.limits.max_changes:
            feature = schema.feature(name)
            nearest = allowed[name][np.abs(allowed[name] - to_code(feature, value)).argmin()]
            found[name] = to_value(feature, nearest)
    return found
