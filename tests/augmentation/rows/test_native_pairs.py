"""Native pairs (CFA): worked by hand on a dozen rows."""

from __future__ import annotations

import numpy as np
import pytest

from sensecf_core.augmentation.rows import native_pairs as module
from sensecf_core.augmentation.rows.made_rows import TrainingRows
from sensecf_core.augmentation.rows.native_pairs import native_pairs
from sensecf_core.cohorts.encoding import to_codes
from sensecf_core.cohorts.schema import Schema
from tests.augmentation.planted import cohort

NAN = float("nan")


def rows_of(codes: list[list[float]], target: list[int], kind: str = "binary") -> TrainingRows:
    """Rows of five features of a kind, a to e; people are named by their position."""
    about = {"kind": kind, "role": "clinical"} | ({"valid": [0, 100]} if kind == "continuous" else {})
    schema = Schema.model_validate(
        {
            "name": "small",
            "title": "Small",
            "task": {"target": "y", "question": "?", "label": "y", "class_1": "1", "class_0": "0"},
            "provenance": {"title": "t", "source": "s", "licence": "l"},
            "features": [about | {"name": name, "label": name} for name in "abcde"],
        }
    )
    people = np.array([f"p{i}" for i in range(len(codes))], dtype=object)
    return TrainingRows(schema, np.array(codes, dtype=float), np.array(target), people)


# Rows 0 and 5 are a native pair: they differ in a and b. Row 1 and 6 are one too: they differ in e. Rows 2,
# 3 and 4 differ from both rows of class 1 in at least three features.
CODES = [
    [0, 0, 0, 0, 0],
    [1, 1, 1, 1, 0],
    [0, 0, 0, 1, 0],
    [0, 0, 1, 1, 0],
    [0, 0, 0, 0, 1],
    [1, 1, 0, 0, 0],
    [1, 1, 1, 1, 1],
]
TARGET = [0, 0, 0, 0, 0, 1, 1]


def by_owner(rows: TrainingRows, label: int, number: int, seed: int = 0) -> dict[str, list[float]]:
    made = native_pairs(rows, label, number, np.random.default_rng(seed))
    assert made.labels.tolist() == [label] * len(made.codes)
    assert made.weight.tolist() == [1] * len(made.codes)
    return dict(zip(made.owners.tolist(), made.codes.tolist(), strict=True))


def test_the_differences_of_the_nearest_pair_are_transplanted() -> None:
    """Rows 2 to 4 are nearest to row 0, row 3 as near to row 1: each takes a and b of row 5."""
    assert by_owner(rows_of(CODES, TARGET), 1, 10) == {
        "p2": [1, 1, 0, 1, 0],
        "p3": [1, 1, 1, 1, 0],
        "p4": [1, 1, 0, 0, 1],
    }


def test_the_nearest_pair_is_that_of_the_nearest_row_of_the_other_class() -> None:
    """Row 1 and row 3 differ in d and e, row 0 and row 4 in a and b; row 2 is one feature from row 1."""
    codes = [[0, 0, 0, 0, 0], [1, 1, 1, 1, 0], [0, 1, 1, 1, 0], [1, 1, 1, 0, 1], [1, 1, 0, 0, 0]]
    assert by_owner(rows_of(codes, [0, 0, 0, 1, 1]), 1, 10) == {"p2": [0, 1, 1, 0, 1]}


def test_no_more_rows_than_wanted_and_none_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = rows_of(CODES, TARGET)
    assert len(by_owner(rows, 1, 2)) == 2
    assert by_owner(rows, 1, 0) == {}
    assert {tuple(by_owner(rows, 1, 1, seed)) for seed in range(20)} == {("p2",), ("p3",), ("p4",)}
    monkeypatch.setattr(module, "LEAST_PAIRS", 2)
    twice = rows_of([*CODES, CODES[2]], [*TARGET, 0])
    made = native_pairs(twice, 1, 10, np.random.default_rng(0))
    assert len(made.codes) == len(np.unique(made.codes, axis=0)) == 3


