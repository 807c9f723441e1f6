"""What an adapter learns the reading of wishes from: the sentences of ``train`` about mixed features.

A lesson is a list of features, and sentences about it with their answers; a model reads the features once for
all of them. The features are drawn from all schemas, and a part of the synonyms is hidden from the list, so
that words have to be understood and not only found in it. What one lesson lists is in another a thing that no
feature is about, so that the list has to be read. Patterns and schemas of ``val`` and ``test`` are
left out; those of ``more_patterns.toml`` and ``more_schemas.toml`` are in no part.
"""

from __future__ import annotations

import random
import re
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from sensecf_core.cohorts.feature import Feature
from sensecf_core.cohorts.schema import Schema
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
MOST_INVENTED = 4
"""Features of a lesson about things that are in no schema."""
ALIENS = 12
"""Things, and features of other lessons, that a lesson speaks of without listing them."""
_INVENTED_KINDS = (("integer", "times/week"), ("integer", "min/day"), ("continuous", "h"), ("binary", ""))
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
        of_lesson = replace(material(), aliens=_aliens(rng, known))
        made = [sentence(rng, known, of_lesson) for _ in range(PER_LESSON)]
        taught = tuple((said.text, write_answer(known, said.clauses)) for said in made)
        yield Lesson(_told(rng, known), taught)


def _aliens(rng: random.Random, known: Schema) -> list[str]:
    """Names of what the lesson does not list: things, and as many features of others."""
    listed = {word for feature in known.features for name in _names(feature) for word in name.split()}
    others = [name for schema in learned_schemas() for f in schema.features for name in _names(f)]
    found = [
        [name for name in names if not listed & set(name.casefold().split())]
        for names in (material().aliens, others)
    ]
    fewest = min(ALIENS, *map(len, found))
    return [name for names in found for name in rng.sample(names, fewest)]


def _names(feature: Feature) -> list[str]:
    return [re.sub(r"\s*\([^)]*\)", "", feature.label).casefold(), *map(str.casefold, feature.synonyms)]


def _invented(rng: random.Random, called: str) -> Feature:
    """A feature about a thing that is in no schema."""
    kind, unit = rng.choice(_INVENTED_KINDS)
    fields: dict[str, Any] = {
        "name": re.sub(r"\W+", "_", called.casefold()),
        "role": "behaviour",
        "kind": kind,
    }
    fields |= {"label": called[0].upper() + called[1:], "decimals": int(kind == "continuous")}
    if kind != "binary":
        fields |= {"valid": (0, rng.choice((20, 60, 300))), "unit": unit}
    return Feature.model_validate(fields)


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
    invented = [
        _invented(rng, name) for name in rng.sample(list(material().aliens), rng.randint(1, MOST_INVENTED))
    ]
    rng.shuffle(pool)
    pool = [*invented, *pool]
    features: list[Feature] = []
    called: set[str] = set()
    wanted = rng.randint(FEWEST, MOST)
    for feature in pool:
        names = {feature.name, feature.label.casefold(), *(word.casefold() for word in feature.synonyms)}
        known = feature.name in called or (not of_one and names & called)
        if len(features) < wanted and not known:
            # a reference may depend on a feature that was not drawn
            features.append(feature.model_copy(update={"reference": None}))
            called |= names
    rng.shuffle(features)
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
