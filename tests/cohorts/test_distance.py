from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, strategies as st

from sensecf_core.cohorts.distance import NOTHING_SHARED, Distances
from sensecf_core.cohorts.encoding import Codes, from_values, to_codes
from sensecf_core.cohorts.schema import Schema
from tests.small_cohort import SCHEMA, make

CODES = to_codes(SCHEMA, make().rows)
DISTANCES = Distances.fit(SCHEMA, CODES)
position = st.integers(0, len(CODES) - 1)


def tiny() -> tuple[Schema, Codes]:
    """Two people: bmi 20 and 30, smoking never and current, active 0 and 1, diet mixed and low carb."""
    wanted = ("bmi", "smoking", "active", "diet")
    schema = SCHEMA.model_copy(
        update={"features": tuple(SCHEMA.feature(name) for name in wanted), "rules": (), "couplings": ()}
    )
    schema.__dict__.pop("names", None)
    schema.__dict__.pop("positions", None)
    low = {"bmi": 20.0, "smoking": "never", "active": 0, "diet": "mixed"}
    high = {"bmi": 30.0, "smoking": "current", "active": 1, "diet": "low carb"}
    return schema, np.array([from_values(schema, low), from_values(schema, high)])


def test_gower_by_hand() -> None:
    schema, codes = tiny()
    distances = Distances.fit(schema, codes)
    other = from_values(schema, {"bmi": 25.0, "smoking": "former", "active": 0, "diet": "vegetarian"})
    # half of the range, one of two levels, same, different
    assert distances.gower(codes[0], np.array([other, codes[1]])) == pytest.approx(
        [(0.5 + 0.5 + 0 + 1) / 4, 1]
    )


def test_mad_by_hand() -> None:
    schema, codes = tiny()
    codes = np.repeat(codes, 2, axis=0)
    codes[:, 0] = [20, 24, 26, 40]  # median 25, deviations 5 1 1 15, their median 3
    distances = Distances.fit(schema, codes)
    assert distances.mad_l1(codes[0], codes) == pytest.approx([0, 4 / 3, 2, 20 / 3])


def test_missing_features_are_skipped() -> None:
    schema, codes = tiny()
    distances = Distances.fit(schema, codes)
    other = codes[1].copy()
    other[[1, 2, 3]] = np.nan
    assert distances.gower(codes[0], other[np.newaxis]).tolist() == [1.0]
    nothing = np.full((1, 4), np.nan)
    assert distances.gower(codes[0], nothing).tolist() == [NOTHING_SHARED]
    assert distances.mad_l1(codes[0], nothing).tolist() == [NOTHING_SHARED]


def test_a_constant_feature_does_not_divide_by_zero() -> None:
    schema, codes = tiny()
    codes[:, 0] = 20
    distances = Distances.fit(schema, codes)
    other = codes[0].copy()
    other[0] = 21
    assert distances.gower(codes[0], other[np.newaxis])[0] == pytest.approx(1 / 4)
    assert distances.mad_l1(codes[0], other[np.newaxis])[0] == 1


def test_the_matrix_holds_every_pair() -> None:
    matrix = DISTANCES.gower_matrix(CODES[:5], CODES[10:17])
    assert matrix.shape == (5, 7)
    assert np.array_equal(matrix[3], DISTANCES.gower(CODES[3], CODES[10:17]))


@given(position, position)
def test_distances_are_symmetric_and_zero_for_oneself(a: int, b: int) -> None:
    for measure in (DISTANCES.gower, DISTANCES.mad_l1):
        forth, back = measure(CODES[a], CODES[[b]])[0], measure(CODES[b], CODES[[a]])[0]
        assert forth == back >= 0
        assert measure(CODES[a], CODES[[a]])[0] == 0
    assert DISTANCES.gower(CODES[a], CODES[[b]])[0] <= 1