def test_a_row_that_a_transplant_leaves_as_it_was_is_not_made() -> None:
    """Row 0 and row 2 differ in a and b; row 1 has the values of row 2 there already."""
    rows = rows_of([[0, 0, 0, 0, 0], [1, 1, 1, 1, 1], [1, 1, 0, 0, 0]], [0, 0, 1])
    assert by_owner(rows, 1, 10) == {}


def test_more_differences_are_allowed_only_where_pairs_are_few() -> None:
    # Row 0 differs from row 4 in three features, row 1 in four, rows 2 and 3 in all five.
    codes = [[1, 1, 0, 0, 0], [1, 0, 0, 0, 0], [0, 0, 0, 0, 0], [0, 0, 0, 0, 0], [1, 1, 1, 1, 1]]
    made = by_owner(rows_of(codes, [0, 0, 0, 0, 1]), 1, 10)
    # Half of class 0 must have a pair: rows 0 and 1, with four differences. The others take b to e.
    assert list(made.values()) == [[0, 1, 1, 1, 1]]
    assert set(made) < {"p2", "p3"}


def test_ten_pairs_are_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    near, far = [[1, 1, 1, 1, 0]] * 10, [[0, 0, 0, 0, 0]] * 30
    rows = rows_of([*near, *far, [1, 1, 1, 1, 1]], [0] * 40 + [1])
    assert list(by_owner(rows, 1, 10).values()) == [[0, 0, 0, 0, 1]]
    monkeypatch.setattr(module, "LEAST_PAIRS", 11)
    assert by_owner(rows, 1, 10) == {}  # five differences are allowed, so every row has a pair of its own


def test_numbers_are_the_same_within_a_fifth_of_their_deviation() -> None:
    # Tolerances lie between 0.8 and 1, a fifth of 4.2 to 5: 0 and 0.5 are the same, 0 and 10 are not.
    codes = [[0, 0, 0, 0, 0], [0.5, 0.5, 0.5, 10, 10], [0, 0, 10, 10, 0], [10, 10, 10, 10, 10]]
    rows = rows_of(codes, [0, 1, 0, 0], kind="continuous")
    # Row 1 makes a pair with row 0 (d and e differ) and with row 2 (c and e), to which row 3 is nearer.
    assert by_owner(rows, 1, 10) == {"p3": [10, 10, 0.5, 10, 10]}


def test_what_was_not_measured_is_a_difference_but_is_not_transplanted() -> None:
    codes = [[0, 0, 0, NAN, 0], [0, 0, 1, NAN, 0], [NAN, 0, 1, NAN, 0], [0, 0, 0, 1, 1]]
    rows = rows_of([*codes, [1, 1, 0, 1, 1]], [0, 1, 1, 0, 0])
    # Row 0 makes its pair with row 1 (one difference, c; d is missing in both), not row 2 (a as well).
    made = by_owner(rows, 1, 10)
    assert made == {"p3": [0, 0, 1, 1, 1], "p4": [1, 1, 1, 1, 1]}
    only = rows_of([codes[0], codes[2], codes[3]], [0, 1, 0])
    assert by_owner(only, 1, 10) == {"p2": [0, 0, 1, 1, 1]}  # a stays, since row 1's was not measured


def test_a_class_without_rows_makes_none() -> None:
    assert by_owner(rows_of(CODES, [0] * 7), 1, 5) == {}
    assert by_owner(rows_of(CODES, [1] * 7), 1, 5) == {}


def test_every_value_is_one_that_somebody_had() -> None:
    planted = cohort("linear", 300)
    codes = to_codes(planted.schema, planted.rows)
    people = planted.rows.index.get_level_values(0).to_numpy(dtype=object)
    rows = TrainingRows(planted.schema, codes, planted.target.to_numpy(), people)
    for label in (0, 1):
        made = native_pairs(rows, label, 1000, np.random.default_rng(0))
        again = native_pairs(rows, label, 1000, np.random.default_rng(0))
        assert np.array_equal(made.codes, again.codes, equal_nan=True)
        assert 20 < len(made.codes) <= (rows.target != label).sum()
        assert set(made.owners) <= set(rows.people[rows.target != label])
        for position in range(codes.shape[1]):
            values = made.codes[:, position]
            assert np.isin(values[~np.isnan(values)], codes[:, position]).all()
