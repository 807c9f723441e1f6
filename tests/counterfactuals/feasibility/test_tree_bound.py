"""The bound of a sum of trees: worked out by hand on two stumps, and held against drawn changes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from sensecf_core.classifiers.boosted_trees import BoostedTrees
from sensecf_core.classifiers.classifier import with_trees
from sensecf_core.counterfactuals.feasibility.exhaustive import all_rows
from sensecf_core.counterfactuals.feasibility.tree_bound import Leaves, bound
from sensecf_core.counterfactuals.problem.fitted_cohort import FittedCohort
from sensecf_core.counterfactuals.problem.make_queries import make_queries
from sensecf_core.counterfactuals.problem.search_space import SearchSpace
from sensecf_core.queries.limits import Limits

NODE = np.dtype(
    [
        ("value", float),
        ("feature_idx", int),
        ("num_threshold", float),
        ("missing_go_to_left", bool),
        ("left", int),
        ("right", int),
        ("is_leaf", bool),
    ]
)


@dataclass(frozen=True)
class Tree:
    nodes: np.ndarray


def test_the_boxes_of_a_tree_are_its_ways_to_the_leaves() -> None:
    # Column 2 up to 5 (and gaps): -1. Above 5: column 2 up to 8: +2, beyond: +3.
    tree = np.array(
        [
            (0, 2, 5.0, True, 1, 2, False),
            (-1, 0, 0.0, False, 0, 0, True),
            (0, 2, 8.0, False, 3, 4, False),
            (2, 0, 0.0, False, 0, 0, True),
            (3, 0, 0.0, False, 0, 0, True),
        ],
        dtype=NODE,
    )
    leaves = Leaves.of(BoostedTrees(0.5, (Tree(tree), Tree(tree[[1]]))))
    boxes = {
        value: (low, high, missing)
        for value, low, high, missing in zip(
            leaves.values[:3], leaves.low[:3, 0], leaves.high[:3, 0], leaves.missing[:3, 0], strict=True
        )
    }
    assert boxes == {-1: (-np.inf, 5, True), 2: (5, 8, False), 3: (8, np.inf, False)}
    assert leaves.starts.tolist() == [0, 3] and leaves.column[3].tolist() == [-1]


def spaces(fitted: FittedCohort, people: list[str], profile: str, changes: int) -> list[SearchSpace]:
    limits = Limits(profile=profile, max_changes=changes)  # type: ignore[arg-type]
    return [
        SearchSpace.of(fitted.schema, query)
        for query in make_queries(fitted, [(person, "0") for person in people], 0, limits)
    ]


@settings(max_examples=20)
@given(
    who=st.integers(0, 30),
    seed=st.integers(0, 10**6),
    profile=st.sampled_from(["intervention", "contrast"]),
    changes=st.integers(1, 4),
)
def test_no_change_within_the_limits_passes_the_bound(
    *, fitted: FittedCohort, flagged: list[str], who: int, seed: int, profile: str, changes: int
) -> None:
    (space,) = spaces(fitted, [flagged[who % len(flagged)]], profile, changes)
    classifier, rng = with_trees(fitted.classifier), np.random.default_rng(seed)
    limit = bound(classifier, space, fitted.threshold_margin)
    rows = np.repeat(space.factual[None], 300, axis=0)
    for row in rows:
        for position in rng.permutation(list(space.values))[:changes]:
            row[position] = rng.choice(space.values[int(position)])
    margins = classifier.margin_of_codes(rows)
    assert margins.min() >= limit.margin - 1e-9
    if (margins < fitted.threshold_margin).any():
        assert not limit.impossible and limit.open_sets


def test_without_a_change_to_make_the_bound_is_a_proof(fitted: FittedCohort, flagged: list[str]) -> None:
    frozen = tuple(feature.name for feature in fitted.schema.features)
    query = make_queries(fitted, [(flagged[0], "0")], 0, Limits(profile="contrast", frozen=frozen))[0]
    limit = bound(with_trees(fitted.classifier), SearchSpace.of(fitted.schema, query), 0.0)
    assert limit.impossible


@pytest.mark.parametrize("profile", ["intervention", "contrast"])
def test_exhaustive_rows_reach_as_far_as_every_allowed_value(
    fitted: FittedCohort, flagged: list[str], profile: str
) -> None:
    classifier = with_trees(fitted.classifier)
    for space in spaces(fitted, flagged[:5], profile, 2):
        rows = all_rows(classifier, space, [(0, 1)])
        assert rows is not None
        first, second = sorted(space.values)[:2]
        grid = np.array(
            [
                (a, b)
                for a in (*space.values[first], space.factual[first])
                for b in (*space.values[second], space.factual[second])
            ]
        )
        every = np.repeat(space.factual[None], len(grid), axis=0)
        every[:, [first, second]] = grid
        every = every[space.changed(every).any(axis=1)]
        for ask in (np.min, np.max):
            assert ask(classifier.margin_of_codes(rows)) == pytest.approx(
                ask(classifier.margin_of_codes(every))
            )
        assert len(rows) <= len(every)
