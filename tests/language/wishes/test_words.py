"""Tokens, number words and stems."""

from __future__ import annotations

import pytest

from sensecf_core.cohorts import builtin
from sensecf_core.language.wishes.units import converted
from sensecf_core.language.wishes.words import stem, tokenise


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("twenty-five", 25),
        ("a hundred and twelve", 112),
        ("two thousand", 2000),
        ("twelve hundred", 1200),
        ("one and a half", 1.5),
        ("3 and a half", 3.5),
        ("half", 0.5),
        ("a couple", 2),
        ("1,500", 1500),
        ("7,5", 7.5),
        ("10 thousand", 10000),
    ],
)
def test_numbers_in_words(text: str, number: float) -> None:
    assert [token.number for token in tokenise(text)] == [number]


def test_contractions_are_undone_and_places_kept() -> None:
    found = tokenise("He won't, can’t and didn't")
    assert [token.word for token in found] == ["he", "will", "not", ",", "can", "not", "and", "did", "not"]
    assert (found[1].start, found[2].end) == (3, 8)


def test_two_numbers_beside_each_other_stay_two() -> None:
    assert [token.number for token in tokenise("five seven")] == [5, 7]


def test_forms_of_a_word_share_a_stem() -> None:
    assert {stem(word) for word in ("smokes", "smoking", "smoked", "smoke")} == {"smok"}
    assert stem("calories") == stem("calorie")
    assert stem("tired") != stem("TIR")


@pytest.mark.parametrize(
    ("feature", "number", "unit", "period", "expected"),
    [
        ("sedentary", 2, "hours", "", 120),
        ("waist", 40, "inches", "", 101.6),
        ("hdl_cholesterol", 1, "mmol/l", "", 38.67),
        ("sugar", 0.05, "kg", "", 50),
        ("meals_out", 1, "", "day", 7),
        ("bmi", 30, "", "", 30),
        ("bmi", 30, "kg", "", None),
        ("pulse", 60, "mmol/l", "", None),
    ],
)
def test_units_that_people_say(
    feature: str, number: float, unit: str, period: str, expected: float | None
) -> None:
    assert converted(builtin.read_schema("nhanes").feature(feature), number, unit, period) == expected
