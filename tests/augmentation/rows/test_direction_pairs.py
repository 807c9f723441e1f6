"""Direction pairs: each step worked by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sensecf_core.augmentation.rows import direction_pairs as module
from sensecf_core.augmentation.rows.direction_pairs import LAMBDA, MOVED, direction_pairs
from sensecf_core.augmentation.rows.made_rows import TrainingRows
from sensecf_core.cohorts.cohort import Cohort
from sensecf_core.cohorts.encoding import to_codes
from sensecf_core.cohorts.schema import Schema
from sensecf_core.datasets import registry
from sensecf_core.errors import InputError

NAN = float("nan")
SOURCE = {"risk_source": "Somebody 2001"}
WEIGHT = {"name": "weight", "label": "Weight", "kind": "integer", "role": "clinical", "valid": [40, 100]}
STEPS = {"name": "steps", "label": "Steps", "kind": "continuous", "role": "behaviour", "valid": [0, 20]}
SMOKING = {
    "name": "smoking",
    "label": "Smoking",
    "kind": "ordinal",
    "role": "behaviour",
    "levels": ["never", "former", "current"],
}
SPORT = {"name": "sport", "label": "Sport", "kind": "binary", "role": "behaviour"}
SCAN = {
    "name": "scan",
    "label": "Scan",
    "kind": "categorical",
    "role": "clinical",
    "levels": ["bad", "unclear", "good"],
}


def rows_of(features: list[dict[str, Any]], codes: list[list[float]]) -> TrainingRows:
    schema = Schema.model_validate(
        {
            "name": "small",
            "title": "Small",
            "task": {"target": "y", "question": "?", "label": "y", "class_1": "1", "class_0": "0"},
            "provenance": {"title": "t", "source": "s", "licence": "l"},
            "features": features,
        }
    )
    people = np.array([f"p{i}" for i in range(len(codes))], dtype=object)
    return TrainingRows(schema, np.array(codes, dtype=float), np.arange(len(codes)) % 2, people)


@pytest.fixture
def one_deviation(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every number moves by exactly one standard deviation."""
    monkeypatch.setattr(module, "STEP", (1.0, 1.0))


def halves(made: Any) -> tuple[list[list[float]], list[list[float]]]:
    pairs = len(made.codes) // 2
    return made.codes[:pairs].tolist(), made.codes[pairs:].tolist()


@pytest.mark.usefixtures("one_deviation")
def test_numbers_move_both_ways_by_the_same_step_and_stay_valid() -> None:
    features = [WEIGHT | {"risk": "up"} | SOURCE, STEPS | {"decimals": 1, "risk": "down"} | SOURCE]
    # Deviations: of 50, 70, 90, 98 it is 18.79..., of 1, 2, 3, 4 it is 1.118...
    made = direction_pairs(rows_of(features, [[50, 1], [70, 2], [90, 3], [98, 4]]), np.random.default_rng(0))
    harm, away = halves(made)
    assert harm == [[69, 0], [89, 0.9], [100, 1.9], [100, 2.9]]  # 1 - 1.1 ends at 0, 108.8 and 116.8 at 100
    assert away == [[40, 2.1], [51, 3.1], [71, 4.1], [79, 5.1]]  # 50 - 18.8 ends at 40
    assert made.labels.tolist() == [1, 1, 1, 1, 0, 0, 0, 0]
    assert made.owners.tolist() == ["p0", "p1", "p2", "p3"] * 2
    assert made.weight.tolist() == [LAMBDA * 4 / 8] * 8


def test_levels_move_to_the_next_one_and_stay_at_the_ends() -> None:
    features = [
        SMOKING | {"risk": "up"} | SOURCE,
        SPORT | {"risk": "down"} | SOURCE,
        SCAN | {"risk_levels": ["good", "bad"]} | SOURCE,
    ]
    # Scan's "unclear" (1) has no place in the order.
    rows = rows_of(features, [[0, 0, 2], [1, 1, 0], [2, 1, 1]])
    for seed in range(20):
        harm, away = halves(direction_pairs(rows, np.random.default_rng(seed)))
        moved = np.array(harm) != np.array(away)
        to_harm, to_safety = (
            np.array([[1, 0, 0], [2, 0, 0], [2, 0, 1]]),
            np.array([[0, 1, 2], [0, 1, 2], [1, 1, 1]]),
        )
        assert np.array_equal(harm, np.where(moved, to_harm, rows.codes))
        assert np.array_equal(away, np.where(moved, to_safety, rows.codes))
        assert moved[2].tolist() == [True, True, False]
        assert (moved.sum(axis=1) >= 2).all()


