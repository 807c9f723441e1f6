from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, strategies as st

from sensecf_core.cohorts import builtin
from sensecf_core.cohorts.cohort import Cohort
from sensecf_core.cohorts.domain import Domain, out_of_range
from sensecf_core.cohorts.encoding import to_codes, to_values
from sensecf_core.ui.common.wording import against_reference
from tests.small_cohort import SCHEMA, make

CODES = to_codes(SCHEMA, make().rows)
DOMAIN = Domain.fit(SCHEMA, CODES)
BMI, DIET = SCHEMA.positions["bmi"], SCHEMA.positions["diet"]


def test_numbers_reach_from_the_first_to_the_99th_percentile(small_cohort: Cohort) -> None:
    bmi = small_cohort.rows["bmi"]
    assert DOMAIN.low[BMI] == pytest.approx(bmi.quantile(0.01))
    assert DOMAIN.high[BMI] == pytest.approx(bmi.quantile(0.99))
    assert (DOMAIN.minimum[BMI], DOMAIN.maximum[BMI]) == (bmi.min(), bmi.max())
    assert DOMAIN.median[BMI] == bmi.median()


def test_about_two_in_a_hundred_training_values_lie_outside() -> None:
    assert 0.005 < 1 - DOMAIN.in_domain(CODES)[:, BMI].mean() <= 0.02


def test_levels_are_in_domain_when_training_rows_had_them() -> None:
    codes = CODES[CODES[:, DIET] != 1]
    candidates = np.repeat(codes[:1], 4, axis=0)
    candidates[:, DIET] = [0, 1, 2, np.nan]
    assert Domain.fit(SCHEMA, codes).in_domain(candidates)[:, DIET].tolist() == [True, False, True, True]


def test_percentile_counts_equal_values_half() -> None:
    codes = np.full((4, len(SCHEMA.features)), np.nan)
    codes[:, BMI] = [20, 25, 25, 30]
    domain = Domain.fit(SCHEMA, codes)
    assert [domain.percentile(BMI, value) for value in (10, 20, 25, 27, 40)] == [0, 12.5, 50, 75, 100]
    assert np.isnan(domain.percentile(BMI, np.nan))


def test_a_feature_that_nobody_measured_is_never_outside() -> None:
    codes = CODES.copy()
    codes[:, BMI] = np.nan
    domain = Domain.fit(SCHEMA, codes)
    assert np.isnan(domain.median[BMI])
    assert np.isnan(domain.percentile(BMI, 25.0))
    assert domain.in_domain(CODES)[:, BMI].all()


@given(st.lists(st.floats(5, 90), min_size=2, max_size=2).map(sorted))
def test_percentile_rises_with_the_value(pair: list[float]) -> None:
    below, above = (DOMAIN.percentile(BMI, value) for value in pair)
    assert 0 <= below <= above <= 100


def test_many_rows_lie_beside_their_reference_ranges_as_single_rows_do() -> None:
    schema = builtin.load("nhanes").schema
    codes = to_codes(schema, builtin.load("nhanes").rows.iloc[:200])
    sides = out_of_range(schema, codes)
    words = {"▲ above reference": 1, "▼ below reference": -1, "": 0}
    for row, values in enumerate(to_values(schema, one) for one in codes):
        expected = [words[against_reference(feature, values)] for feature in schema.features]
        assert sides[row].tolist() == expected
    assert (sides == 1).any() and (sides == -1).any() and np.isnan(codes).any()


def test_a_group_has_its_own_ends_of_a_reference_range() -> None:
    cohort = builtin.load("nhanes")
    waist, sex = (cohort.schema.positions[name] for name in ("waist", "sex"))
    codes = to_codes(cohort.schema, cohort.rows.iloc[:1]).repeat(2, axis=0)
    codes[:, waist] = 95.0
    codes[:, sex] = [cohort.schema.feature("sex").levels.index(level) for level in ("female", "male")]
    assert out_of_range(cohort.schema, codes)[:, waist].tolist() == [1, 0]  # up to 88 and up to 102 cm
