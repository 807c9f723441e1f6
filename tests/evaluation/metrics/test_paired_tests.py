"""Comparing methods: the common-solved set, ranks and tests by hand, and what controls leave to credit."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, strategies as st

from sensecf_core.evaluation.metrics.paired_tests import (
    added_over_control,
    common_solved,
    compare,
    friedman,
    holm,
    on_same_queries,
    wilcoxon,
)

near = pytest.approx


def test_quality_is_compared_on_what_everybody_solved() -> None:
    nan = np.nan
    solved = {
        "easy": np.array([True, True, False, False]),
        "all": np.array([True, True, True, True]),
    }
    gower = {"easy": np.array([0.1, 0.3, nan, nan]), "all": np.array([0.1, 0.2, 0.6, 0.9])}
    found = on_same_queries(gower, common_solved(solved))
    assert common_solved(solved).tolist() == [True, True, False, False]
    # Over its own four queries `all` would look worse: 0.45.
    assert {n: e.value for n, e in found.means.items()} == {"easy": near(0.2), "all": near(0.15)}
    assert found.queries == 2
    assert all(entry.n == 2 for entry in found.means.values())


def test_a_query_on_which_one_has_no_number_is_left_out_for_all() -> None:
    values = {"a": np.array([1.0, np.nan, 3.0]), "b": np.array([5.0, 7.0, 9.0])}
    found = on_same_queries(values, np.ones(3, dtype=bool))
    assert (found.queries, found.means["b"].value) == (2, 7)


def test_intervals_of_the_common_set_are_by_participant() -> None:
    values = {name: np.array([1.0, 2.0, 3.0]) for name in "ab"}
    people = np.array(["p", "p", "q"])
    one = on_same_queries(values, np.array([True, True, False]), people)
    assert np.isnan(one.means["a"].low)
    two = on_same_queries(values, np.ones(3, dtype=bool), people)
    assert not np.isnan(two.means["a"].low)


def test_nothing_to_compare() -> None:
    with pytest.raises(ValueError, match="no method"):
        common_solved({})
    with pytest.raises(ValueError, match="two methods"):
        compare({"one": np.ones(3)}, "lower")


def test_friedman_by_hand() -> None:
    # Four queries, always a < b < c: rank sums 4, 8, 12.
    # 12 / (4 · 3 · 4) · (16 + 64 + 144) - 3 · 4 · 4 = 8; chi² with 2 degrees of freedom: p = e^-4.
    values = {
        "a": np.array([1.0, 5, 2, 0]),
        "b": np.array([2.0, 6, 3, 1]),
        "c": np.array([9.0, 7, 4, 2]),
    }
    found = friedman(values, "lower")
    assert (found.statistic, found.p, found.agreement) == (near(8), near(np.exp(-4)), near(1))
    assert found.mean_ranks == {"a": 1, "b": 2, "c": 3}
    assert friedman(values, "higher").mean_ranks == {"a": 3, "b": 2, "c": 1}


def test_friedman_with_ties_by_hand() -> None:
    # Ranks 1.5 1.5 3 and 1 2.5 2.5: sums 2.5, 4, 5.5, expected 4 each.
    # Uncorrected: 12 / (2 · 3 · 4) · (6.25 + 16 + 30.25) - 24 = 2.25; ties: 1 - (6 + 6) / (2 · 24) = 3/4.
    values = {"a": np.array([1.0, 1]), "b": np.array([1.0, 2]), "c": np.array([2.0, 2])}
    assert friedman(values, "lower").statistic == near(2.25 / 0.75)


def test_friedman_without_an_order() -> None:
    same = {name: np.array([0.1 + 0.2, 3]) for name in "abc"} | {"d": np.array([0.3, 3])}
    found = friedman(same, "lower")
    assert (found.statistic, found.p, found.agreement) == (0, 1, 0)
    assert set(found.mean_ranks.values()) == {2.5}
    assert np.isnan(friedman({name: np.ones(1) for name in "abc"}, "lower").p)


def test_wilcoxon_by_hand() -> None:
    zeros = np.zeros(5)
    # All five of one sign: 2 of 2⁵ sign patterns are as extreme.
    assert wilcoxon(np.arange(1.0, 6), zeros) == near(2 / 32)
    # One against: ranks 1 to 5, the smallest negative; W = 1: patterns with W of 0 or 1, twice 2 of 32.
    assert wilcoxon(np.array([-1.0, 2, 3, 4, 5]), zeros) == near(4 / 32)
    assert wilcoxon(zeros, zeros) == 1
    assert np.isnan(wilcoxon(zeros[:0], zeros[:0]))


def test_few_differences_among_many_ties_have_an_exact_p_value() -> None:
    # Eight of one sign: 2 of 2⁸ patterns, whether or not thirty queries tied beside them.
    won = np.arange(1.0, 9)
    assert wilcoxon(won, np.zeros(8)) == near(2 / 2**8)
    assert wilcoxon(np.r_[won, np.zeros(30)], np.zeros(38)) == near(2 / 2**8)


def test_equal_differences_tie_despite_rounding() -> None:
    ours, theirs = np.array([0.3, 0.1, 0.2]), np.array([0.1 + 0.2, 0.1, 0.2])
    assert wilcoxon(ours, theirs) == 1


def test_holm_by_hand() -> None:
    # Ascending 0.01 · 3, 0.03 · 2, and 0.04 · 1, which may not fall below the one before it.
    assert holm(np.array([0.01, 0.04, 0.03])).tolist() == near([0.03, 0.06, 0.06])
    assert holm(np.array([0.5, np.nan, 0.4])).tolist() == near([0.8, np.nan, 0.8], nan_ok=True)
    assert holm(np.array([0.9, 0.8])).tolist() == [1, 1]


@given(st.lists(st.floats(0, 1), min_size=1, max_size=10))
def test_holm_keeps_the_order_and_never_helps(p: list[float]) -> None:
    raw = np.array(p)
    corrected = holm(raw)
    assert (corrected >= raw).all()
    assert (corrected <= np.minimum(raw * len(p), 1) + 1e-15).all()
    assert all(a <= b for a, b in pairwise(corrected[np.argsort(raw, kind="stable")]))


def three(n: int, gap: float) -> dict[str, np.ndarray]:
    """Two methods alike and a third that is ``gap`` farther away on every query; noise is shared."""
    rng = np.random.default_rng(0)
    base = rng.normal(0, 1, n)
    return {
        "near": base + rng.normal(0, 0.1, n),
        "also": base + rng.normal(0, 0.1, n),
        "far": base + gap + rng.normal(0, 0.1, n),
    }


def test_a_comparison_finds_the_method_that_differs() -> None:
    found = compare(three(40, 0.5), "lower")
    assert found.friedman is not None
    assert found.friedman.mean_ranks["far"] == max(found.friedman.mean_ranks.values()) > 2.9
    by_names = {(pair.first, pair.second): pair for pair in found.pairs}
    assert [key for key, pair in by_names.items() if pair.significant] == [("near", "far"), ("also", "far")]
    pair = by_names["near", "far"]
    assert pair.difference.high < 0
    assert pair.difference.value == near(-0.5, abs=0.1)
    assert (pair.wins, pair.losses, pair.ties) == (40, 0, 0)
    assert pair.p < pair.p_holm


def test_which_way_is_better_turns_wins_into_losses() -> None:
    values = {"a": np.array([1.0, 2, 3, 4]), "b": np.array([2.0, 2, 1, 5])}
    lower, higher = (compare(values, better).pairs[0] for better in ("lower", "higher"))
    assert (lower.wins, lower.losses, lower.ties) == (2, 1, 1)
    assert (higher.wins, higher.losses, higher.ties) == (1, 2, 1)
    assert lower.difference == higher.difference
    assert lower.p == higher.p


def test_pairs_wait_for_friedman() -> None:
    # Of eight methods only two differ a little: their own test would call it, Friedman does not.
    rng = np.random.default_rng(3)
    values = {f"m{i}": rng.normal(0, 1, 12) for i in range(8)}
    values["m1"] = values["m0"] + np.linspace(0.1, 0.2, 12)
    found = compare(values, "lower")
    assert found.friedman is not None
    assert found.friedman.p > 0.05
    pair = next(pair for pair in found.pairs if {pair.first, pair.second} == {"m0", "m1"})
    assert pair.p_holm < 0.05
    assert not pair.significant


def test_queries_that_a_method_has_no_value_for_are_left_out_for_all() -> None:
    values = three(20, 0.5)
    values["near"][3] = values["far"][5] = np.nan
    found = compare(values, "lower")
    assert found.friedman is not None
    assert found.friedman.queries == 18
    assert {pair.difference.n for pair in found.pairs} == {18}
    assert all(pair.wins + pair.losses + pair.ties == 18 for pair in found.pairs)


def test_two_methods_need_no_friedman() -> None:
    values = three(30, 0.5)
    found = compare({"near": values["near"], "far": values["far"]}, "lower")
    assert found.friedman is None
    assert found.pairs[0].significant
    assert found.pairs[0].p == found.pairs[0].p_holm


def test_no_common_query_says_nothing() -> None:
    nan = np.full(4, np.nan)
    found = compare({"a": nan, "b": np.ones(4), "c": np.ones(4)}, "lower")
    assert found.friedman is not None
    assert found.friedman.queries == 0
    assert all(np.isnan(pair.p_holm) and not pair.significant for pair in found.pairs)


def test_credit_over_the_control_by_hand() -> None:
    # One change: 1 of 2 against 1 of 4. Three: 2 of 3 against 0 of 1. Two: nothing to compare with.
    success = np.array([1, 0, 1, 1, 0, 1], dtype=bool)
    changes = np.array([1, 1, 3, 3, 3, 2])
    found = added_over_control(success, changes, {1: (1, 4), 3: (0, 1), 4: (1, 1)})
    assert found == near((2 * (1 / 2 - 1 / 4) + 3 * (2 / 3 - 0)) / 5)


def test_merely_changing_more_earns_nothing() -> None:
    control = {1: (0, 50), 5: (50, 50)}
    assert added_over_control(np.ones(20, dtype=bool), np.full(20, 5), control) == 0


def test_no_number_of_changes_in_common() -> None:
    one, yes = np.ones(1, dtype=np.int64), np.ones(1, dtype=bool)
    assert np.isnan(added_over_control(yes, one, {3: (1, 1)}))
    assert np.isnan(added_over_control(yes[:0], one[:0], {3: (1, 1)}))
    assert np.isnan(added_over_control(yes, one, {}))
