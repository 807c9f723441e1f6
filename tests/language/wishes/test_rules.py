"""Reading by rules: one example of each thing that it can do, none of them from the held-out sentences."""

from __future__ import annotations

import pytest

from sensecf_core.cohorts import builtin
from sensecf_core.cohorts.schema import Schema
from sensecf_core.language.wishes.rules import read
from sensecf_core.language.wishes.wish import write_wish

SCHEMAS = {name: builtin.read_schema(name) for name in builtin.NAMES}


def limits(schema: Schema, sentence: str) -> list[str]:
    return [write_wish(schema, wish) for wish in read(schema, sentence).wishes]


@pytest.mark.parametrize(
    ("sentence", "meant"),
    [
        ("Keep her weight and her pulse as they are.", ["bmi=keep", "pulse=keep"]),
        ("less alcohol, more fibre and at most 3 changes", ["alcohol=down", "fibre=up", "*changes=3"]),
        ("he may not eat more sugar", ["sugar=down"]),
        ("no less fibre than now", ["fibre=up"]),
        ("neither sugar nor alcohol may change", ["sugar=keep", "alcohol=keep"]),
        ("she is not against less alcohol", ["alcohol=down"]),
        ("sleep from 6 to 8 hours", ["sleep=6..8"]),
        ("energy no less than 1500 kcal", ["energy=1500.."]),
        ("sitting at most four and a half hours", ["sedentary=..270"]),
        ("HDL not below 1.5 mmol/L", ["hdl_cholesterol=58.005.."]),
        ("diastolic down by at most 5", ["diastolic=by 5", "diastolic=down"]),
        ("everything except the BMI may change", ["bmi=keep"]),
        ("everything but the pulse is fixed", ["pulse=only"]),
        ("only smoking and sitting", ["smoking=only", "sedentary=only"]),
        ("sleep may only go up", ["sleep=up"]),
        ("smoking: former", ["smoking=former"]),
        ("the sugar is sacred to him, and that must not change", ["sugar=keep"]),
        ("carbohydrate, pulse: hands off", ["carbohydrate=keep", "pulse=keep"]),
        ("less carbohydrate, alcohol may rise", ["carbohydrate=down", "alcohol=up"]),
        ("plese leave her puls allone", ["pulse=keep"]),
        ("get the risk to twenty percent", ["*risk=20"]),
        ("the risk should be as low as possible", ["*goal=lower"]),
        ("the prediction has to change", ["*goal=cross"]),
        ("only habits", ["*limits=behaviour"]),
        ("sugar must stay, but less sugar", ["sugar=keep", "sugar=down"]),
    ],
)
def test_it_reads(sentence: str, meant: list[str]) -> None:
    assert limits(SCHEMAS["nhanes"], sentence) == meant


@pytest.mark.parametrize(
    ("sentence", "unread"),
    [
        ("her statin stays", ("statin", "stays")),
        ("less sugar, and her cat may not be moved", ("cat", "moved")),
        ("good evening", ("evening",)),
        ("", ()),
    ],
)
def test_words_about_nothing_in_the_schema_become_no_limit_and_are_told(
    sentence: str, unread: tuple[str, ...]
) -> None:
    understood = read(SCHEMAS["nhanes"], sentence)
    assert understood.unread == unread
    assert {wish.feature for wish in understood.wishes} <= {"sugar"}


def test_a_number_that_fits_no_feature_is_told_and_not_taken_for_the_last_one() -> None:
    understood = read(SCHEMAS["nhanes"], "please quit smoking and lose 5 kg")
    assert [wish.feature for wish in understood.wishes] == ["smoking"]
    assert understood.unread == ("lose", "5")
    assert read(SCHEMAS["nhanes"], "quit smoking in 2 weeks").unread == ("2",)


def test_a_number_in_the_label_is_no_range() -> None:
    assert limits(SCHEMAS["aireadi"], "time in range 70–180 stays") == ["glucose_tir=keep"]


def test_words_of_a_context_feature_are_no_levels() -> None:
    assert limits(SCHEMAS["aireadi"], "insulin as before, thanks") == []


def test_each_wish_has_the_words_that_it_came_from() -> None:
    understood = read(SCHEMAS["nhanes"], "Well, less alcohol, and leave her  pulse alone!")
    assert [wish.words for wish in understood.wishes] == ["less alcohol", "leave her pulse"]
    assert understood.reader == "rules"
