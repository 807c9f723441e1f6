"""What is not finite becomes null in JSON, however deep it lies."""

from __future__ import annotations

import numpy as np

from sensecf_core.json_safe import json_safe


def test_numbers_are_rounded_and_what_is_not_finite_is_null() -> None:
    assert json_safe({"a": [1 / 3, np.nan, np.inf, 7, "x"], "b": None}, digits=6) == {
        "a": [0.333333, None, None, 7, "x"],
        "b": None,
    }


def test_without_digits_numbers_stay_as_they_are() -> None:
    assert json_safe((1 / 3, -np.inf, {"c": np.float64(0.1)})) == [1 / 3, None, {"c": 0.1}]
