"""One answer's numbers, worked out by hand on the table of ``hand_table``, and what holds for any answer."""

from __future__ import annotations

from dataclasses import asdict, fields, replace
from typing import Any, cast

import numpy as np
import pytest
from hypothesis import given, strategies as st

from sensecf_core.classifiers.calibration import probability
from sensecf_core.cohorts.encoding import to_codes
from sensecf_core.counterfactuals.checks.verify import verify
from sensecf_core.counterfactuals.problem.budget import Budget
from sensecf_core.counterfactuals.problem.fitted_cohort import FittedCohort
from sensecf_core.counterfactuals.problem.make_queries import make_queries
from sensecf_core.counterfactuals.problem.problem import Problem
from sensecf_core.counterfactuals.problem.search_space import SearchSpace
from sensecf_core.evaluation.metrics.definitions import MEASURES
from sensecf_core.evaluation.metrics.scores import (
    Evaluators,
    Scores,
    cost_each,
    cross_model_validity,
    margin_validity,
    redundancy,
    score,
    unique_validity,
    violation_counts,
)
from sensecf_core.queries.limits import Limits
from tests.evaluation import hand_table as hand

EVALUATORS = hand.evaluators()
MOVES = hand.space(EVALUATORS.fitted)
A = hand.row(bmi=26)  # log-odds -2 + 1 = -1: valid
B = hand.row(bmi=28, sugar=80, active=1)  # -1 - 0.4 = -1.4: valid
C = hand.row(bmi=31)  # 0.5 + 1 = 1.5: stays in class 1
ANSWER = np.array([A, B, C, A])
near = pytest.approx


def test_every_number_of_an_answer_by_hand() -> None:
    found = asdict(score(EVALUATORS, MOVES, ANSWER, requested=4))
    expected = {
        "returned": 4,
        "coverage": 1,
        "solved": 1,
        # A, B, A of four.
        "validity": 3 / 4,
        "coverage_validity": 3 / 4,
        # A and B of four asked for.
        "unique_validity": 2 / 4,
        # p = 0.27, 0.20, 0.82, 0.27 against 0.5 - 0.1.
        "margin_validity": 3 / 4,
        # Below bmi 28: A twice. Below sugar 100: B.
        "second_validity": 2 / 4,
        "third_validity": 1 / 4,
        # A lowers bmi by 6 where 4 are allowed, B changes three features where two are allowed.
        "actionable": 1 / 4,
        "violations": (1 + 1 + 0 + 1) / 4,
        # From here on over A, B, A. A: 6/20 over four features; B: 4/20 + 70/200 + 1.
        "gower": (2 * 0.3 + 1.55) / 4 / 3,
        # A: 6/5 and 0 over two numbers; B: 4/5 and 70/50.
        "mad_l1": (0.6 + 1.1 + 0.6) / 3,
        "features_changed": (1 + 3 + 1) / 3,
        "share_unchanged": (3 / 4 + 1 / 4 + 3 / 4) / 3,
        # B without bmi: 0.6; without sugar: 0, class 1 already; without active: -1.4. So active alone.
        "redundancy": 1 / 3,
        "in_domain": 1,
        "in_range": 1,
        # A to row 8 (bmi 28, sugar 80, smoking 2, inactive): 2/20 + 70/200.
        # B to row 5 (bmi 25, sugar 50, smoking 2, active): 3/20 + 30/200.
        "nearest": (2 * 0.45 + 0.3) / 4 / 3,
        # A's five nearest are rows 8, 14 (0.45), 2 (0.85), 10, 20 (0.95): two below 10.
        # B's are 5, 11 (0.3), 7 (0.6), 17 (0.9) and, as near as 13 but first, 8 (1.0): three below 10.
        "neighbours": (0.4 + 0.6 + 0.4) / 3,
        # Between A and B: 2/20 + 70/200 + 1, two of three pairs; the third are twins.
        "gower_diversity": 2 * (1.45 / 4) / 3,
        "count_diversity": 2 * (3 / 4) / 3,
        "dpp_diversity": 0,
        # A is at 0 with the refit that adds 1, which is class 1.
        "refit_validity": (2 / 3 + 1 + 2 / 3) / 3,
        "noise_validity": 1,
        # The refits that nobody else sees add -2 and 0.5: A and B stay below 0 by both. Both break limits.
        "unseen_validity": 1,
        "unseen_reduction": 100 * (2 * _moved(-1) + _moved(-1.4)) / 3,
        "solid": 0,
        "believed": 0,
    }
    assert {name: found[name] for name in expected} == {name: near(x) for name, x in expected.items()}
    assert set(found) - set(expected) == {"lof_inlier", "isolation_inlier"}


