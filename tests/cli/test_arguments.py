"""``name=value`` as people type it."""

from __future__ import annotations

import math

import pytest

from sensecf_core.cli.arguments import checked_code, names, new_values, ranges_and_levels
from sensecf_core.errors import InputError
from tests.small_cohort import SCHEMA


def test_numbers_become_ranges_and_names_become_levels() -> None:
    ranges, levels = ranges_and_levels(SCHEMA, ["bmi=24:30", "smoking=never|former", "active=1", "sleep=7.5"])
    assert ranges == {"bmi": (24.0, 30.0), "active": (1.0, 1.0), "sleep": (7.5, 7.5)}
    assert levels == {"smoking": ("never", "former")}


@pytest.mark.parametrize(
    ("option", "expected"),
    [
        ("bmi", "written like bmi=24:30"),
        ("bmi=", "written like bmi=24:30"),
        ("=3", "written like bmi=24:30"),
        ("bmj=24:30", "did you mean bmi"),
        ("bmi=low:high", "takes numbers, got 'low'"),
        ("bmi=24:", "takes numbers, got ''"),
        ("bmi=nan:30", "finite numbers"),
        ("bmi=24:inf", "finite numbers"),
        ("smoking=sometimes", "did you mean"),
        ("smoking=never|", "Unknown level"),
    ],
)
def test_a_range_that_cannot_be_read(option: str, expected: str) -> None:
    with pytest.raises(InputError, match=expected.replace("|", r"\|")):
        ranges_and_levels(SCHEMA, [option])


def test_a_range_named_twice() -> None:
    with pytest.raises(InputError, match="names `bmi` twice"):
        ranges_and_levels(SCHEMA, ["bmi=24:30", "bmi=20:30"])


def test_name_lists_are_split_and_kept_once() -> None:
    assert names(["a,b", " b , c", ""]) == ("a", "b", "c")


def test_new_values() -> None:
    assert new_values(SCHEMA, ["bmi=27.5", "smoking=former", "sleep=null"]) == {
        "bmi": 27.5,
        "smoking": "former",
        "sleep": None,
    }


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("bmi", 27.5, 27.5),
        ("bmi", "27.5", 27.5),
        ("age", 40, 40.0),
        ("active", True, 1.0),
        ("active", 0, 0.0),
        ("smoking", "former", 1.0),
    ],
)
def test_a_value_becomes_its_code(name: str, value: object, code: float) -> None:
    assert checked_code(SCHEMA, name, value) == code


def test_null_is_not_measured() -> None:
    assert math.isnan(checked_code(SCHEMA, "bmi", None))
    assert math.isnan(checked_code(SCHEMA, "smoking", None))


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("bmj", 27, "did you mean bmi"),
        ("bmi", 500, "from 10 to 80 kg/m², got 500"),
        ("age", 40.5, "whole numbers"),
        ("active", 2, "from 0 to 1"),
        ("active", 0.5, "whole numbers"),
        ("smoking", 1, "Unknown level"),
        ("smoking", "Former", "did you mean former"),
        ("bmi", "much", "takes numbers"),
        ("bmi", [27], "must be a number"),
        ("bmi", True, "must be a number"),
        ("smoking", {"a": 1}, "must be a level name"),
        ("bmi", float("nan"), "can only be from"),
        ("bmi", 10**400, "can only be from"),
    ],
)
def test_a_value_that_a_feature_cannot_have(name: str, value: object, expected: str) -> None:
    with pytest.raises(InputError, match=expected):
        checked_code(SCHEMA, name, value)
