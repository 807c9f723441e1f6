"""What is not finite becomes null in JSON, however deep it lies."""

from __future__ import annotations

import numpy as np
import pytest

from sensecf_core.json_safe import json_safe, parse


def test_numbers_are_rounded_and_what_is_not_finite_is_null() -> None:
    assert json_safe({"a": [1 / 3, np.nan, np.inf, 7, "x"], "b": None}, digits=6) == {
        "a": [0.333333, None, None, 7, "x"],
        "b": None,
    }


def test_without_digits_numbers_stay_as_they_are() -> None:
    assert json_safe((1 / 3, -np.inf, {"c": np.float64(0.1)})) == [1 / 3, None, {"c": 0.1}]


@pytest.mark.parametrize(
    "text",
    [
        "[" * 99_999,
        '{"a":' * 99_999,
        "NaN",
        "[1e999, -Infinity]",
        b"\xff\xfe[",
        '"\\ud800"',
        '{"\\udfff": 1}',
        "",
        "1" * 5000,
    ],
)
def test_json_of_others_fails_in_one_way(text: str | bytes) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        parse(text)


def test_json_of_others_is_read_as_it_is() -> None:
    assert parse('{"a": [1, 2.5, "\\ud834\\udd1e", "\u2028"]}') == {"a": [1, 2.5, "𝄞", "\u2028"]}
