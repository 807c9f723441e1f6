"""Wishes read by a model that is told how: held by the grammar here, read as strictly from a server."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sensecf_core.language.local.model import LocalModel
from sensecf_core.language.wishes import by_prompt
from sensecf_core.language.wishes.answer_form import read_answer, spoken
from sensecf_core.language.wishes.wish import write_wish
from tests.language.remote.served import model_at
from tests.language.scripted_server import Server, completion, serving
from tests.small_cohort import SCHEMA

SAID = 'Leave the "waist" alone, less sugar please.'
ANSWER = '"Leave the \'waist\' alone" waist=keep; "less sugar" sugar=down'


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as running:
        yield running


def read(server: Server, *contents: str) -> list[str]:
    server.script = [completion(*contents)]
    (understood,) = by_prompt.read_all(model_at(server), SCHEMA, [SAID], reader="served")
    assert (understood.sentence, understood.reader) == (SAID, "served")
    return [write_wish(SCHEMA, wish) for wish in understood.wishes]


def test_a_server_is_told_features_and_words_and_no_person(server: Server) -> None:
    assert read(server, ANSWER) == ["waist=keep", "sugar=down"]
    (body,) = server.bodies
    sent = "\n".join(message["content"] for message in body["messages"])
    assert f"Said: {spoken(SAID)}" in sent and "waist = " in sent
    assert body["temperature"] == 0 and "response_format" not in body
    example = by_prompt.INSTRUCTION.splitlines()[-2]
    assert read_answer(SCHEMA, SAID, example, "served") is None, "its example is of another schema"


@pytest.mark.parametrize(
    "reply",
    [
        f"<think>waist=up?</think>\nHere it is:\n\n`{ANSWER}`",
        f"Answer: {ANSWER}",
        f'"She said" nothing much\n{ANSWER}',
    ],
)
def test_the_answer_is_found_in_what_a_server_writes_around_it(server: Server, reply: str) -> None:
    assert read(server, reply) == ["waist=keep", "sugar=down"]


@pytest.mark.parametrize(
    "reply",
    [
        '"less sugar" salt=down',  # no feature of the schema
        '"no more sugar" sugar=down',  # nobody said so
        '"less sugar" sugar=never',
        "sugar=down",
        "I cannot help with that.",
    ],
)
def test_an_answer_outside_the_form_is_not_understood(server: Server, reply: str) -> None:
    assert read(server, reply) == []


def test_a_model_on_this_machine_is_held_by_the_grammar(
    tiny_model: LocalModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    monkeypatch.setattr(by_prompt, "MOST_TOKENS", 400)
    monkeypatch.setattr(by_prompt, "read_answer", lambda *told: asked.append(told[2]) or read_answer(*told))
    (understood,) = by_prompt.read_all(tiny_model, SCHEMA, ["less sugar"], reader="babbler")
    assert understood.reader == "babbler" and (asked or not understood.wishes)
    # Random weights babble; whatever ended is of the form and quotes what was said.
    assert all(read_answer(SCHEMA, "less sugar", text, "babbler") is not None for text in asked)
    assert all(wish.words in "less sugar" for wish in understood.wishes)
