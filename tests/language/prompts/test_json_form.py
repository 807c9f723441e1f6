from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest
from hypothesis import given

from sensecf_core.cohorts.encoding import to_code, to_value
from sensecf_core.cohorts.schema import Schema
from sensecf_core.language.prompts.grammar import level_texts, read_edits
from sensecf_core.language.prompts.json_form import answer_schema
from sensecf_core.language.prompts.plain import INSTRUCTIONS, Prompt, with_json_answer
from sensecf_core.language.remote.reading import last_json
from sensecf_core.queries.limits import Movable
from sensecf_core.queries.query import Query
from tests.language.cases import questions
from tests.language.scripted_server import edits


@pytest.fixture
def answers(schema: Schema, query: Query) -> dict[str, Any]:
    return answer_schema(schema, query.movable, 3)


def accepts(schema: dict[str, Any], answer: str) -> bool:
    return bool(jsonschema.Draft202012Validator(schema).is_valid(json.loads(answer)))


@pytest.mark.parametrize(
    ("answer", "accepted"),
    [
        (edits(bmi=28.0), True),
        (edits(bmi=28.0, sugar=60, diet="vegetarian"), True),
        (edits(bmi=28.0, sugar=60, diet="vegetarian", active=1), False),  # more than three
        (edits(), False),
        (edits(bmi=45.0), False),
        (edits(age=30), False),
        (edits(bmi="28.0"), False),
        (edits(diet="carnivore"), False),
        (json.dumps({"changes": [{"feature": "bmi", "value": 28.0, "why": "…"}]}), False),
    ],
)
def test_the_schema_says_what_may_move(
    answers: dict[str, Any], schema: Schema, *, answer: str, accepted: bool
) -> None:
    answer = answer.replace("vegetarian", schema.feature("diet").levels[1])
    assert accepts(answers, answer) is accepted


@given(questions())
def test_whatever_the_schema_lists_is_read_back_as_that_value(
    question: tuple[Schema, tuple[Movable, ...], int],
) -> None:
    schema, movable, most = question
    answers = answer_schema(schema, movable, most)
    for item in movable:
        feature = schema.feature(item.feature)
        for code in item.values:
            value = level_texts(feature)[int(code)] if feature.named else to_value(feature, code)
            answer = edits(**{item.feature: value})
            assert accepts(answers, answer)
            text = last_json(answer)
            assert text is not None
            read = read_edits(schema, text)
            assert read is not None and to_code(feature, read[item.feature]) == pytest.approx(code)


def test_long_lists_become_a_range(schema: Schema) -> None:
    wide = Movable(feature="bmi", values=tuple(10 + 0.1 * step for step in range(1001)))
    value = answer_schema(schema, [wide], 2)["properties"]["changes"]["items"]["anyOf"][0]["properties"][
        "value"
    ]
    assert value == {"type": "number", "minimum": 10.0, "maximum": 110.0}


def test_every_object_is_strict(answers: dict[str, Any]) -> None:
    for part in (answers, *answers["properties"]["changes"]["items"]["anyOf"]):
        assert part["required"] == list(part["properties"]) and part["additionalProperties"] is False


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        (edits(bmi=27.53, active=True), "bmi=27.53; active=1"),
        (edits(sugar=1e-7), "sugar=0.0000001"),
        ('{"changes": [{"feature": "bmi", "value": 28}, {"feature": "bmi", "value": 29}]}', "bmi=28; bmi=29"),
        ('{"changes": []}', None),
        ('{"changes": {"bmi": 28}}', "bmi=28"),
        ('{"bmi": 28, "active": false}', "bmi=28; active=0"),
        ('{"bmi": {"from": 30, "to": 28}}', None),
        ("{}", None),
        ('{"changes": [{"feature": "bmi", "value": null}]}', None),
        ('{"changes": [{"feature": "bmi", "value": NaN}]}', None),
        ('{"changes": [{"feature": "bmi", "value": 1e999}]}', None),
        ('{"changes": [{"feature": "bmi", "value": 1' + "0" * 400 + "}]}", None),
        ('{"changes": [{"feature": "bmi", "value": "28\\nsugar=60"}]}', None),
        ('{"changes": [{"feature": "bmi=28; sugar", "value": 60}]}', None),
        ('{"changes": [{"feature": "bmi", "value": 28}', "bmi=28"),  # cut off behind a whole edit
        ('{"changes": [{"feature": "bmi", "value": 28', None),
        ("[" * 100_000, None),
        ("28", None),
        ("", None),
    ],
)
def test_json_is_read_as_it_came_or_not_at_all(answer: str, text: str | None) -> None:
    assert last_json(answer) == text


def test_nothing_to_move_is_refused(schema: Schema) -> None:
    with pytest.raises(ValueError, match="may move"):
        answer_schema(schema, [], 3)


def test_the_prompt_asks_for_json_and_only_that_changes() -> None:
    prompt = with_json_answer(Prompt(INSTRUCTIONS, "Profile: …"))
    assert '{"changes"' in prompt.system and "one line" not in prompt.system
    assert prompt.user == "Profile: …" and prompt.system.startswith("Name the smallest")
