"""Robustness and stability by hand on the table of ``hand_table``, and what noise must leave alone."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast

import numpy as np
import pytest
from hypothesis import given, strategies as st
from hypothesis.extra.numpy import arrays

from sensecf_core.cohorts.encoding import to_codes
from sensecf_core.counterfactuals.problem.measurement_error import measurement_errors, noisy
from sensecf_core.evaluation.metrics.robustness import (
    noise_validity,
    refit_reduction,
    refit_validity,
    set_distance,
    tiny_errors,
)
from tests.evaluation import hand_table as hand
from tests.small_cohort import SCHEMA, make

near = pytest.approx
FITTED = hand.evaluators().fitted
CODES = to_codes(SCHEMA, make().rows)
ERRORS = measurement_errors(SCHEMA, CODES)
sets = arrays(np.float64, st.tuples(st.integers(1, 4), st.just(4)), elements=st.integers(0, 2).map(float))


def test_refits_by_hand() -> None:
    # Log-odds -2, -0.5, 0.5, 2; the refits add -1, 0, 1 and say class 0 below 0.
    rows = np.array([hand.row(bmi=26 + x, sugar=100) for x in (0.0, 3, 5, 8)])
    assert refit_validity(hand.problem(FITTED), rows).tolist() == near([1, 2 / 3, 1 / 3, 0])
    assert refit_validity(hand.problem(FITTED, desired=1), rows).tolist() == near([0, 1 / 3, 2 / 3, 1])


def test_refits_are_read_at_the_tasks_threshold() -> None:
    rows = hand.row(bmi=29, sugar=100)[None]  # p with the refits: 0.18, 0.38, 0.62
    strict = replace(FITTED, classifier=cast("Any", hand.Lines(threshold=0.3)))
    assert refit_validity(hand.problem(strict), rows).tolist() == near([1 / 3])


def test_a_lower_risk_by_hand() -> None:
    # The participant's log-odds are 2: by the refits 1, 2, 3. The rows are at 1 and 3.
    rows = np.array([hand.row(bmi=30), hand.row(bmi=34)])
    lower = hand.problem(FITTED, goal="lower")
    assert refit_validity(lower, rows).tolist() == [1, 0]
    before, after = (1 / (1 + np.exp(-np.array(odds))) for odds in ((1.0, 2, 3), (0.0, 1, 2)))
    assert refit_reduction(lower, rows)[0] == near(100 * (before - after).mean())
    assert refit_reduction(lower, rows)[1] < 0
    assert np.isnan(
        refit_reduction(
            hand.problem(replace(FITTED, classifier=cast("Any", hand.Lines(refits=()))), goal="lower"), rows
        )
    ).all()
    # The same noise meets both the row and the participant, so that it never hides a change.
    assert noise_validity(lower, rows, np.array([5.0, 0, 0, 0])).tolist() == [1, 0]


def test_no_refits_or_no_rows_measure_nothing() -> None:
    none = replace(FITTED, classifier=cast("Any", hand.Lines(refits=())))
    assert np.isnan(refit_validity(hand.problem(none), hand.row()[None])).tolist() == [True]
    assert refit_validity(hand.problem(FITTED), np.empty((0, 4))).shape == (0,)
    assert noise_validity(hand.problem(FITTED), np.empty((0, 4)), np.ones(4)).shape == (0,)


def test_measurement_errors_by_hand() -> None:
    # Of 0 to 20 the variance is (21² - 1) / 12 = 110/3; sugar has ten times the spread of bmi.
    errors = measurement_errors(hand.SCHEMA, FITTED.train_codes)
    assert errors.tolist() == near([0.1 * (110 / 3) ** 0.5, (110 / 3) ** 0.5, 0, 0])


def test_context_and_levels_have_no_measurement_error() -> None:
    exact = {name for name, error in zip(SCHEMA.names, ERRORS, strict=True) if error == 0}
    assert exact == {"age", "smoking", "active", "diet", "sex"}
    assert np.isfinite(ERRORS).all()  # of columns with gaps too


def test_tiny_noise_is_one_display_step_where_that_is_tiny() -> None:
    # One decimal: 0.1 below an error of 0.5; whole numbers: 1 below 3, but above 0.4.
    schema = hand.SCHEMA
    assert tiny_errors(schema, np.array([0.5, 3, 0, 0])).tolist() == [0.1, 1, 0, 0]
    assert tiny_errors(schema, np.array([0.05, 0.4, 0, 0])).tolist() == [0, 0, 0, 0]


def test_noise_is_rounded_kept_in_bounds_and_leaves_the_rest_alone() -> None:
    rows = CODES[np.isnan(CODES).any(axis=1)][:8].copy()
    rows[0, SCHEMA.positions["sleep"]] = 0.0  # the edge of what is valid
    rows[0, SCHEMA.positions["age"]] = 33.33  # finer than it is shown
    drawn = noisy(SCHEMA, rows, ERRORS, draws=50, seed=0)
    assert drawn.shape == (8, 50, len(SCHEMA.features))
    assert np.array_equal(np.isnan(drawn), np.broadcast_to(np.isnan(rows)[:, None], drawn.shape))
    for position, feature in enumerate(SCHEMA.features):
        column = drawn[..., position]
        if ERRORS[position] == 0:
            assert np.array_equal(column, np.broadcast_to(rows[:, None, position], column.shape), True)
            continue
        assert np.array_equal(column, np.round(column, feature.decimals), True)
        assert feature.valid is not None
        measured = column[~np.isnan(column)]
        assert (measured >= feature.valid[0]).all()
        assert (measured <= feature.valid[1]).all()
        assert measured.std() > 0
    # The spread of 2000 draws is the error (rounding adds next to nothing).
    bmi = SCHEMA.positions["bmi"]
    many = noisy(SCHEMA, rows[:1], ERRORS, draws=2000, seed=1)[0, :, bmi]
    assert many.std() == near(ERRORS[bmi], rel=0.06)
    assert many.mean() == near(rows[0, bmi], abs=0.06)


def test_all_rows_meet_the_same_noise() -> None:
    rows = np.array([hand.row(bmi=25.0), hand.row(bmi=30.0)])
    drawn = noisy(hand.SCHEMA, rows, np.array([1.0, 0, 0, 0]), draws=20, seed=5)
    assert drawn[1, :, 0] - drawn[0, :, 0] == near(5)
    other = noisy(hand.SCHEMA, rows, np.array([1.0, 0, 0, 0]), draws=20, seed=6)
    assert not np.array_equal(drawn, other)


def test_noise_on_the_border_tips_half_and_far_away_none() -> None:
    # With sugar 100 the border is bmi 30; class 0 below. Errors of 1 in bmi alone.
    errors = np.array([1.0, 0, 0, 0])
    rows = np.array([hand.row(bmi=x, sugar=100) for x in (22.0, 28.0, 29.95, 38.0)])
    shares = noise_validity(hand.problem(FITTED), rows, errors, draws=400)
    assert shares[[0, 3]].tolist() == [1, 0]
    assert shares[1] == near(0.977, abs=0.02)  # two standard deviations
    assert shares[2] == near(0.5, abs=0.06)
    assert noise_validity(hand.problem(FITTED), rows, np.zeros(4)).tolist() == [1, 1, 1, 0]


@given(st.floats(20, 30), st.floats(0, 5), st.integers(0, 3))
def test_farther_beyond_the_border_is_never_less_robust(bmi: float, more: float, seed: int) -> None:
    errors = np.array([2.0, 0, 0, 0])
    rows = np.array([hand.row(bmi=round(x, 1), sugar=100) for x in (bmi, bmi - more)])
    border, beyond = noise_validity(hand.problem(FITTED), rows, errors, draws=40, seed=seed)
    assert 0 <= border <= beyond <= 1


def test_distance_of_sets_by_hand() -> None:
    # bmi 20, 24 and 30 lie 4/20 and 6/20 apart, over four features.
    one, two = (np.array([hand.row(bmi=x) for x in xs]) for xs in ((20.0, 24.0), (24.0, 30.0)))
    # Nearest in the other set: 4 and 0 there, 0 and 6 back.
    assert set_distance(FITTED.distances, one, two) == near(((0.2 + 0) / 2 + (0 + 0.3) / 2) / 2 / 4)
    assert np.isnan(set_distance(FITTED.distances, one, two[:0]))
    assert np.isnan(set_distance(FITTED.distances, one[:0], two))


@given(sets, sets)
def test_distance_of_sets_is_symmetric_and_0_for_the_same_in_any_order(
    one: np.ndarray, two: np.ndarray
) -> None:
    there = set_distance(FITTED.distances, one, two)
    assert 0 <= there == near(set_distance(FITTED.distances, two, one))
    assert set_distance(FITTED.distances, one, np.vstack([one[::-1], one[:1]])) == 0
