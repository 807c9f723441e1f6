from __future__ import annotations

import numpy as np

from sensecf_core.cohorts import builtin
from sensecf_core.cohorts.encoding import to_codes, to_values
from sensecf_core.cohorts.out_of_range import out_of_range
from sensecf_core.ui.common.wording import against_reference


def test_many_rows_say_what_single_rows_say() -> None:
    schema = builtin.load("nhanes").schema
    codes = to_codes(schema, builtin.load("nhanes").rows.iloc[:200])
    sides = out_of_range(schema, codes)
    words = {"▲ above reference": 1, "▼ below reference": -1, "": 0}
    for row, values in enumerate(to_values(schema, one) for one in codes):
        expected = [words[against_reference(feature, values)] for feature in schema.features]
        assert sides[row].tolist() == expected
    assert (sides == 1).any() and (sides == -1).any() and np.isnan(codes).any()


def test_a_group_has_its_own_ends() -> None:
    cohort = builtin.load("nhanes")
    waist, sex = (cohort.schema.positions[name] for name in ("waist", "sex"))
    codes = to_codes(cohort.schema, cohort.rows.iloc[:1]).repeat(2, axis=0)
    codes[:, waist] = 95.0
    codes[:, sex] = [cohort.schema.feature("sex").levels.index(level) for level in ("female", "male")]
    assert out_of_range(cohort.schema, codes)[:, waist].tolist() == [1, 0]  # up to 88 and up to 102 cm