def _moved(log_odds: float) -> float:
    """Mean over the unseen refits of how far p falls from the participant's, whose log-odds are 2."""
    return float(np.mean([probability(2 + add) - probability(log_odds + add) for add in (-2.0, 0.5)]))


def test_what_is_believed_keeps_the_limits_and_is_held_by_refits_that_graded_nothing() -> None:
    held = hand.row(bmi=28, sugar=99)  # -1 - 0.02: by the unseen refits -3.02 and -0.52
    found = score(EVALUATORS, MOVES, held[None], requested=1)
    # By the refits that grade -2.02, -1.02, -0.02, but the second classifier puts bmi 28 in class 1.
    assert (found.believed, found.unseen_validity, found.solid) == (1, 1, 0)
    close = hand.row(bmi=28, sugar=130)  # -1 + 0.6 = -0.4: unseen -2.4 and 0.1
    found = score(EVALUATORS, MOVES, close[None], requested=1)
    assert (found.believed, found.unseen_validity, found.validity) == (0, 0.5, 1)
    # One that can be believed is enough.
    assert score(EVALUATORS, MOVES, np.array([close, held]), requested=2).believed == 1


def test_a_risk_that_is_lowered_is_judged_by_how_far_it_moves() -> None:
    lower = hand.space(EVALUATORS.fitted, goal="lower")
    found = score(EVALUATORS, lower, np.array([hand.row(bmi=30), hand.row(bmi=33)]), requested=2)
    # bmi 30 takes the log-odds from 2 to 1; bmi 33 to 2.5, which no refit calls lower.
    assert (found.validity, found.solid, found.believed, found.unseen_validity) == (0.5, 1, 1, 1)
    assert found.unseen_reduction == near(100 * _moved(1))
    # The second classifier reads bmi alone, the independent one sugar alone: it sees nothing move.
    assert (found.second_validity, found.third_validity) == (0.5, 0)
    assert np.isnan(found.margin_validity)
    little = score(EVALUATORS, lower, hand.row(sugar=145)[None], requested=1)
    assert 0 < little.unseen_reduction < 3
    assert (little.validity, little.solid, little.believed, little.third_validity) == (1, 0, 0, 1)


def test_without_refits_nothing_is_solid_or_not() -> None:
    blind = replace(EVALUATORS.fitted, classifier=cast("Any", hand.Lines(refits=())))
    found = score(replace(EVALUATORS, fitted=blind, unseen=blind), MOVES, A[None], requested=1)
    assert np.isnan([found.solid, found.believed, found.unseen_validity, found.unseen_reduction]).all()


def test_a_failure_counts_as_a_failure_and_measures_nothing_else() -> None:
    found = asdict(score(EVALUATORS, MOVES, np.empty((0, 4)), requested=4))
    zeros = {"returned", "coverage", "solved", "coverage_validity", "unique_validity", "solid", "believed"}
    assert {name for name, value in found.items() if value == 0} == zeros
    assert all(np.isnan(value) for name, value in found.items() if name not in zeros)


def test_an_answer_without_a_valid_row_is_covered_but_not_solved() -> None:
    found = score(EVALUATORS, MOVES, C[None], requested=1)
    assert (found.coverage, found.solved, found.validity, found.actionable) == (1, 0, 0, 1)
    assert np.isnan([found.gower, found.features_changed, found.nearest, found.refit_validity]).all()


def test_a_classifier_that_puts_the_factual_in_the_desired_class_has_no_rate() -> None:
    other = hand.space(EVALUATORS.fitted)
    other = replace(other, factual=hand.row(sugar=90, bmi=34))  # third: class 0 already; log-odds 1.8
    found = score(EVALUATORS, other, A[None], requested=1)
    assert np.isnan(found.third_validity)
    assert found.second_validity == 1


