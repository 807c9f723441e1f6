"""The real default model. These tests fail, with the command to run, while it is not on this machine."""

from __future__ import annotations

import pytest

from sensecf_core.cohorts.schema import Schema
from sensecf_core.language.backend import Constraint
from sensecf_core.language.local.model import LocalModel, shared_model
from sensecf_core.language.prompts.grammar import read_edits
from sensecf_core.language.prompts.plain import Example, build, chat_text
from sensecf_core.queries.query import Driver, Query
from tests.language.local.test_model import check_packed_logits

pytestmark = pytest.mark.model


@pytest.fixture(scope="module")
def model() -> LocalModel:
    return shared_model()


def test_answers_obey_the_grammar_and_the_same_seed_repeats_them(
    model: LocalModel, schema: Schema, query: Query, drivers: tuple[Driver, ...], example: Example
) -> None:
    prompt = build(schema, query, drivers, [example])
    constraint = Constraint(schema, query.movable, 3)
    first = model.sample(prompt, n=16, constraint=constraint, seed=3)
    again = model.sample(prompt, n=16, constraint=constraint, seed=3)
    assert sum(read_edits(schema, text) is not None for text in first.texts) == 16
    assert all(first.complete)
    assert first.texts == again.texts
    assert len(set(first.texts)) > 1


def test_packed_logits_are_those_of_each_row_alone() -> None:
    model = LocalModel.load(precision="float32")
    prompt = model.prompt_tokens("bmi=31.2→27.5 kg/m²; sugar=120→20 g/day")
    a, b = model.prompt_tokens("; sugar=60"), model.prompt_tokens("bmi=28.0; sleep")
    check_packed_logits(model, prompt, {0: [a[:1], a[1:3], a[3:]], 1: [b[:3], b[3:4], b[4:]]})


@pytest.mark.parametrize(
    "text", ["bmi=27.5; sugar=120; smoking=former", "systolic=127→108 mmHg", "kg/m² ≥ 3 × 1234\n\n x"]
)
def test_tokenizer_round_trip(model: LocalModel, text: str) -> None:
    tokens = model.prompt_tokens(text)
    assert model.tokenizer.decode(tokens) == text
    assert model.grammar_tokenizer.tokenize_str(text) == tokens
    assert model.grammar_tokenizer.decode_str(tokens) == text


def test_digits_are_single_tokens_and_chat_marks_are_special(
    model: LocalModel, schema: Schema, query: Query
) -> None:
    pieces = model.tokenizer.convert_ids_to_tokens(model.prompt_tokens("a=1234→5"))
    assert pieces == ["a", "=", "1", "2", "3", "4", "âĨĴ", "5"]
    text = chat_text(model.tokenizer, build(schema, query, ()))
    tokens = model.prompt_tokens(text)
    start, end = (model.tokenizer.convert_tokens_to_ids(mark) for mark in ("<|im_start|>", "<|im_end|>"))
    assert tokens.count(start) == 3 and tokens.count(end) == 2
    assert text.startswith("<|im_start|>system\n") and text.endswith("<|im_start|>assistant\n")
    assert model.end_tokens == (end,)
