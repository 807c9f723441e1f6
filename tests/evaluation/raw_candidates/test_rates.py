"""What other classifiers say of raw candidates, whether a query could be answered, and the wider table."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from sensecf_core.counterfactuals.checks.grades import grade_rows
from sensecf_core.counterfactuals.explain import answer
from sensecf_core.counterfactuals.problem.fitted_cohort import FittedCohort
from sensecf_core.counterfactuals.problem.problem import Problem
from sensecf_core.counterfactuals.problem.search_space import SearchSpace
from sensecf_core.counterfactuals.proposers.random import RandomProposer
from sensecf_core.evaluation.metrics.independent_classifier import IndependentClassifier
from sensecf_core.evaluation.raw_candidates import table
from sensecf_core.evaluation.raw_candidates.directions import Direction, directions, request_of
from sensecf_core.evaluation.raw_candidates.files import as_csv, card_rows
from sensecf_core.evaluation.raw_candidates.rates import CandidateRates
from sensecf_core.queries.answer import Answer, Edits
from sensecf_core.queries.query import Query
from sensecf_core.queries.request import ExplainRequest


@pytest.fixture(scope="module")
def third(fitted: FittedCohort) -> IndependentClassifier:
    return IndependentClassifier.fit(fitted.cohort)


@pytest.fixture(scope="module")
def answers(fitted: FittedCohort) -> list[Answer]:
    rows = fitted.cohort.part("test")
    flagged = [str(p) for p, _ in rows.index[fitted.classifier.predict(rows) == 1]][:8]
    asked = [
        ExplainRequest(cohort="small", participant_id=p, method="random", candidates=30, profile="contrast")
        for p in flagged
    ]
    return [answer(fitted, request) for request in asked]


def test_the_third_classifier_is_fitted_on_train_only_and_knows_something(
    fitted: FittedCohort, third: IndependentClassifier
) -> None:
    from sensecf_core.cohorts.encoding import to_codes

    cohort = fitted.cohort
    test = cohort.parts.eq("test").to_numpy()
    codes = to_codes(fitted.schema, cohort.rows[test])
    right = third.predict(codes) == cohort.target[test].to_numpy()
    assert right.mean() > 0.65
    shuffled = cohort.target.copy()
    shuffled[test] = 1 - shuffled[test]
    again = IndependentClassifier.fit(replace(cohort, target=shuffled))
    assert (again.predict(codes) == third.predict(codes)).all()
    assert third.predict(codes[:0]).shape == (0,)


def test_other_classifiers_count_the_same_candidates(
    fitted: FittedCohort, third: IndependentClassifier, answers: list[Answer]
) -> None:
    rates = CandidateRates(fitted, third)
    counted = 0
    for found in answers:
        measured = rates.of(found)
        kept = [c for c in found.trace.candidates if c.edits]
        query = SearchSpace.of(fitted.schema, _query(fitted, found))
        codes = np.array([query.apply(c.edits or {}) for c in kept])
        inside = np.array([c.within_limits for c in kept], dtype=bool)
        second = fitted.classifier.second_probability_of_codes(codes) < fitted.classifier.second_threshold
        if measured["second_valid"] is not None:
            assert measured["second_valid"] == int((second & inside).sum())
            counted += 1
        if measured["third_valid"] is not None:
            assert measured["third_valid"] == int(((third.predict(codes) == 0) & inside).sum())
        agrees = fitted.classifier.second_probability_of_codes(query.factual[None])[0]
        assert (measured["second_valid"] is None) == (agrees < fitted.classifier.second_threshold)
        problem = Problem.of(fitted, _query(fitted, found))
        graded = [grade_rows(problem, row[None]).grades[0] for row in codes[inside]]
        assert measured["solid"] == graded.count("solid")
        assert measured["changed"] == pytest.approx(np.mean([len(c.edits or {}) for c in kept]), abs=0.2)
        assert measured["final_violations"] == 0
        if found.status == "found":
            assert measured["answerable"]
    assert counted


def _query(fitted: FittedCohort, found: Answer):  # type: ignore[no-untyped-def]
    from sensecf_core.counterfactuals.problem.make_queries import make_queries

    return make_queries(fitted, [(found.participant_id, found.row_id)], found.desired, found.limits)[0]


def test_a_query_with_nothing_useful_to_move_cannot_be_answered(
    fitted: FittedCohort, third: IndependentClassifier, answers: list[Answer]
) -> None:
    names = [f.name for f in fitted.schema.features if f.role != "context" and f.name != "sleep"]
    worst = max(answers, key=lambda found: found.factual.probability)
    stuck = worst.model_copy(
        update={"limits": worst.limits.model_copy(update={"frozen": tuple(names), "max_changes": 1})}
    )
    rates = CandidateRates(fitted, third)
    assert not rates.of(stuck)["answerable"]
    solved = next(found for found in answers if found.status == "found")
    assert rates.of(solved)["answerable"]


def test_all_limits_are_both_directions_under_both_profiles(fitted: FittedCohort) -> None:
    found = directions(fitted, "all")
    assert [(d.predicted, d.profile) for d in found] == [
        (1, "intervention"), (0, "intervention"), (1, "contrast"), (0, "contrast"),
    ]  # fmt: skip


def test_a_risk_is_lowered_towards_the_desired_class_only(fitted: FittedCohort) -> None:
    assert directions(fitted, None, "all") == (
        *directions(fitted),
        *directions(fitted, None, "lower"),
    )
    (lower,) = directions(fitted, "behaviour", "lower")
    assert (lower.predicted, lower.profile, lower.goal) == (1, "behaviour", "lower")
    key = ("p1", "0")
    assert request_of("small", lower, key).goal == "lower"


def test_rates_of_answerable_queries_leave_the_others_out() -> None:
    base = {
        "direction": "1→0", "limits": "contrast", "goal": "cross", "method": "random",
        "proposed": 10, "readable": 10,
        "within_limits": 10, "plausible": 0, "seconds": 1.0, "unique": 5, "changed": 2.0, "gower": 0.1,
        "final_violations": 0, "control_valid": 2, "askings": 1, "row_id": "0",
    }  # fmt: skip
    can = {
        **base,
        "participant_id": "a",
        "row_id": "0",
        "answerable": True,
        "valid": 8,
        "shown": 1,
        "second_valid": 6,
        "solid": 3,
        "third_valid": None,
    }
    cannot = {
        **base,
        "participant_id": "b",
        "row_id": "0",
        "answerable": False,
        "valid": 0,
        "shown": 0,
        "second_valid": 0,
        "third_valid": 0,
    }
    (row,) = table.summarise([{**can, "final_changed": 1.5}, {**cannot, "final_changed": None}])
    assert row["answerable"]["mean"] == 0.5
    assert row["valid"]["mean"] == pytest.approx(0.4)
    assert row["of_answerable_valid"]["mean"] == pytest.approx(0.8)
    assert row["of_answerable_control_valid"]["mean"] == pytest.approx(0.2)
    assert row["of_answerable_shown"]["mean"] == 1.0
    assert row["of_answerable_second_valid"]["mean"] == pytest.approx(0.6)
    assert row["of_answerable_solid"]["mean"] == pytest.approx(0.3)
    assert row["of_answerable_third_valid"]["mean"] is None
    assert row["final_changed"]["mean"] == 1.5
    assert "of_answerable_third_valid,of_answerable_third_valid_low" in as_csv([row])


def test_the_control_makes_as_many_changes_as_the_candidates(
    fitted: FittedCohort,
    third: IndependentClassifier,
    answers: list[Answer],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    counts: list[int] = []
    draw = RandomProposer.draw

    def noted(proposer: RandomProposer, query: Query, rng: np.random.Generator, count: int) -> Edits:
        counts.append(count)
        return draw(proposer, query, rng, count)

    found = answers[0]
    one = next(c for c in found.trace.candidates if c.edits and len(c.edits) == 3)
    name, value = next(iter((one.edits or {}).items()))
    single = one.model_copy(update={"edits": {name: value}})
    few = found.model_copy(
        update={"trace": found.trace.model_copy(update={"candidates": (one, single, single)})}
    )
    monkeypatch.setattr(RandomProposer, "draw", noted)
    measured = CandidateRates(fitted, third).of(few)
    assert counts == [3, 1, 1] and 0 <= measured["control_valid"] <= 3
    assert CandidateRates(fitted, third).of(few) == measured


def test_an_adapters_card_takes_its_rates_with_intervals_from_the_table(
    fitted: FittedCohort, third: IndependentClassifier, answers: list[Answer]
) -> None:
    towards = Direction(1, "contrast")
    rates = CandidateRates(fitted, third)
    records = [{**table.record(towards, found), **rates.of(found)} for found in answers]
    (of_table,) = table.summarise(records)
    (row,) = card_rows([of_table], "random", 0.8, "trace --n 8")
    assert (row["part"], row["limits"], row["desired"], row["queries"]) == ("test", "contrast", 0, 8)
    assert row["valid"] == {
        "value": of_table["of_answerable_valid"]["mean"],
        "low": of_table["of_answerable_valid"]["low"],
        "high": of_table["of_answerable_valid"]["high"],
    }
    assert row["final_changed"]["value"] == of_table["final_changed"]["mean"]
    assert card_rows([of_table], "lm-guided", 0.8, "trace") == []


def test_people_do_not_share_one_stream_of_random_draws(answers: list[Answer]) -> None:
    first, second = (found.trace.candidates for found in answers[:2])
    assert [c.text for c in first] != [c.text for c in second]


def test_what_one_method_answers_counts_as_answerable_for_all() -> None:
    base = {
        "direction": "1→0", "limits": "contrast", "goal": "cross",
        "proposed": 10, "readable": 10, "within_limits": 10,
        "plausible": 0, "seconds": 1.0, "unique": 5, "changed": 2.0, "gower": 0.1, "final_violations": 0,
        "control_valid": 2, "askings": 1, "participant_id": "a", "row_id": "0", "answerable": False,
        "shown": 0, "second_valid": 0, "third_valid": 0, "final_changed": None,
    }  # fmt: skip
    found = table.summarise(
        [{**base, "method": "random", "valid": 0}, {**base, "method": "lm-few-shot", "valid": 5}]
    )
    assert [row["answerable"]["mean"] for row in found] == [1.0, 1.0]
    assert [row["of_answerable_valid"]["mean"] for row in found] == [0.0, 0.5]