def test_what_was_not_measured_or_has_no_direction_does_not_move() -> None:
    features = [WEIGHT | {"risk": "up"} | SOURCE, STEPS, SMOKING | {"risk": "up"} | SOURCE]
    rows = rows_of(features, [[50, 1, NAN], [70, 5, 1], [NAN, 2, NAN]])
    made = direction_pairs(rows, np.random.default_rng(0))
    assert made.owners.tolist() == ["p0", "p1", "p0", "p1"]  # p2 has nothing that could move
    assert made.codes[:, 1].tolist() == [1, 5, 1, 5]
    assert np.isnan(made.codes[[0, 2], 2]).all()
    assert made.codes[0, 0] > 50 > made.codes[2, 0]
    assert made.weight.sum() == pytest.approx(LAMBDA * 3)


def test_a_number_that_is_the_same_everywhere_does_not_move() -> None:
    rows = rows_of([WEIGHT | {"risk": "up"} | SOURCE], [[50], [50]])
    made = direction_pairs(rows, np.random.default_rng(0))
    assert made.codes.shape == (0, 1)
    assert made.weight.sum() == 0


def test_a_small_deviation_still_moves_by_the_last_decimal() -> None:
    rows = rows_of([WEIGHT | {"risk": "up"} | SOURCE], [[50]] * 99 + [[51]])
    harm, away = halves(direction_pairs(rows, np.random.default_rng(0)))
    assert harm == [[51]] * 99 + [[52]]
    assert away == [[49]] * 99 + [[50]]


def test_a_schema_without_directions_is_refused() -> None:
    with pytest.raises(
        InputError, match=r"No feature of `small` .* `risk` \(or `risk_levels`\) and `risk_source`"
    ):
        direction_pairs(rows_of([WEIGHT, SMOKING], [[50, 1], [60, 2]]), np.random.default_rng(0))


def test_labels_of_the_rows_are_not_read() -> None:
    rows = _train(registry.load("heart"))
    flipped = TrainingRows(rows.schema, rows.codes, 1 - rows.target, rows.people)
    made, again = (direction_pairs(r, np.random.default_rng(3)) for r in (rows, flipped))
    assert np.array_equal(made.codes, again.codes, equal_nan=True)
    assert np.array_equal(made.labels, again.labels)


@pytest.mark.parametrize("name", ["nhanes", "heart"])
def test_pairs_of_a_real_cohort_differ_in_two_to_four_directed_features(name: str) -> None:
    rows = _train(registry.load(name))
    before = rows.codes.copy()
    made = direction_pairs(rows, np.random.default_rng(0))
    assert np.array_equal(rows.codes, before, equal_nan=True)
    pairs = len(rows.codes)
    harm, away = made.codes[:pairs], made.codes[pairs:]
    moved = (harm != away) & ~np.isnan(harm)
    assert set(moved.sum(axis=1)) == set(range(MOVED[0], MOVED[1] + 1))
    assert made.weight.sum() == pytest.approx(LAMBDA * pairs)
    for position, feature in enumerate(rows.schema.features):
        up, down = harm[:, position], away[:, position]
        if feature.risk:
            further = up > down if feature.risk == "up" else up < down
            assert (further == moved[:, position]).all(), feature.name
        elif not feature.risk_levels:
            assert not moved[:, position].any(), feature.name
        if feature.valid:
            values = np.concatenate([up, down])
            assert np.nanmin(values) >= feature.valid[0] and np.nanmax(values) <= feature.valid[1], (
                feature.name
            )


def _train(cohort: Cohort) -> TrainingRows:
    index = cohort.parts.index[cohort.parts.eq("train")]
    codes = to_codes(cohort.schema, cohort.rows.loc[index])
    people = index.get_level_values(0).to_numpy(dtype=object)
    return TrainingRows(cohort.schema, codes, cohort.target[index].to_numpy(), people)
