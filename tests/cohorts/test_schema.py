from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from sensecf_core.cohorts.schema import Coupling, Feature, LinearRule

NUMBER = {"name": "bmi", "label": "BMI", "kind": "continuous", "role": "clinical", "valid": [10, 80]}
LEVELS = {
    "name": "smoking",
    "label": "Smoking",
    "kind": "ordinal",
    "role": "behaviour",
    "levels": ["no", "yes"],
}


@pytest.mark.parametrize(
    ("base", "change", "message"),
    [
        (NUMBER, {"valid": None}, "must have a `valid` range"),
        (NUMBER, {"valid": [80, 10]}, r"`valid` must be \[low, high\]"),
        (NUMBER, {"valid": [0, float("inf")]}, "finite"),
        (NUMBER, {"suggest": [5, 20]}, "must lie inside `valid`"),
        (NUMBER, {"step": 0}, "greater than 0"),
        (NUMBER, {"levels": ["a", "b"]}, "belong to ordinal and categorical"),
        (NUMBER, {"kind": "integer", "decimals": 1}, "whole `step`"),
        (NUMBER, {"kind": "integer", "step": 0.5}, "whole `step`"),
        (NUMBER, {"kind": "binary"}, r"`valid` must be \[0, 1\]"),
        (NUMBER, {"name": "Body Mass"}, "pattern"),
        (LEVELS, {"levels": ["no"]}, "at least two"),
        (LEVELS, {"levels": ["no", "no"]}, "differ"),
        (LEVELS, {"levels": ["no", " "]}, "plain text"),
        (LEVELS, {"levels": ["no", "a|b"]}, "plain text"),
        (LEVELS, {"levels": ["no", "a\nb"]}, "plain text"),
        (LEVELS, {"suggest_levels": ["maybe"]}, "unknown levels"),
        (LEVELS, {"suggest": [0, 1]}, "must be"),
    ],
)
def test_a_feature_that_makes_no_sense_is_refused(
    base: dict[str, Any], change: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValidationError, match=message):
        Feature.model_validate(base | change)


def test_all_problems_of_a_feature_are_named_together() -> None:
    with pytest.raises(ValidationError, match=r"differ.*unknown levels"):
        Feature.model_validate(LEVELS | {"levels": ["no", "no"], "suggest_levels": ["maybe"]})


def test_rules_need_terms_and_finite_numbers() -> None:
    with pytest.raises(ValidationError, match="at least 1"):
        LinearRule(name="r", text="r", terms={})
    with pytest.raises(ValidationError, match="finite"):
        LinearRule(name="r", text="r", terms={"bmi": float("nan")})
    with pytest.raises(ValidationError, match="finite"):
        Coupling(name="c", text="c", feature="a", follows="b", slope=float("inf"), tolerance=1)
