"""The form of a language model's answer: the grammar takes exactly what can be read."""

from __future__ import annotations

import random
import re

import pytest
from hypothesis import given, settings, strategies as st
from llguidance import LLMatcher

from sensecf_core.cohorts import builtin
from sensecf_core.cohorts.schema import Schema
from sensecf_core.language.wishes.answer_form import (
    json_form,
    prompt,
    read_answer,
    wishes_grammar,
    write_answer,
)
from sensecf_core.language.wishes.training_sentences.generator import SplitPart, generate
from tests.language.cases import questions
from tests.language.prompts.test_grammar import BYTES, accepts, walk

NHANES = builtin.read_schema("nhanes")
TWO_SIGNS = re.compile(r"[?%][.,;:]")
"""Two signs in a row are one word of a quotation: it ends before them or behind them."""
SAID = 'She says: "less sugar", and her pulse is fine; at most two changes.'


def test_an_answer_cites_the_sentence() -> None:
    answer = '"less sugar" sugar=down; "her pulse is fine" pulse=keep; "at most two changes" *changes=2'
    assert accepts(wishes_grammar(NHANES, SAID), answer)
    understood = read_answer(NHANES, SAID, answer, "a model")
    assert understood is not None
    assert write_answer(NHANES, [(wish.words, (wish,)) for wish in understood.wishes]) == answer
    assert (understood.unread, understood.reader) == ((), "a model")


def test_a_piece_may_ask_for_several_things_or_for_nothing() -> None:
    said = "salt and sugar stay, her knees are bad"
    answer = '"salt and sugar stay" sugar=keep; fibre=keep; "her knees are bad" nothing'
    assert accepts(wishes_grammar(NHANES, said), answer)
    understood = read_answer(NHANES, said, answer, "a model")
    assert understood is not None
    assert [(wish.feature, wish.words) for wish in understood.wishes] == [
        ("sugar", "salt and sugar stay"),
        ("fibre", "salt and sugar stay"),
    ]
    assert understood.unread == ("knees", "bad")


def test_nothing_is_an_answer_and_leaves_every_word() -> None:
    answer = '"her statin stays" nothing'
    assert accepts(wishes_grammar(NHANES, "her statin stays"), answer)
    understood = read_answer(NHANES, "her statin stays", answer, "a model")
    assert understood is not None and understood.wishes == ()
    assert understood.unread == ("statin", "stays")


@pytest.mark.parametrize(
    "answer",
    [
        '"less sugar" salt=down',
        '"less salt" sugar=down',
        '"ess sugar" sugar=down',
        '"less sugar" sugar=less',
        '"less sugar" sugar=20.5..',
        '"less sugar" smoking=sometimes',
        '"less sugar" sex=up',
        '"less sugar" vigorous_activity=0..1',
        '"less sugar" bmi=by 0',
        '"two" *changes=0',
        '"two" *risk=100',
        "sugar=down",
        '"less sugar"',
        '"less sugar" nothing; sugar=down',
        '"less sugar" sugar=down "pulse" pulse=keep',
        "",
    ],
)
def test_what_is_no_answer_the_grammar_does_not_take(answer: str) -> None:
    assert not accepts(wishes_grammar(NHANES, SAID), answer)


@pytest.mark.parametrize(
    "answer",
    [
        '"less salt" sugar=down',
        '"less sugar" salt=down',
        '"" sugar=down',
        '"less sugar"',
        '"less sugar" nothing; sugar=down',
        '"less sugar" ; "sugar" nothing',
        "",
        "so",
    ],
)
def test_a_free_answer_that_names_or_cites_wrongly_is_not_read(answer: str) -> None:
    assert read_answer(NHANES, SAID, answer, "a model") is None


@settings(max_examples=25, deadline=None)
@given(questions(), st.text(max_size=30), st.randoms(use_true_random=False))
def test_every_answer_of_the_grammar_that_cites_something_can_be_read(
    question, sentence: str, rng: random.Random
) -> None:
    schema = question[0]
    text = walk(wishes_grammar(schema, sentence), rng)
    cites = not re.search(r'"\s*" (?!nothing(;|$))', text)
    assert (read_answer(schema, sentence, text, "a model") is not None) == cites


def test_the_grammar_takes_what_the_training_sentences_mean() -> None:
    for sentence in generate("train", 60, seed=3):
        if TWO_SIGNS.search(sentence.text):
            continue
        answer = write_answer(sentence.schema, sentence.clauses)
        assert accepts(wishes_grammar(sentence.schema, sentence.text), answer), (sentence.text, answer)
        understood = read_answer(sentence.schema, sentence.text, answer, "a model")
        assert understood is not None
        assert set(understood.wishes) == set(sentence.meant)


def test_a_grammar_is_built_in_milliseconds_and_has_no_error() -> None:
    for name in builtin.NAMES:
        assert not LLMatcher(BYTES, wishes_grammar(builtin.read_schema(name), SAID)).is_error()


def test_the_prompt_names_features_and_no_person() -> None:
    told = prompt(NHANES, SAID)
    text = told.system
    assert "sugar = Total sugars, g/day (sweets, sugary drinks, sugars)" in text
    assert "smoking = Cigarette smoking (cigarettes" in text and ": never|former|current" in text
    assert told.user == "Said: She says: 'less sugar', and her pulse is fine; at most two changes."
    assert prompt(NHANES, "more").system == text, "read once for all sentences about a schema"


def matches(schema: Schema, answer: str) -> bool:
    return re.fullmatch(json_form(schema)["properties"]["line"]["pattern"], answer) is not None


@pytest.mark.parametrize("part", ["train", "test"])
def test_a_servers_json_form_takes_every_meant_answer(part: SplitPart) -> None:
    for sentence in generate(part, 150, seed=4):
        pieces = [("words", (wish,)) for wish in sentence.meant[:12]] or [("words", ())]
        assert matches(sentence.schema, write_answer(sentence.schema, pieces)), sentence.text


@pytest.mark.parametrize(
    "answer",
    [
        '"less salt" salt=down',
        '"less sugar" sugar=less',
        '"less sugar" sugar=down; ',
        "sugar=down",
        '"a" *changes=0',
        '"a" bmi=27',
        'so: "a" nothing',
    ],
)
def test_a_servers_json_form_takes_nothing_else(answer: str) -> None:
    assert matches(NHANES, '"less sugar" sugar=down; bmi=27.5..30; "a" bmi=..30; "b" nothing')
    assert not matches(NHANES, answer)