def test_refused() -> None:
    with pytest.raises(ValueError, match="4 counterfactuals came, 3 were asked for"):
        score(EVALUATORS, MOVES, ANSWER, requested=3)
    with pytest.raises(ValueError, match=r"shape \(n, 4\), got \(2, 3\)"):
        score(EVALUATORS, MOVES, np.zeros((2, 3)), requested=4)


def test_every_number_has_words_for_readers() -> None:
    assert {field.name for field in fields(Scores)} - {"returned"} <= set(MEASURES)
    for measure in MEASURES.values():
        assert measure.label
        assert measure.definition.endswith(".")
        assert measure.arrow == {"higher": "↑", "lower": "↓"}[measure.better]
    assert MEASURES["gower"].better == MEASURES["violations"].better == "lower"
    assert MEASURES["coverage"].better == MEASURES["dpp_diversity"].better == "higher"


def test_margin_validity_by_hand() -> None:
    p = np.array([0.1, 0.25, 0.3, 0.35, 0.45, 0.9])
    # Below 0.35 - 0.1 lies the first only; from 0.45 up the last two.
    assert margin_validity(p, 0.35, desired=0) == near(1 / 6)
    assert margin_validity(p, 0.35, desired=1) == near(2 / 6)


def test_no_probability_lies_beyond_a_bound_outside_0_to_1() -> None:
    assert np.isnan(margin_validity(np.array([0.0]), 0.08, desired=0))
    assert np.isnan(margin_validity(np.array([1.0]), 0.95, desired=1))
    assert np.isnan(margin_validity(np.empty(0), 0.5, desired=1))


@given(
    st.lists(st.floats(0, 1), min_size=1, max_size=20),
    st.floats(0.25, 0.75),  # so that no bound leaves 0 to 1
    st.sampled_from([0, 1]),
    st.floats(0, 0.1),
    st.floats(0, 0.1),
)
def test_a_wider_margin_is_never_easier(
    p: list[float], threshold: float, desired: int, margin: float, more: float
) -> None:
    loose = margin_validity(np.array(p), threshold, desired, margin)
    strict = margin_validity(np.array(p), threshold, desired, margin + more)
    assert 0 <= strict <= loose <= 1


def test_cross_model_validity_by_hand() -> None:
    classes = np.array([0, 0, 1, 0])
    assert cross_model_validity(1, classes, desired=0) == 3 / 4
    assert np.isnan(cross_model_validity(0, classes, desired=0))
    assert np.isnan(cross_model_validity(1, classes[:0], desired=0))


def test_rows_that_show_the_same_values_are_one() -> None:
    half = MOVES.half_step  # of 0.1, 1, 1, 1
    rows = np.array([A, A, B, C])
    rows[1, 0] += 0.04
    assert unique_validity(rows, np.array([True, True, True, False]), half, 4) == 2 / 4
    rows[1, 0] += 0.06
    assert unique_validity(rows, np.array([True, True, True, False]), half, 4) == 3 / 4
    rows[:2, 1] = np.nan
    rows[1] = rows[0]
    assert unique_validity(rows, np.array([True, True, False, False]), half, 2) == 1 / 2
    assert unique_validity(rows, np.zeros(4, dtype=bool), half, 4) == 0


def test_redundancy_by_hand() -> None:
    rows = np.array([B, A, hand.row(bmi=20, sugar=20, smoking="former", active=1)])
    # In class 0 with sugar below 100 or bmi below 25: B needs sugar, A has one change, the last row needs
    # neither of its four by itself.
    counts = redundancy(MOVES, rows, lambda codes: (codes[:, 1] < 100) | (codes[:, 0] < 25))
    assert counts.tolist() == [2, 0, 4]
    assert redundancy(MOVES, rows, lambda codes: np.zeros(len(codes), dtype=bool)).tolist() == [0, 0, 0]
    assert redundancy(MOVES, rows[:0], lambda codes: np.ones(len(codes), dtype=bool)).tolist() == []


def test_violation_counts() -> None:
    assert violation_counts([(), ("frozen", "too far"), ("frozen",)]).tolist() == [0, 2, 1]


