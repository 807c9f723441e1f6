"""Intervals: values by hand, what is left out, whose queries belong together."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, strategies as st

from sensecf_core.evaluation.metrics.statistics import (
    Interval,
    mean_interval,
    median_interval,
    of_answerable,
    paired_difference,
    ratio_interval,
)

near = pytest.approx
ZERO_ONE = np.tile([0.0, 1.0], 80)
numbers = st.lists(st.floats(-1e3, 1e3), min_size=2, max_size=12)


def test_a_mean_and_its_interval() -> None:
    found = mean_interval(ZERO_ONE)
    assert (found.value, found.n) == (0.5, 160)
    # The normal approximation for 160 values of 0 and 1.
    assert found.high - found.low == near(2 * 1.96 * 0.5 / 160**0.5, rel=0.1)


def test_what_is_undefined_is_left_out_and_not_counted() -> None:
    found = mean_interval(np.array([1.0, np.nan, 3.0, np.nan]))
    assert (found.value, found.n) == (2, 2)
    nothing = mean_interval(np.array([np.nan]))
    assert nothing.as_json() == {"value": None, "low": None, "high": None, "n": 0}
    assert mean_interval(np.empty(0)).n == median_interval(np.empty(0)).n == 0


def test_one_participant_has_no_interval() -> None:
    found = mean_interval(np.array([1.0, 2.0]), np.array(["p", "p"]))
    assert found.as_json() == {"value": 1.5, "low": None, "high": None, "n": 2}
    assert median_interval(np.array([4.0])).as_json() == {"value": 4, "low": None, "high": None, "n": 1}


def test_queries_of_one_person_are_drawn_together() -> None:
    once = mean_interval(ZERO_ONE)
    people = np.repeat(np.arange(160), 4)
    fourfold = np.repeat(ZERO_ONE, 4)
    # Four rows of each person that say the same are no more evidence than one.
    assert mean_interval(fourfold, people) == Interval(once.value, near(once.low), near(once.high), 640)
    alone = mean_interval(fourfold)
    assert alone.high - alone.low == near((once.high - once.low) / 2, rel=0.15)


def test_names_of_people_do_not_matter() -> None:
    values = np.array([0.0, 1, 1, 5, 9, 2])
    named = mean_interval(values, np.array(list("ccabbd"), dtype=object))
    numbered = mean_interval(values, np.array([3, 3, 1, 2, 2, 4]))
    assert named == numbered


def test_a_ratio_by_hand() -> None:
    found = ratio_interval(np.array([2.0, 4, 9]), np.array([1.0, 2, 0]))
    assert found.value == 5
    assert np.isnan(found.low)  # a draw of the third alone divides by nothing
    assert np.isnan(ratio_interval(np.array([1.0, 2.0]), np.zeros(2)).value)
    assert np.isnan(ratio_interval(np.array([1.0, 2.0]), np.array([-1.0, -3.0])).value)
    steady = ratio_interval(np.array([2.0, 4, 8]), np.array([1.0, 2, 4]))
    assert (steady.value, steady.low, steady.high) == (2, 2, 2)


def test_lengths_must_agree() -> None:
    with pytest.raises(ValueError, match="2, 3, 2"):
        ratio_interval(np.ones(2), np.ones(3))
    with pytest.raises(ValueError, match="2, 2, 1"):
        mean_interval(np.ones(2), np.array(["p"]))


def test_a_median_by_hand() -> None:
    found = median_interval(np.array([1.0, 2, np.nan, 100]))
    assert (found.value, found.n) == (2, 3)
    assert (found.low, found.high) == (1, 100)


def test_pairing_removes_what_queries_share() -> None:
    hard = np.random.default_rng(0).normal(0, 10, 50)
    found = paired_difference(hard + 1, hard)
    assert (found.value, found.low, found.high) == (near(1), near(1), near(1))
    assert paired_difference(np.array([1.0, np.nan, 4]), np.array([0.0, 1, np.nan])).n == 1


def test_rates_of_the_answerable() -> None:
    values, can = np.array([1.0, 0, 0, 1, 0]), np.array([True, True, False, True, False])
    found = of_answerable(values, can, np.arange(5))
    assert (found.rate.value, found.rate.n, found.unanswerable) == (near(2 / 3), 3, 2 / 5)
    assert np.isnan(of_answerable(values[:0], can[:0]).unanswerable)


@given(numbers, st.floats(0.1, 10), st.floats(-5, 5))
def test_intervals_hold_the_value_and_follow_the_unit(
    values: list[float], scale: float, shift: float
) -> None:
    array = np.array(values)
    found, moved = mean_interval(array), mean_interval(scale * array + shift)
    assert min(values) - 1e-9 <= found.low <= found.value + 1e-9 <= found.high + 2e-9 <= max(values) + 1e-6
    for end in ("value", "low", "high"):
        expected = scale * getattr(found, end) + shift
        assert getattr(moved, end) == near(expected, rel=1e-6, abs=1e-6)
    assert mean_interval(array) == found


def test_the_seed_decides_the_draws() -> None:
    values = np.random.default_rng(0).random(40)
    assert mean_interval(values, seed=1) == mean_interval(values, seed=1) != mean_interval(values, seed=2)
