"""Plausibility by hand on the table of ``hand_table``: bounds, nearest row, neighbours, and outliers."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, strategies as st
from hypothesis.extra.numpy import arrays

from sensecf_core.counterfactuals.problem.fitted_cohort import FittedCohort
from sensecf_core.evaluation.metrics.plausibility import PlausibilityModel, neighbours_in_class
from tests.evaluation import hand_table as hand

near = pytest.approx
EVALUATORS = hand.evaluators()
PLAUSIBILITY = EVALUATORS.plausibility
FACTUAL = hand.row()


def changed(codes: np.ndarray) -> np.ndarray:
    return hand.space(EVALUATORS.fitted).changed(codes)


def test_bounds_by_hand() -> None:
    # Training bmi is 20 to 40; of 21 values evenly spaced the 1st percentile is 20.2, the 99th 39.8.
    rows = np.array([hand.row(bmi=x) for x in (20.0, 20.2, 30.0, 39.9, 40.0, 40.1)])
    found = PLAUSIBILITY.score(rows, changed(rows), 0)
    assert found.in_domain.tolist() == [False, True, True, False, False, False]
    assert found.in_range.tolist() == [True, True, True, True, True, False]


def test_only_what_was_changed_is_looked_at() -> None:
    outside = hand.row(bmi=45.0)
    assert PLAUSIBILITY.score(outside[None], np.zeros((1, 4), dtype=bool), 0).in_domain.tolist() == [True]
    assert PLAUSIBILITY.score(outside[None], np.eye(4, dtype=bool)[:1], 0).in_domain.tolist() == [False]


def test_an_unusual_row_is_called_so() -> None:
    # Class 0 has bmi 20 to 29 and sugar 0 to 90; ten rows are enough for one of the two.
    rows = np.array([hand.row(bmi=25.0, sugar=50, active=1), hand.row(bmi=80.0, sugar=600, active=1)])
    found = PLAUSIBILITY.score(rows, changed(rows), 0)
    assert found.lof_inlier.tolist() == [True, False]
    assert not found.isolation_inlier[1]


@pytest.mark.parametrize("desired", [0, 1])
def test_real_rows_are_usual_and_impossible_ones_are_not(fitted: FittedCohort, desired: int) -> None:
    look = PlausibilityModel.fit(fitted)
    real = look.score_real_rows(desired)
    assert real.lof_inlier.mean() > 0.8
    assert real.isolation_inlier.mean() > 0.8
    assert real.neighbours.mean() > 0.6
    assert 0 < real.nearest.mean() < 0.2
    rows = fitted.train_codes[fitted.train_targets == desired][:20].copy()
    assert look.score(rows, np.ones(rows.shape, dtype=bool), desired).nearest.tolist() == [0] * 20
    for name in ("bmi", "waist", "carbohydrate", "sleep"):
        rows[:, fitted.schema.positions[name]] *= 5
    strange = look.score(rows, np.ones(rows.shape, dtype=bool), desired)
    assert not strange.lof_inlier.any()
    assert strange.isolation_inlier.mean() < real.isolation_inlier.mean() / 2
    assert (strange.nearest > 0.2).all()
    assert not strange.in_range.any()


def test_the_isolation_forest_calls_one_training_row_in_twenty_unusual(fitted: FittedCohort) -> None:
    rows = PlausibilityModel.fit(fitted).score_real_rows(0, "train")
    assert rows.isolation_inlier.mean() == near(0.95, abs=0.01)


def test_the_desired_class_decides_who_the_neighbours_are() -> None:
    row_3 = EVALUATORS.fitted.train_codes[3]
    towards, away = (
        PLAUSIBILITY.score(row_3[None], np.ones((1, 4), dtype=bool), desired) for desired in (0, 1)
    )
    assert towards.nearest.tolist() == [0]
    # Row 15 is the nearest of class 1 with the same smoking and activity: 12/20 and 120/200 of two ranges.
    # Rows 10 to 14 pay 7/20 + 7/20 or more, and at least 1/2 for smoking or 1 for activity: row 11 is 8/20
    # twice plus 1; row 13 is 10/20 twice plus 1/2; row 10 is 7/20 twice, plus 1/2 and 1.
    assert away.nearest.tolist() == near([1.2 / 4])
    assert towards.neighbours[0] == near(1 - away.neighbours[0])


def test_neighbours_by_hand() -> None:
    apart = np.array([[0.3, 0.1, 0.2, 0.1], [0.0, 0.5, 0.5, 0.5]])
    predicted = np.array([0, 1, 0, 0])
    # Nearest two: rows 1 and 3; and rows 0 and, first of three as near, 1.
    assert neighbours_in_class(apart, predicted, 0, k=2).tolist() == [0.5, 0.5]
    assert neighbours_in_class(apart, predicted, 0, k=3).tolist() == near([2 / 3, 2 / 3])
    assert neighbours_in_class(apart, predicted, 1).tolist() == [0.25, 0.25]


@given(arrays(np.float64, (3, 9), elements=st.floats(0, 1)), arrays(np.int64, 9, elements=st.integers(0, 1)))
def test_the_two_classes_share_the_neighbours(apart: np.ndarray, predicted: np.ndarray) -> None:
    zeros, ones = (neighbours_in_class(apart, predicted, desired) for desired in (0, 1))
    assert zeros + ones == near(1)
    assert (zeros >= 0).all()
    # A monotone distance leaves them as they are (a power of two keeps ties and order exactly).
    assert neighbours_in_class(apart / 2, predicted, 0).tolist() == zeros.tolist()


def test_real_rows_of_a_class_are_the_yardstick() -> None:
    # Of the test part: h3 and h4 are of class 0 and copies of training rows; q and h15 of class 1.
    zero, one = PLAUSIBILITY.score_real_rows(0), PLAUSIBILITY.score_real_rows(1)
    assert zero.nearest.tolist() == [0, 0]
    assert one.nearest[1] == 0 < one.nearest[0]
    assert zero.in_domain.tolist() == [True, True]
    assert len(PLAUSIBILITY.score_real_rows(0, "train").nearest) == 10


def test_no_rows_have_no_scores() -> None:
    found = PLAUSIBILITY.score(np.empty((0, 4)), np.empty((0, 4), dtype=bool), 0)
    assert all(getattr(found, name).shape == (0,) for name in found.__dataclass_fields__)
