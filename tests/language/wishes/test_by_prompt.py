"""Wishes read by a model that is told how: held by the grammar here, read as strictly from a server."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import pytest

from sensecf_core.errors import InputError
from sensecf_core.language.local.model import LocalModel
from sensecf_core.language.wishes import by_prompt
from sensecf_core.language.wishes.answer_form import read_answer, spoken, wishes_grammar
from sensecf_core.language.wishes.wish import write_wish
from tests.language.prompts.test_grammar import accepts
from tests.language.remote.served import model_at
from tests.language.scripted_server import Response, Server, completion, serving
from tests.small_cohort import SCHEMA

SAID = 'Leave the "waist" alone, less sugar please.'
ANSWER = '"Leave the \'waist\' alone" waist=keep; "less sugar" sugar=down'


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as running:
        yield running


def read(server: Server, content: str, finish: str = "stop") -> list[str] | None:
    server.script = [completion(content, finish=finish)]
    (found,) = by_prompt.read_all(model_at(server), SCHEMA, [SAID], reader="served")
    if found is None:
        return None
    assert (found.sentence, found.reader) == (SAID, "served")
    return [write_wish(SCHEMA, wish) for wish in found.wishes]


def test_a_server_is_told_features_and_words_and_no_person(server: Server) -> None:
    assert read(server, json.dumps({"line": ANSWER})) == ["waist=keep", "sugar=down"]
    (body,) = server.bodies
    sent = "\n".join(message["content"] for message in body["messages"])
    assert f"Said: {spoken(SAID)}" in sent and "waist = " in sent
    assert body["temperature"] == 0
    asked = body["response_format"]["json_schema"]["schema"]["properties"]["line"]["pattern"]
    assert re.fullmatch(asked, ANSWER)


def test_a_server_that_takes_no_schema_is_asked_for_the_line(server: Server) -> None:
    refusal = Response(400, {"error": {"message": "response_format is not supported"}})
    server.script = [refusal, completion(ANSWER)]
    (found,) = by_prompt.read_all(model_at(server), SCHEMA, [SAID], reader="served")
    assert found is not None and len(found.wishes) == 2
    assert "response_format" not in server.bodies[1]
    plain = model_at(server, answers="text")
    server.script = [completion(ANSWER)]
    assert by_prompt.read(plain, SCHEMA, SAID, reader="served").wishes == found.wishes
    assert "response_format" not in server.bodies[2]


def test_the_example_of_the_instruction_is_of_the_form() -> None:
    example = by_prompt.INSTRUCTION.splitlines()
    first = next(place for place, line in enumerate(example) if line.startswith('"Her pulse'))
    names = SCHEMA.features[:3]
    renamed = " ".join(example[first:-1])
    for feature, name in zip(names, ("pulse", "sugar", "salt"), strict=True):
        renamed = renamed.replace(f"{name}=", f"{feature.name}=")
    said = "Her pulse is fine, leave it; less sugar and salt, at most two changes, she is tired"
    understood = read_answer(SCHEMA, said, renamed, "a model")
    assert understood is not None and [wish.kind for wish in understood.wishes] == [
        "keep", "down", "down", "changes"
    ]  # fmt: skip


@pytest.mark.parametrize(
    "reply",
    [
        f"<think>waist=up?</think>\nHere it is:\n\n`{ANSWER}`",
        f"Answer: {ANSWER}.",
        f"**{ANSWER}**",
        f'"She said" nothing much\n{ANSWER}',
        '- "Leave the \'waist\' alone" waist=keep\n- "less sugar" sugar=down\n',
        f'{ANSWER}\nNote: "please" nothing',
        ANSWER.replace("\"Leave the 'waist' alone\"", "“Leave the 'waist' alone”").replace(
            '"less sugar"', "“less sugar”"
        ),
    ],
)
def test_the_answer_is_found_in_what_a_server_writes_around_it(server: Server, reply: str) -> None:
    assert read(server, reply) == ["waist=keep", "sugar=down"]


@pytest.mark.parametrize(
    ("reply", "finish"),
    [
        ('"less sugar" salt=down', "stop"),  # no feature of the schema
        ('"no more sugar" sugar=down', "stop"),  # nobody said so
        ('"less sugar" sugar=never', "stop"),
        ("sugar=down", "stop"),
        ("I cannot help with that.", "stop"),
        ('<think>maybe "less sugar" sugar=up', "stop"),
        (ANSWER, "length"),  # *risk=3 may be the beginning of *risk=30
    ],
)
def test_an_answer_outside_the_form_is_not_read(server: Server, reply: str, finish: str) -> None:
    assert read(server, reply, finish) is None
    server.script = [completion(reply, finish=finish)]
    with pytest.raises(InputError, match="What served answered cannot be read"):
        by_prompt.read(model_at(server), SCHEMA, SAID, reader="served")


def test_a_model_on_this_machine_is_held_by_the_grammar(
    tiny_model: LocalModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    monkeypatch.setattr(by_prompt, "MOST_TOKENS", 400)
    monkeypatch.setattr(by_prompt, "read_answer", lambda *told: asked.append(told[2]) or read_answer(*told))
    (understood,) = by_prompt.read_all(tiny_model, SCHEMA, ["less sugar"], reader="babbler")
    # Random weights babble: an answer either did not end, or is one that the grammar takes.
    assert all(accepts(wishes_grammar(SCHEMA, "less sugar"), text) for text in asked)
    assert understood is None or asked
