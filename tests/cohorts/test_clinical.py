from __future__ import annotations

from typing import Any

import pytest
from hypothesis import assume, given, strategies as st

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
        ((None, 199), 210, 199, False),  # a raised one is, as far as its range
        ((None, 199), 210, 190, True),  # and no further
        ((None, 199), 181, 190, False),
        ((None, 199), 181, 201, True),  # nothing leaves its range
        ((40, None), 45, 50, True),  # a normal HDL is not raised
        ((40, None), 32, 40, False),
        ((40, None), 32, 45, True),
        ((7, None), 8, 7.5, False),  # eight hours of sleep may become seven and a half
        ((7, None), 8, 6.5, True),  # but not six and a half
        ((60, 100), 62, 58, True),
        ((60, 100), 104, 102, False),
        ((60, 100), 104, 100, False),
        ((60, 100), 104, 98, True),
        ((60, 100), 58, 60, False),
        ((60, 100), 58, 64, True),
        ((60, 100), 104, 58, True),  # nor out at the other end
        ((60, 100), 58, 50, True),  # nothing moves away from its range
        ((60, 100), 104, 110, True),
        ((None, None), 100, 50, False),
    ],
)
def test_what_is_within_reference_moves_no_further(
    ends: tuple[float | None, float | None], before: float, after: float, expected: bool
) -> None:
    assert needless(reference(low=ends[0], high=ends[1]), ends, before, after) == expected


@pytest.mark.parametrize(
    ("ends", "before", "least", "grid", "furthest"),
    [
        ((None, 119), 121, 5, 2, 116),  # the end is 2 away: by the smallest change that means anything
        ((None, 119), 131, 5, 2, 118),  # the first even number that is within
        ((18.5, 24.9), 31.3, 0.5, 0.5, 24.5),
        ((18.5, 24.9), 25.2, 0.5, 0.5, 24.5),
        ((40, None), 39, 4, 2, 44),
        ((25, None), 12.4, 2, 1, 25),
        ((7, None), 5.5, 0.5, 0.5, 7),
        ((None, 199), 240, 10, 5, 195),
    ],
)
def test_what_lies_outside_moves_to_the_first_useful_value_within(
    ends: tuple[float | None, float | None], before: float, least: float, grid: float, furthest: float
) -> None:
    normal = reference(low=ends[0], high=ends[1])
    step = grid if furthest > before else -grid

    def held(after: float) -> bool:
        return needless(normal, ends, before, after, least=least, grid=grid)

    assert not held(furthest) and held(furthest + step)


NUMBER = st.integers(-200, 200)


@given(
    low=st.none() | NUMBER,
    width=st.none() | st.integers(0, 100),
    before=NUMBER,
    least=st.integers(0, 12),
    grid=st.integers(1, 10),
)
def test_of_two_values_within_the_reference_the_nearer_is_enough(
    low: int | None, width: int | None, before: int, least: int, grid: int
) -> None:
    """Held against a walk along the grid, from the value towards its range and beyond."""
    high = None if width is None else (low or 0) + width
    ends = (low, high)
    outside = (low is not None and before < low) or (high is not None and before > high)
    assume(outside)
    up = low is not None and before < low
    far_end = high if up else low
    walk = [before + (distance if up else -distance) for distance in range(max(least, 1), 600)]
    walk = [value for value in walk if value % grid == 0]
    expected: list[int] = []
    for value in walk:
        if far_end is not None and (value > far_end if up else value < far_end):
            break
        expected.append(value)
        if (low is None or value >= low) and (high is None or value <= high):
            break
    normal = reference(low=low, high=high)
    allowed = [v for v in walk if not needless(normal, ends, before, v, least=least, grid=grid)]
    assert allowed == expected


def test_a_range_that_settles_nothing_for_one_person_holds_nothing() -> None:
    assert needless(reference(low=1600, high=3000), (1600, 3000), 2500, 2000)
    assert not needless(reference(low=1600, high=3000, ends_change=False), (1600, 3000), 2500, 2000)
    open_within = reference(low=1600, high=3000, ends_change=False)
    assert needless(open_within, (1600, 3000), 1700, 1500)  # it stays in
    assert not needless(open_within, (1600, 3000), 3400, 2400)  # and may come in anywhere
    assert needless(open_within, (1600, 3000), 3400, 1500)


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
