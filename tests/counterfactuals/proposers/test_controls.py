"""The two controls: adding up what a prompt tells, and copying the nearest training people's answers."""

from __future__ import annotations

import math

import numpy as np
import pytest

from sensecf_core.cohorts.encoding import from_values, to_code
from sensecf_core.counterfactuals.problem.fitted_cohort import FittedCohort, load_fitted
from sensecf_core.counterfactuals.problem.make_queries import make_queries
from sensecf_core.counterfactuals.problem.search_space import SearchSpace
from sensecf_core.counterfactuals.proposal import ProposalRequest
from sensecf_core.counterfactuals.proposers.effects import EffectsProposer
from sensecf_core.counterfactuals.proposers.few_shot import make_examples
from sensecf_core.counterfactuals.proposers.nearest_pair import NearestPairProposer, moved_to_allowed
from sensecf_core.language.prompts.grammar import read_edits
from sensecf_core.queries.limits import Limits
from sensecf_core.queries.query import FeatureEffect, PromptHints, Query

RUN = ProposalRequest(16, 0, None, math.inf)


@pytest.fixture(scope="module")
def fitted() -> FittedCohort:
    return load_fitted("heart")


@pytest.fixture(scope="module")
def query(fitted: FittedCohort) -> Query:
    test = fitted.cohort.part("test").index
    queries = make_queries(fitted, [tuple(key) for key in test], 0, Limits(profile="contrast"))
    return next(one for one in queries if one.factual.predicted == 1 and len(one.movable) >= 4)


def test_only_sums_that_are_told_to_be_enough_are_drawn(fitted: FittedCohort, query: Query) -> None:
    first, second, third = query.movable[:3]
    worth = {first.feature: -0.6, second.feature: -0.5, third.feature: -0.3}
    effects = tuple(
        FeatureEffect(feature=one.feature, value=one.values[0], log_odds=worth[one.feature])
        for one in (first, second, third)
    )
    found = EffectsProposer(fitted.schema, PromptHints(gap=1.0, effects=effects)).propose(query, RUN)
    drawn = [set(read_edits(fitted.schema, text) or {}) for text in found.texts]
    names = [first.feature, second.feature, third.feature]
    # 0.6 + 0.5 = 1.1 and all three = 1.4 are enough; 0.9 and 0.8 are not.
    allowed = [{names[0], names[1]}, set(names)]
    assert drawn and all(one in allowed for one in drawn)
    too_much = EffectsProposer(fitted.schema, PromptHints(gap=9.0, effects=effects)).propose(query, RUN)
    assert too_much.texts[0]  # where nothing is enough, those that are worth most


def test_an_effect_counts_towards_the_desired_class(fitted: FittedCohort, query: Query) -> None:
    one = query.movable[0]
    rows = np.array([SearchSpace.of(fitted.schema, query).apply({})])
    rows[0, fitted.schema.positions[one.feature]] = one.values[0]
    told = PromptHints(
        gap=1.0, effects=(FeatureEffect(feature=one.feature, value=one.values[0], log_odds=-2.0),)
    )
    proposer = EffectsProposer(fitted.schema, told)
    towards_0 = SearchSpace.of(fitted.schema, query)
    towards_1 = SearchSpace.of(fitted.schema, query.model_copy(update={"desired": 1}))
    assert proposer._worth(towards_0, rows).tolist() == [2.0]
    assert proposer._worth(towards_1, rows).tolist() == [-2.0]


def test_answers_of_the_nearest_are_copied_and_moved_to_what_is_allowed(
    fitted: FittedCohort, query: Query
) -> None:
    answered = make_examples(fitted, 0, "contrast", 60)
    found = NearestPairProposer(fitted, answered).propose(query, RUN)
    assert 1 < len(found.texts) == len(set(found.texts)) <= 16
    values = {one.feature: one.values for one in query.movable}
    for text in found.texts:
        edits = read_edits(fitted.schema, text)
        assert edits and len(edits) <= query.limits.max_changes
        for name, value in edits.items():
            assert to_code(fitted.schema.feature(name), value) in values[name]
    factual = from_values(fitted.schema, query.factual.features)
    codes = [from_values(fitted.schema, one.query.factual.features) for one in answered]
    nearest = answered[int(fitted.distances.gower(factual, np.array(codes)).argmin())]
    if moved := moved_to_allowed(fitted.schema, query, nearest.edits):
        assert read_edits(fitted.schema, found.texts[0]) == moved


def test_nobody_copies_their_own_answer(fitted: FittedCohort) -> None:
    answered = make_examples(fitted, 0, "contrast", 30)
    own = answered[0].query
    alone = NearestPairProposer(fitted, answered[:1]).propose(own, RUN)
    assert alone.texts == ()
    assert NearestPairProposer(fitted, answered[:2]).propose(own, RUN).texts
