"""The control that copies: the answers of the nearest training people (docs/metrics.md)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from time import perf_counter
from typing import Literal

import numpy as np

from sensecf_core.classifiers.classifier import Classifier
from sensecf_core.cohorts.encoding import from_values, to_code, to_value
from sensecf_core.cohorts.schema import Profile, Schema
from sensecf_core.counterfactuals.problem.budget import CancelledError
from sensecf_core.counterfactuals.problem.fitted_cohort import FittedCohort
from sensecf_core.counterfactuals.problem.make_queries import make_queries
from sensecf_core.counterfactuals.proposal import Proposal, ProposalRequest
from sensecf_core.counterfactuals.proposers.few_shot import stored_examples
from sensecf_core.counterfactuals.search.answers import search_answers
from sensecf_core.counterfactuals.search.effects import estimate_effects
from sensecf_core.language.prompts.grammar import write_edits
from sensecf_core.queries.answer import Edits
from sensecf_core.queries.limits import Limits
from sensecf_core.queries.query import Query

QUERIES_PER_BATCH = 100
"""Training queries searched between two looks whether the answer was cancelled."""


@dataclass(frozen=True)
class Answered:
    """A training query and its answers, best first."""

    query: Query
    answers: tuple[Edits, ...]


@dataclass(frozen=True)
class NearestPairProposer:
    """Copies answers to the nearest (Gower) training queries, each value moved to the nearest allowed.

    It asks no model and no classifier, and knows what a fine-tuned model was taught. ``answered`` are
    training queries of the same direction and limits profile (:func:`taught`); the query's own
    participant's are left out. A copied change of a feature that may not move here is dropped.
    """

    fitted: FittedCohort
    answered: tuple[Answered, ...]

    def propose(self, query: Query, run: ProposalRequest) -> Proposal:
        """Copy ``run.candidates`` different answers, or as many as there are: the nearest person's first.

        Where there is none to copy, nothing is proposed, and a note says so.
        """
        started = perf_counter()
        schema = self.fitted.schema
        others = [one for one in self.answered if one.query.participant_id != query.participant_id]
        codes = np.array([from_values(schema, one.query.factual.features) for one in others])
        factual = from_values(schema, query.factual.features)
        near = self.fitted.distances.gower(factual, codes.reshape(-1, len(schema.features)))
        texts: dict[str, None] = {}
        for position in np.argsort(near, kind="stable"):
            if len(texts) == run.candidates:
                break
            for answer in others[position].answers:
                edits = moved_to_allowed(schema, query, answer)
                if edits and len(texts) < run.candidates:
                    texts[write_edits(schema, edits)] = None
        notes = () if texts else (self._nothing_to_copy(query),)
        return Proposal(tuple(texts), notes=notes, decode_seconds=perf_counter() - started)

    def _nothing_to_copy(self, query: Query) -> str:
        if not self.answered:
            return (
                "No answer was found for any training row in this direction under "
                f"`{query.limits.profile}` limits, so there is none to copy."
            )
        return "No stored answer of a training row changes a feature that may move here."


def taught(
    fitted: FittedCohort,
    desired: Literal[0, 1],
    profile: Profile,
    cancelled: Callable[[], bool] = lambda: False,
) -> tuple[Answered, ...]:
    """What fine-tuning teaches of one direction under a profile's plain limits: every training row's answers.

    Searched once per process (nhanes: a few seconds). A wrapped classifier has no SHAP values to search
    along, so the examples of few-shot prompts stand in, one answer each. Raises ``CancelledError``.
    """
    if not isinstance(fitted.classifier, Classifier):
        examples = stored_examples(fitted, desired, profile, cancelled)
        return tuple(Answered(one.query, (one.edits,)) for one in examples)
    parts = (fitted.cohort.data_sha256, fitted.cohort.split_sha256, fitted.schema.sha256)
    key = (*parts, fitted.schema.limits_sha256, fitted.classifier.sha256)
    return _taught(_Direction(key, desired, profile, fitted, cancelled))


@dataclass(frozen=True)
class _Direction:
    """What decides the answers of a direction, by hash."""

    key: tuple[str, ...]
    desired: Literal[0, 1]
    profile: Profile
    fitted: FittedCohort = field(compare=False)
    cancelled: Callable[[], bool] = field(compare=False)


@lru_cache(maxsize=16)
def _taught(direction: _Direction) -> tuple[Answered, ...]:
    fitted = direction.fitted
    train = fitted.cohort.rows.index[fitted.cohort.parts.eq("train").to_numpy()]
    asked = train[np.flatnonzero(fitted.train_predicted != direction.desired)]
    keys = [(str(participant), str(row)) for participant, row in asked]
    found: list[Answered] = []
    for start in range(0, len(keys), QUERIES_PER_BATCH):
        if direction.cancelled():
            raise CancelledError
        batch = keys[start : start + QUERIES_PER_BATCH]
        made = make_queries(fitted, batch, direction.desired, Limits(profile=direction.profile))
        queries = [query for query in made if query.movable]
        answers = search_answers(fitted, queries, estimate_effects(fitted, queries))
        found += [Answered(*pair) for pair in zip(queries, answers, strict=True) if pair[1]]
    return tuple(found)


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
