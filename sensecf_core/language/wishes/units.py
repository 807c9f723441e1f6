"""Numbers in the unit that somebody says → the unit of the schema."""

from __future__ import annotations

import re
from collections.abc import Iterable

from sensecf_core.cohorts.feature import Feature

_SIZES: dict[str, dict[str, float]] = {
    dimension: {name: size for names, size in sizes for name in names.split()}
    for dimension, sizes in {
        "time": (("s sec seconds", 1 / 60), ("min mins minute minutes", 1.0), ("h hr hrs hour hours", 60.0)),
        "mass": (
            ("mg milligram milligrams", 0.001),
            ("g gram grams gramme grammes", 1.0),
            ("kg kilo kilos kilogram kilograms", 1000.0),
            ("oz ounce ounces", 28.3495),
            ("lb lbs pound pounds", 453.592),
            ("stone stones", 6350.29),
        ),
        "length": (
            ("mm millimetres millimeters", 0.1),
            ("cm centimetres centimeters", 1.0),
            ("m metres meters", 100.0),
            ("inch inches", 2.54),
            ("foot feet", 30.48),
        ),
        "volume": (
            ("ml millilitres milliliters", 1.0),
            ("dl", 100.0),
            ("l litre litres liter liters", 1000.0),
        ),
        "energy": (("kcal cal calories kilocalories", 1.0), ("kj kilojoules", 1 / 4.184)),
    }.items()
}
"""Dimension → unit → how many of the dimension's base unit it is."""
_PERIODS = {"day": 1.0, "night": 1.0, "week": 7.0, "month": 30.44, "year": 365.25}
_MMOL = {"cholesterol": 38.67, "glucose": 18.016, "sugar": 18.016, "triglyceride": 88.57}
"""Word of a label → mg/dL in one mmol/L (molar masses 386.7, 180.16 and, on average, 885.7 g/mol)."""
_SAME = {
    "mmhg": "mmHg",
    "bpm": "beats/min",
    "beats": "beats/min",
    "%": "%",
    "percent": "%",
    "points": "points",
    "kg/m2": "kg/m²",
}
UNIT_WORDS = frozenset(
    {name for sizes in _SIZES.values() for name in sizes}
    | set(_SAME)
    | {"mmol/l", "mg/dl", "kg/m²", "beats/min"}
)
PERIOD_WORDS = frozenset(_PERIODS)


def unit_words(features: Iterable[Feature]) -> frozenset[str]:
    """Words for units, those of a schema's features among them, like "slices"."""
    bases = {feature.unit.partition("/")[0].strip().lower() for feature in features}
    return UNIT_WORDS | {form for base in bases if base for form in (base, base.rstrip("s"))}


def converted(feature: Feature, number: float, unit: str, period: str = "") -> float | None:
    """A number in ``unit`` (in words, lower case; empty: the feature's own) in the feature's unit.

    ``period`` is what "a week" says beside it. None where the unit does not fit the feature.
    """
    base, _, per = feature.unit.partition("/")
    factor = _factor(feature, base.strip().lower(), unit)
    if factor is None:
        return None
    if period in _PERIODS and per in _PERIODS:
        factor *= _PERIODS[per] / _PERIODS[period]
    return round(number * factor, 6)


def _factor(feature: Feature, base: str, unit: str) -> float | None:
    whole = feature.unit.lower()
    if unit in ("", whole) or _SAME.get(unit, "").lower() == whole:
        return 1.0
    if {unit, whole} == {"mmol/l", "mg/dl"}:
        words = re.findall(r"\w+", feature.label.lower())
        mg = next((size for word, size in _MMOL.items() if word in words), None)
        return None if mg is None else mg if unit == "mmol/l" else 1 / mg
    if whole.endswith(("/m²", "/m2")):
        return None  # kilograms are no body mass index
    if unit in (base, base.rstrip("s")):
        return 1.0
    sizes = next((sizes for sizes in _SIZES.values() if base in sizes and unit in sizes), None)
    return None if sizes is None else sizes[unit] / sizes[base]
