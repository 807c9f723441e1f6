from __future__ import annotations

from typing import Any

import pytest

from sensecf_core.cohorts import builtin
from sensecf_core.cohorts.clinical import Reference, needless, reference_ends
from sensecf_core.cohorts.schema import Schema


def reference(**values: Any) -> Reference:
    return Reference(text="t", source="s", **values)


@pytest.mark.parametrize(
    ("ends", "before", "after", "expected"),
    [
        ((None, 199), 181, 145, True),  # a normal cholesterol is not lowered
        ((None, 199), 199, 190, True),
        ((None, 199), 200, 190, False),  # a raised one is, also into its range
        ((None, 199), 181, 190, False),
        ((None, 199), 181, 201, True),  # nothing leaves its range
        ((40, None), 45, 50, True),  # a normal HDL is not raised
        ((40, None), 39, 45, False),
        ((7, None), 8, 7.5, False),  # eight hours of sleep may become seven and a half
        ((7, None), 8, 6.5, True),  # but not six and a half
        ((60, 100), 62, 58, True),
        ((60, 100), 104, 98, False),
        ((60, 100), 58, 64, False),
        ((60, 100), 58, 50, True),  # nothing moves away from its range
        ((60, 100), 104, 110, True),
        ((None, None), 100, 50, False),
    ],
)
def test_what_is_within_reference_moves_no_further(
    ends: tuple[float | None, float | None], before: float, after: float, expected: bool
) -> None:
    assert needless(reference(low=ends[0], high=ends[1]), ends, before, after) == expected


def test_a_range_that_settles_nothing_for_one_person_holds_nothing() -> None:
    assert needless(reference(low=1600, high=3000), (1600, 3000), 2500, 2000)
    assert not needless(reference(low=1600, high=3000, ends_change=False), (1600, 3000), 2500, 2000)
    assert needless(
        reference(low=1600, high=3000, ends_change=False), (1600, 3000), 1700, 1500
    )  # it stays in


def test_women_and_men_have_their_own_ends() -> None:
    schema = builtin.load("nhanes").schema
    waist, fibre = (schema.feature(name).reference for name in ("waist", "fibre"))
    assert reference_ends(waist, {"sex": "female"}) == (None, 88)
    assert reference_ends(waist, {"sex": "male"}) == (None, 102)
    assert reference_ends(fibre, {"sex": "male"}) == (38, None)
    assert reference_ends(fibre, {"sex": "female"}) == (25, None)
    assert reference_ends(schema.feature("age").reference, {"sex": "male"}) == (None, None)


def test_a_group_that_nobody_can_be_in_is_refused() -> None:
    schema = builtin.load("nhanes").schema.model_dump()
    waist = next(entry for entry in schema["features"] if entry["name"] == "waist")
    waist["reference"]["groups"][0]["level"] = "woman"
    with pytest.raises(ValueError, match="`sex` = 'woman', which no feature has"):
        Schema.model_validate(schema)
