"""What an adapter learns the reading of wishes from: the sentences of ``train`` about mixed features.

A lesson is a list of features, and sentences about it with their answers; a model reads the features once for
all of them. The features are drawn from all schemas, and a part of the synonyms is hidden from the list, so
that words have to be understood and not only found in it. Patterns and schemas of ``val`` and ``test`` are
left out; those of ``more_patterns.toml`` and ``more_schemas.toml`` are in no part.
"""

from __future__ import annotations

import random
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from sensecf_core.cohorts.schema import Feature, Schema
from sensecf_core.language.prompts.plain import chat_text
from sensecf_core.language.training.batches import TrainingExample
from sensecf_core.language.wishes.answer_form import prompt, write_answer
from sensecf_core.language.wishes.training_sentences.generator import (
    Material,
    patterns,
    schemas,
    sentence,
)
from sensecf_core.language.wishes.training_sentences.invented import invented_schemas

FEWEST, MOST = 5, 14
"""Features of a lesson."""
PER_LESSON = 16
"""Sentences of a lesson."""
OF_ONE_SCHEMA = 0.3
"""Share of lessons whose features are all of one schema."""
HIDE_ALL, HIDE_SOME = 0.3, 0.3
"""Shares of features of which all, or some, synonyms are not listed."""


@dataclass(frozen=True)
class Lesson:
    """``schema`` is what the model is told, and what each sentence and its answer are about."""

    schema: Schema
    taught: tuple[tuple[str, str], ...]
    """Sentences, each with its answer."""


@cache
def _more() -> dict[str, Any]:
    return tomllib.loads((Path(__file__).parent / "more_patterns.toml").read_text("utf-8"))


@cache
def material() -> Material:
    """What the sentences of lessons are made of."""
    held_back, more = patterns("val"), _more()
    words = more["words"]
    learned = {
        kind: (*(text for text in texts if text not in held_back[kind]), *more[kind])
        for kind, texts in patterns("train").items()
    }
    return Material(
        learned,
        words["aliens"],
        people=words["people"],
        joints=words["joints"],
        lengths=(5, 4, 3, 1, 1),
        capitals=0.5,
    )


@cache
def learned_schemas() -> tuple[Schema, ...]:
    """Schemas whose features lessons are about."""
    held_back = {schema.name for schema in schemas("val")}
    shared = (schema for schema in schemas("train") if schema.name not in held_back)
    return (*shared, *invented_schemas("more_schemas.toml"))


def lessons(count: int, *, seed: int) -> Iterator[Lesson]:
    """Make lessons; the same seed makes the same ones."""
    rng = random.Random(f"lessons {seed}")
    for _ in range(count):
        known = _schema(rng)
        made = [sentence(rng, known, material()) for _ in range(PER_LESSON)]
        yield Lesson(
            _told(rng, known), tuple((said.text, write_answer(known, said.clauses)) for said in made)
        )


def examples(tokenizer: Any, count: int, seed: int) -> list[TrainingExample]:
    """Lessons as training examples: the features are the prompt, a sentence begins a branch behind it."""
    return [_example(tokenizer, lesson) for lesson in lessons(count, seed=seed)]


def _example(tokenizer: Any, lesson: Lesson) -> TrainingExample:
    shared, branches = "", []
    for said, answer in lesson.taught:
        asked = prompt(lesson.schema, said)
        text = chat_text(tokenizer, asked)
        start = text.rindex(asked.user)
        shared = text[:start]
        branches.append((text[start:], answer + tokenizer.eos_token))
    return TrainingExample(shared, (), estimates=tuple(branches))


def _schema(rng: random.Random) -> Schema:
    """A schema of features drawn from one or from all schemas, none called like another."""
    of_one = rng.random() < OF_ONE_SCHEMA
    schema = rng.choice(learned_schemas())
    pool = [*schema.features] if of_one else [f for s in learned_schemas() for f in s.features]
    rng.shuffle(pool)
    features: list[Feature] = []
    called: set[str] = set()
    wanted = rng.randint(FEWEST, MOST)
    for feature in pool:
        names = {feature.name, feature.label.casefold(), *(word.casefold() for word in feature.synonyms)}
        if len(features) < wanted and (of_one or not names & called):
            # a reference may depend on a feature that was not drawn
            features.append(feature.model_copy(update={"reference": None}))
            called |= names
    return _with_features(schema, features)


def _told(rng: random.Random, schema: Schema) -> Schema:
    """The schema without the synonyms that are not listed."""
    told = []
    for feature in schema.features:
        drawn = rng.random()
        listed = feature.synonyms
        if drawn < HIDE_ALL:
            listed = ()
        elif drawn < HIDE_ALL + HIDE_SOME:
            listed = tuple(word for word in listed if rng.random() < 0.5)
        told.append(feature.model_copy(update={"synonyms": listed}))
    return _with_features(schema, told)


def _with_features(schema: Schema, features: Sequence[Feature]) -> Schema:
    return Schema(
        name="lesson",
        title="Lesson",
        task=schema.task,
        provenance=schema.provenance,
        features=tuple(features),
    )