def test_failures_are_paid_for_by_what_was_found() -> None:
    # Three answers of 1, 2 and 6 s with 2, 1 and no counterfactuals: 9 s for 3.
    each = cost_each(np.array([1.0, 2.0, 6.0]), np.array([2, 1, 0]))
    assert each.value == 3
    assert np.isnan(cost_each(np.array([4.0]), np.array([0])).value)


# On a real classifier and a cohort with missing values, rules and a coupling.


@pytest.fixture(scope="session")
def evaluators(fitted: FittedCohort) -> Evaluators:
    return Evaluators.fit(fitted)


@pytest.fixture(scope="session")
def question(fitted: FittedCohort) -> SearchSpace:
    rows = fitted.cohort.part("test")
    rows = rows[fitted.classifier.predict(rows) == 1]
    rows = rows[rows.isna().any(axis=1)]
    key = (str(rows.index[0][0]), str(rows.index[0][1]))
    query = make_queries(fitted, [key], 0, Limits(profile="contrast", max_changes=10))[0]
    return SearchSpace.of(fitted.schema, query)


@pytest.fixture(scope="session")
def answer(fitted: FittedCohort, question: SearchSpace) -> np.ndarray:
    """The participant with values of training people where these were measured, and may move."""
    others = to_codes(fitted.schema, fitted.cohort.part("train"))[:60]
    movable = np.isin(np.arange(others.shape[1]), list(question.values))
    return np.where(movable & ~np.isnan(others), others, question.factual)


def test_shares_lie_between_0_and_1_and_the_rest_is_not_negative(
    evaluators: Evaluators, question: SearchSpace, answer: np.ndarray
) -> None:
    found = score(evaluators, question, answer, requested=len(answer))
    assert 0 < found.validity < 1
    unbounded = (
        "returned",
        "violations",
        "gower",
        "mad_l1",
        "features_changed",
        "redundancy",
        "unseen_reduction",
    )
    for name, value in asdict(found).items():
        assert 0 <= value <= (np.inf if name in unbounded else 1), name
    assert found.margin_validity <= found.validity
    assert found.in_domain <= found.in_range
    assert found.redundancy <= found.features_changed
    assert found.share_unchanged == near(1 - found.features_changed / len(question.factual))


def test_the_order_of_the_rows_says_nothing(
    evaluators: Evaluators, question: SearchSpace, answer: np.ndarray
) -> None:
    one = asdict(score(evaluators, question, answer, requested=60))
    other = asdict(score(evaluators, question, answer[::-1], requested=60))
    assert one == {name: near(value, abs=1e-12) for name, value in other.items()}


def test_what_is_not_measured_is_no_change(
    evaluators: Evaluators, question: SearchSpace, answer: np.ndarray
) -> None:
    missing = np.isnan(question.factual)
    assert missing.any()
    assert np.isnan(answer[:, missing]).all()
    # Only changed where both are measured, so a row of one's own changes nothing at all.
    budget = Budget(evaluators.fitted.classifier, 10**6)
    changed = question.changed(answer)
    assert not changed[:, missing].any()
    assert verify(
        Problem(evaluators.fitted, question, budget), question.factual[None]
    ).n_changed.tolist() == [0]


def test_validity_is_what_predict_says_of_the_raw_frame(
    evaluators: Evaluators, question: SearchSpace, answer: np.ndarray
) -> None:
    from sensecf_core.cohorts.encoding import to_rows

    rows: Any = to_rows(evaluators.fitted.schema, answer)
    expected = (evaluators.fitted.classifier.predict(rows) == 0).mean()
    assert score(evaluators, question, answer, requested=60).validity == near(expected)


def test_the_same_seed_gives_the_same_numbers(
    evaluators: Evaluators, question: SearchSpace, answer: np.ndarray
) -> None:
    one, again, other = (
        score(evaluators, question, answer, requested=60, seed=seed).noise_validity for seed in (3, 3, 4)
    )
    assert one == again != other
    assert Evaluators.fit(evaluators.fitted).plausibility.score(
        answer, question.changed(answer), 0
    ).isolation_inlier.tolist() == (
        evaluators.plausibility.score(answer, question.changed(answer), 0).isolation_inlier.tolist()
    )
