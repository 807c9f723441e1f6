"""The text form of wishes, and what people see of them."""

from __future__ import annotations

import pytest

from sensecf_core.cohorts import builtin
from sensecf_core.language.wishes.wish import Wish, in_words, read_wish, read_wishes, write_wish

NHANES = builtin.read_schema("nhanes")


@pytest.mark.parametrize(
    ("text", "wish", "words"),
    [
        ("bmi=keep", Wish("keep", "bmi"), "Body mass index: stays as it is"),
        ("sugar=down", Wish("down", "sugar"), "Total sugars: may only fall"),
        ("bmi=27..30.5", Wish("range", "bmi", low=27, high=30.5), "Body mass index: 27 to 30.5 kg/m²"),
        ("bmi=27..", Wish("range", "bmi", low=27), "Body mass index: 27 or more kg/m²"),
        ("bmi=..30", Wish("range", "bmi", high=30), "Body mass index: 30 or less kg/m²"),
        ("sleep=by 0.5", Wish("by", "sleep", high=0.5), "Sleep on workdays: moves by at most 0.5 h/night"),
        (
            "smoking=never|former",
            Wish("levels", "smoking", choices=("never", "former")),
            "Cigarette smoking: never or former",
        ),
        ("*changes=1", Wish("changes", high=1), "At most 1 change"),
        ("*goal=cross", Wish("goal", choices=("cross",)), "The decision has to change"),
        ("*risk=30", Wish("risk", high=30), "Reach a risk of 30 of 100"),
        ("*limits=behaviour", Wish("limits", choices=("behaviour",)), "Limits: behaviour"),
    ],
)
def test_a_wish_has_one_text_form_and_one_line_for_people(text: str, wish: Wish, words: str) -> None:
    assert read_wish(NHANES, text) == wish
    assert write_wish(NHANES, wish) == text
    assert in_words(NHANES, wish) == words


@pytest.mark.parametrize(
    "text",
    [
        "salt=down",
        "sex=up",
        "smoking=sometimes",
        "smoking=1..2",
        "bmi=..",
        "bmi=by 0",
        "vigorous_activity=a",
        "*changes=0",
        "*changes=2.5",
        "*risk=100",
        "*goal=auto",
        "*limits=none",
        "*mood=up",
        "bmi",
    ],
)
def test_what_the_schema_cannot_have_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no wish that `nhanes` can have"):
        read_wish(NHANES, text)


def test_several_wishes_are_separated_by_semicolons() -> None:
    assert [wish.kind for wish in read_wishes(NHANES, "bmi=keep; sugar=down;*changes=2; ")] == [
        "keep",
        "down",
        "changes",
    ]
    assert read_wishes(NHANES, "") == ()
