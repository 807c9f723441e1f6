"""The two controls: adding up what a prompt tells, and copying the nearest training people's answers."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from sensecf_core.classifiers.classifier import Classifier
from sensecf_core.cohorts.encoding import from_values, to_code, to_value
from sensecf_core.counterfactuals.explain import answer
from sensecf_core.counterfactuals.problem.budget import Budget
from sensecf_core.counterfactuals.problem.fitted_cohort import FittedCohort, load_fitted
from sensecf_core.counterfactuals.problem.make_queries import make_queries
from sensecf_core.counterfactuals.problem.search_space import SearchSpace
from sensecf_core.counterfactuals.proposal import ProposalRequest
from sensecf_core.counterfactuals.proposers import nearest_pair
from sensecf_core.counterfactuals.proposers.effects import EffectsProposer
from sensecf_core.counterfactuals.proposers.nearest_pair import (
    Answered,
    Lessons,
    NearestPairProposer,
    moved_to_allowed,
    taught,
)
from sensecf_core.counterfactuals.proposers.registry import Context, check_classifier, proposer_for
from sensecf_core.counterfactuals.proposers.teacher import teach
from sensecf_core.counterfactuals.proposers.tuned_prompt import scale_of
from sensecf_core.errors import InputError
from sensecf_core.language.prompts.grammar import read_edits, write_edits
from sensecf_core.queries.answer import Answer
from sensecf_core.queries.limits import Limits
from sensecf_core.queries.methods import METHODS
from sensecf_core.queries.query import FeatureEffect, PromptHints, Query
from sensecf_core.queries.request import ExplainRequest

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
    lessons = taught(fitted, 0, "contrast")
    found = NearestPairProposer(fitted, lessons).propose(query, RUN)
    assert 1 < len(found.texts) == len(set(found.texts)) <= 16
    values = {one.feature: one.values for one in query.movable}
    for text in found.texts:
        edits = read_edits(fitted.schema, text)
        assert edits and len(edits) <= query.limits.max_changes
        for name, value in edits.items():
            assert to_code(fitted.schema.feature(name), value) in values[name]
    factual = from_values(fitted.schema, query.factual.features)
    order = np.argsort(fitted.distances.gower(factual, lessons.codes), kind="stable")
    nearest = next(answers for position in order if (answers := lessons.answers_of([int(position)])[0]))
    copied = [moved_to_allowed(fitted.schema, query, one) for one in nearest]
    texts = dict.fromkeys(write_edits(fitted.schema, one) for one in copied if one)
    assert texts and list(found.texts[: len(texts)]) == list(texts), "all of the nearest person's come first"


def test_what_is_taught_is_of_training_rows_that_are_predicted_otherwise(fitted: FittedCohort) -> None:
    train = fitted.cohort.part("train")
    flagged = {str(person) for person, _ in train.index[fitted.classifier.predict(train) == 1]}
    lessons = taught(fitted, 0, "contrast")
    assert set(lessons.participants) == flagged and len(lessons.codes) == len(lessons.participants)
    first = list(range(8))
    answers = lessons.answers_of(first)
    assert lessons.answers_of(first) == answers and sum(map(bool, answers)) > 4
    keys = [(lessons.participants[position], "0") for position in first]
    queries = make_queries(fitted, keys, 0, Limits(profile="contrast"))
    taught_here = teach(fitted, scale_of(fitted), queries)
    assert answers == [best for best, _ in taught_here], "the very lessons of lm-fine-tuned"
    for query, codes, edits_of in zip(queries, lessons.codes, answers, strict=False):
        space = SearchSpace.of(fitted.schema, query)
        assert np.array_equal(space.factual, codes, equal_nan=True)
        rows = np.array([space.apply(edits) for edits in edits_of]).reshape(-1, len(codes))
        assert (fitted.classifier.probability_of_codes(rows) < fitted.classifier.threshold).all()


def test_nobody_copies_their_own_answer(fitted: FittedCohort) -> None:
    lessons = taught(fitted, 0, "contrast")
    keys = [(person, "0") for person in lessons.participants[:8]]
    queries = make_queries(fitted, keys, 0, Limits(profile="contrast"))
    answers = lessons.answers_of(range(8))
    answered = [Answered(*one) for one in zip(queries, answers, strict=True) if one[1]]
    own = answered[0].query
    alone = NearestPairProposer(fitted, Lessons.of(fitted.schema, answered[:1])).propose(own, RUN)
    assert alone.texts == ()
    assert NearestPairProposer(fitted, Lessons.of(fitted.schema, answered[:2])).propose(own, RUN).texts


CONTROLS = [method.name for method in METHODS.values() if method.family == "control"]


def ask(fitted: FittedCohort, method: str, person: tuple[str, str], **options: object) -> Answer:
    asked = {"method": method, "participant_id": person[0], "row_id": person[1], "search_first": False}
    request = {"cohort": fitted.schema.name, "candidates": 12, **asked, **options}
    return answer(fitted, ExplainRequest.model_validate(request))


def person_of(fitted: FittedCohort, predicted: int) -> tuple[str, str]:
    rows = fitted.cohort.part("test")
    keys = rows.index[fitted.classifier.predict(rows) == predicted]
    return str(keys[2][0]), str(keys[2][1])


@pytest.mark.parametrize("method", CONTROLS)
def test_a_control_answers_whatever_the_goal(method: str, fitted: FittedCohort) -> None:
    person = person_of(fitted, 1)
    for asked in ({}, {"goal": "lower"}, {"target": 20.0}, {"profile": "contrast"}):
        answered_itself(ask(fitted, method, person, **asked))
    crossing, lowering = ask(fitted, method, person), ask(fitted, method, person, goal="lower")
    # The goal is the checks' business: what is proposed is the same.
    assert [c.text for c in crossing.trace.candidates] == [c.text for c in lowering.trace.candidates]
    back = ask(fitted, method, person_of(fitted, 0), desired=1, profile="contrast")
    assert back.desired == 1 and back.trace.proposed > 0


@pytest.mark.parametrize("method", CONTROLS)
def test_a_control_answers_about_the_largest_shipped_cohort(method: str) -> None:
    known = load_fitted("nhanes")
    answered_itself(ask(known, method, person_of(known, 1)))


def answered_itself(found: Answer) -> None:
    assert found.status in ("found", "none")
    assert 0 < found.trace.proposed <= 12 and found.trace.readable == found.trace.proposed
    assert found.trace.first is None and found.trace.askings == 1


@pytest.mark.parametrize("method", CONTROLS)
def test_the_same_seed_proposes_the_same_and_another_one_draws_anew(
    method: str, fitted: FittedCohort
) -> None:
    person = person_of(fitted, 1)
    texts = [
        [c.text for c in ask(fitted, method, person, seed=seed, candidates=4).trace.candidates]
        for seed in (0, 0, 1)
    ]
    assert texts[0] == texts[1]
    assert (texts[0] == texts[2]) == (method == "nearest-pair"), "copies are not drawn"


@pytest.mark.parametrize("method", CONTROLS)
def test_a_control_asks_about_no_changed_row_before_it_has_proposed(
    method: str, fitted: FittedCohort, query: Query, monkeypatch: pytest.MonkeyPatch
) -> None:
    factual = from_values(fitted.schema, query.factual.features)
    asked: list[np.ndarray] = []
    real = Classifier.margin_of_codes

    def noted(classifier: Classifier, codes: np.ndarray) -> np.ndarray:
        asked.extend(codes)
        return real(classifier, codes)

    monkeypatch.setattr(Classifier, "margin_of_codes", noted)
    request = ExplainRequest(
        cohort="heart", participant_id=query.participant_id, row_id=query.row_id, method=method
    )
    context = Context(request, fitted, query, (), lambda: False, None)
    budget = Budget(fitted.classifier)
    proposer_for(context).propose(query, RUN)  # nearest-pair has its lessons made, about training rows only
    asked.clear()
    proposal = proposer_for(context).propose(query, replace(RUN, budget=budget))
    assert proposal.texts and budget.rows == 0
    assert all(np.array_equal(row, factual, equal_nan=True) for row in asked)
    asked.clear()
    ask(fitted, method, (query.participant_id, query.row_id))
    assert any(not np.array_equal(row, factual, equal_nan=True) for row in asked), "the checks ask"


def test_a_query_without_a_stored_answer_says_that_there_is_none_to_copy(
    fitted: FittedCohort, query: Query, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(nearest_pair, "taught", lambda *_: Lessons.of(fitted.schema, ()))
    found = ask(fitted, "nearest-pair", (query.participant_id, query.row_id))
    assert found.status == "none" and found.trace.proposed == 0
    assert "No answer was found for any training row" in found.reasons[0]
    other = next(one for one in query.movable if one.feature != query.movable[0].feature)
    stuck = query.model_copy(update={"movable": (query.movable[0],)})
    edits = {other.feature: to_value(fitted.schema.feature(other.feature), other.values[0])}
    nearest = taught(fitted, 0, "contrast").participants[0]
    (asked,) = make_queries(fitted, [(nearest, "0")], 0, Limits(profile="contrast"))
    stored = Lessons.of(fitted.schema, [Answered(asked, (edits,))])
    (note,) = NearestPairProposer(fitted, stored).propose(stuck, RUN).notes
    assert note == "No stored answer of a training row changes a feature that may move here."


def test_a_wrapped_model_has_no_effects_to_add(fitted: FittedCohort) -> None:
    with pytest.raises(InputError, match="effects reads the SHAP values of every training row"):
        check_classifier("effects", object())  # type: ignore[arg-type]
    check_classifier("effects", fitted.classifier)
    check_classifier("nearest-pair", object())  # type: ignore[arg-type]
