"""Diversity by hand, its range, and what must not matter."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, strategies as st
from hypothesis.extra.numpy import arrays

from sensecf_core.cohorts.distance import Distances
from sensecf_core.evaluation.metrics.diversity import (
    count_diversity,
    dpp_diversity,
    feature_entropy,
    gower_diversity,
)

near = pytest.approx
LINE = Distances(ranges=np.array([10.0, np.nan]), mads=np.array([1.0, np.nan]))
"""A number with range 10, and a category."""
HALF = np.array([0.05, 0.5])
ROWS = np.array([[0.0, 0], [5, 0], [10, 1]])
sets = st.integers(2, 5).flatmap(lambda n: arrays(np.float64, (n, 2), elements=st.integers(0, 1).map(float)))


def test_by_hand() -> None:
    # Distances: (0.5 + 0) / 2, (1 + 1) / 2, (0.5 + 1) / 2.
    assert gower_diversity(LINE, ROWS) == near((0.25 + 1 + 0.75) / 3)
    # One of two features, both, both.
    assert count_diversity(ROWS, HALF) == near((0.5 + 1 + 1) / 3)


def test_dpp_by_hand() -> None:
    # Two rows at distance 1: [[1, 1/2], [1/2, 1]].
    assert dpp_diversity(LINE, ROWS[[0, 2]]) == near(1 - 1 / 4)
    # Three: a = 1/1.25, b = 1/2, c = 1/1.75; det = 1 + 2abc - a² - b² - c².
    a, b, c = 0.8, 0.5, 1 / 1.75
    assert dpp_diversity(LINE, ROWS) == near(1 + 2 * a * b * c - a**2 - b**2 - c**2)


def test_less_than_a_display_step_is_the_same() -> None:
    rows = np.array([[5.0, 0], [5.04, 0], [5.1, 0]])
    assert count_diversity(rows, HALF) == near((0 + 0.5 + 0.5) / 3)


def test_what_neither_row_measured_is_the_same() -> None:
    rows = np.array([[5.0, np.nan], [6.0, np.nan]])
    assert count_diversity(rows, HALF) == 0.5
    assert gower_diversity(LINE, rows) == near(0.1)


def test_what_only_one_row_measured_is_a_difference_but_no_distance() -> None:
    rows = np.array([[5.0, 1], [5.0, np.nan]])
    assert count_diversity(rows, HALF) == 0.5
    assert gower_diversity(LINE, rows) == 0


@pytest.mark.parametrize("n", [0, 1])
def test_one_alone_has_no_diversity(n: int) -> None:
    assert np.isnan(
        [
            gower_diversity(LINE, ROWS[:n]),
            count_diversity(ROWS[:n], HALF),
            dpp_diversity(LINE, ROWS[:n]),
        ]
    ).all()


@given(sets)
def test_ranges_and_order(rows: np.ndarray) -> None:
    shuffled = np.random.default_rng(0).permutation(rows)
    for measure in (
        lambda codes: gower_diversity(LINE, codes),
        lambda codes: count_diversity(codes, HALF),
        lambda codes: dpp_diversity(LINE, codes),
    ):
        value = measure(rows)
        assert 0 <= value <= 1
        assert measure(shuffled) == near(value, abs=1e-12)
        assert measure(np.vstack([rows[:1], rows[:1]])) == near(0, abs=1e-12)


@given(st.floats(0.1, 5), st.floats(0.1, 5))
def test_farther_apart_is_more_diverse(near_by: float, more: float) -> None:
    def pair(apart: float) -> np.ndarray:
        return np.array([[0.0, 0], [apart, 0]])

    for measure in (gower_diversity, dpp_diversity):
        assert measure(LINE, pair(near_by)) < measure(LINE, pair(near_by + more))


def test_feature_entropy_by_hand() -> None:
    changed = np.array([[1, 0, 0, 0], [1, 0, 0, 0], [0, 1, 1, 0]], dtype=bool)
    # Shares 1/2, 1/4, 1/4: 1/2 · 1 + 2 · 1/4 · 2 bits.
    assert feature_entropy(changed) == near(1.5)
    assert feature_entropy(changed[:2]) == 0
    assert np.isnan(feature_entropy(changed[:0]))
    assert np.isnan(feature_entropy(np.zeros((3, 4), dtype=bool)))


@given(arrays(np.bool_, (6, 5)))
def test_feature_entropy_has_a_range_and_ignores_order_and_repetition(changed: np.ndarray) -> None:
    value = feature_entropy(changed)
    if not changed.any():
        assert np.isnan(value)
        return
    assert 0 <= value <= np.log2(5) + 1e-12
    assert feature_entropy(changed[::-1, ::-1]) == near(value)
    assert feature_entropy(np.vstack([changed, changed])) == near(value)
