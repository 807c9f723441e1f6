"""Confirmed wishes as fields of a request."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sensecf_core.cohorts import builtin
from sensecf_core.errors import InputError
from sensecf_core.language.wishes.to_request import Row, Wished, wished_profile, wished_request
from sensecf_core.language.wishes.wish import read_wishes
from sensecf_core.queries.request import ExplainRequest

NHANES = builtin.read_schema("nhanes")
ROW = Row(
    factual={
        "sugar": 80,
        "sleep": 6.5,
        "smoking": "current",
        "pulse": 70,
        "bmi": None,
        "age": 50,
        "walk_or_cycle": 0,
    },
    movable={
        "sugar": tuple(range(20, 80, 5)),
        "sleep": (6.0, 7.0, 7.5, 8.0),
        "smoking": (1.0,),
        "walk_or_cycle": (1.0,),
    },
    allowed={
        "sugar": (20, 340),
        "sleep": (6, 9),
        "smoking": ("former",),
        "pulse": (50, 110),
        "bmi": (20, 55),
        "walk_or_cycle": (0, 1),
    },
)


def wished(text: str, **fields: object) -> Wished:
    request = ExplainRequest.model_validate({"cohort": "nhanes", "participant_id": "1", **fields})
    return wished_request(NHANES, request, read_wishes(NHANES, text), ROW)


def test_may_only_fall_ends_at_the_persons_value() -> None:
    assert wished("sugar=down").request.ranges == {"sugar": (20, 80)}
    assert wished("sleep=up").request.ranges == {"sleep": (6.5, 8)}
    assert wished("smoking=down").request.levels == {"smoking": ("former",)}


def test_a_way_that_is_closed_freezes_and_is_told() -> None:
    for text, label in (
        ("sugar=up", "Total sugars"),
        ("walk_or_cycle=down", "Walks or cycles"),
        ("smoking=up", "Cigarette"),
    ):
        result = wished(text)
        assert len(result.request.frozen) == 1
        assert result.notes[0].startswith(label) and "stays as it is" in result.notes[0]


@pytest.mark.parametrize(
    ("text", "held", "why"),
    [
        ("sugar=up", (), "what may be suggested from here lies another way, or farther off"),
        ("sleep=by 0.2", (), "lies another way, or farther off"),
        ("pulse=down", (), "it is already at the end of what may be suggested"),
        ("pulse=down", ("pulse",), "its reference range asks for no more; say a range to move it"),
    ],
)
def test_the_reason_that_nothing_moves_is_the_real_one(text: str, held: tuple[str, ...], why: str) -> None:
    request = ExplainRequest(cohort="nhanes", participant_id="1")
    row = replace(ROW, held=held)
    (note,) = wished_request(NHANES, request, read_wishes(NHANES, text), row).notes
    assert why in note


def test_ranges_are_cut_to_what_may_be_suggested() -> None:
    assert wished("sugar=5..60").request.ranges == {"sugar": (20, 60)}
    assert wished("sugar=40..").request.ranges == {"sugar": (40, 340)}
    assert wished("sugar=40..; sugar=down").request.ranges == {"sugar": (40, 80)}
    assert wished("sleep=up; sleep=by 0.5").request.ranges == {"sleep": (6.5, 7)}


def test_only_freezes_the_rest() -> None:
    request = wished("sugar=only; sleep=only; sugar=down").request
    assert set(request.frozen) == {"smoking", "pulse", "bmi", "walk_or_cycle"}
    assert request.ranges == {"sugar": (20, 80)}


def test_wishes_about_the_whole_request() -> None:
    request = wished("*changes=2; *changes=4; *risk=30; *limits=behaviour").request
    assert (request.max_changes, request.target, request.profile) == (2, 30, "behaviour")
    assert wished("*goal=lower").request.goal == "lower"


def test_what_the_request_says_already_holds_as_well() -> None:
    request = wished("sugar=down; pulse=keep", ranges={"sugar": (40, 200)}, frozen=("sleep",)).request
    assert request.ranges == {"sugar": (40, 80)}
    assert request.frozen == ("sleep", "pulse")
    assert "frozen by the request" in wished("sleep=up", frozen=("sleep",)).notes[0]


def test_what_cannot_move_is_told() -> None:
    assert "was not measured" in wished("bmi=down").notes[0]
    assert "may not move under these limits" in wished("age=down").notes[0]
    assert wished("age=keep").notes == ()


@pytest.mark.parametrize(
    ("text", "fields", "message"),
    [
        ("sugar=keep; sugar=down", {}, "both to stay and to change"),
        ("sleep=up; sleep=down", {}, "may only rise and may only fall"),
        ("sugar=500..", {}, "leaves no value that may be suggested"),
        ("sugar=60..40", {}, "leaves no value"),
        ("smoking=current", {}, "leaves no value"),
        ("*goal=cross; *goal=lower", {}, "More than one goal"),
        ("*goal=cross; *risk=20", {}, "goal of its own"),
        ("*goal=cross", {"target": 20}, "has a goal already"),
        ("*risk=20", {"goal": "lower"}, "has a goal already"),
        ("; ".join(f"{name}=keep" for name in ROW.allowed), {}, "nothing that may move"),
    ],
)
def test_contradictions_are_refused(text: str, fields: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        wished(text, **fields)


def test_one_profile_holds() -> None:
    request = ExplainRequest(cohort="nhanes", participant_id="1", profile="contrast")
    behaviour = read_wishes(NHANES, "*limits=behaviour")
    assert wished_profile((), request, "intervention") == "contrast"
    assert (
        wished_profile(behaviour, request.model_copy(update={"profile": None}), "intervention") == "behaviour"
    )
    with pytest.raises(InputError, match="both behaviour and contrast"):
        wished_profile(behaviour, request, "intervention")
