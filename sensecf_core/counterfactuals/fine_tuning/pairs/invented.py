"""Lessons of invented schemas: what teaches an adapter that answers about anybody's cohort.

A prompt with told worths (:mod:`sensecf_core.language.prompts.fine_tuned`) can be answered from itself:
choose few of the told changes that add up to enough. So names, kinds, levels, numbers and worths are
invented, differently in every lesson, and there is no name that a model could follow instead of the rule. No
classifier and no row of any cohort takes part.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from sensecf_core.cohorts.encoding import to_value
from sensecf_core.cohorts.feature import Feature
from sensecf_core.cohorts.schema import Schema
from sensecf_core.counterfactuals.problem.search_space import SearchSpace
from sensecf_core.counterfactuals.proposers.tuned_prompt import GuidedPrompt, training_example
from sensecf_core.counterfactuals.search.answers import added_scores
from sensecf_core.counterfactuals.search.combinations import combinations
from sensecf_core.language.prompts.fine_tuned import SAFETY
from sensecf_core.language.prompts.sums_grammar import ENOUGH
from sensecf_core.language.training.batches import TrainingExample
from sensecf_core.queries.answer import Edits
from sensecf_core.queries.limits import Limits, Movable
from sensecf_core.queries.query import Factual, FeatureEffect, PromptHints, Query

MOST_ANSWERS, PER_FEATURE_SET = 12, 4
MOST_TOLD, MOST_CONTEXT = 6, 3
"""As in real prompts (:mod:`sensecf_core.counterfactuals.search.effects`)."""
_SYLLABLES = (
    "ab al an ar ba be bi bo ca ce co da de do dra el en er fa fi fo ga ge gi glu go ha he hy il in is ja "
    "jo ka ke ki la le lo lu ma me mi mo na ne no nu ol or pa pe ph pi po pro qua ra re ri ro sa se si so "
    "ta te ti to tri ul un ur va ve vi vo wa we xa ya ze zo "
)
PARTS = tuple(_SYLLABLES.split())
"""Syllables of names and levels."""
ENDINGS = (
    "",
    "",
    "",
    "_1",
    "_2",
    "_24h",
    "_avg",
    "_max",
    "_index",
    "_score",
    "_total",
    "_per_day",
    "3",
    "7b",
)
KINDS = ("continuous", "continuous", "integer", "integer", "binary", "ordinal", "categorical")


@dataclass(frozen=True)
class Lesson:
    """An invented schema, a query about it, what its prompt tells, and answers, the fewest changes first."""

    schema: Schema
    query: Query
    hints: PromptHints
    answers: tuple[Edits, ...]


def lessons(number: int, seed: int) -> Iterator[Lesson]:
    """Invent ``number`` lessons, one at a time; deterministic under the seed."""
    rng = np.random.default_rng(seed)
    for index in range(number):
        yield _lesson(rng, index)


def examples(tokenizer: Any, number: int, seed: int) -> list[TrainingExample]:
    """Write ``number`` lessons as prompts and answers."""
    return [
        training_example(
            GuidedPrompt(lesson.schema), tokenizer, lesson.query, lesson.hints, answers=lesson.answers
        )
        for lesson in lessons(number, seed)
    ]


def _lesson(rng: np.random.Generator, index: int) -> Lesson:
    told, context = int(rng.integers(1, MOST_TOLD + 1)), int(rng.integers(0, MOST_CONTEXT + 1))
    schema = _schema(rng, index, told + context)
    names = list(rng.permutation(schema.names))
    values = {name: _values(schema.feature(name), rng) for name in schema.names}
    desired = int(rng.integers(2))
    gap = float(np.exp(rng.uniform(np.log(0.02), np.log(3.0))))
    effects = _effects(schema, names[:told], values, gap, desired, rng=rng)
    query = Query(
        cohort=schema.name,
        participant_id=str(index),
        row_id="0",
        factual=Factual(
            features={name: to_value(schema.feature(name), codes[0]) for name, codes in values.items()},
            probability=float(rng.uniform(0.02, 0.98)),
            predicted=1 - desired,
        ),
        desired=desired,
        limits=Limits(profile="intervention", max_changes=int(rng.choice((1, 2, 3, 3, 3, 4)))),
        movable=tuple(Movable(feature=name, values=tuple(sorted(values[name][1:]))) for name in names[:told]),
    )
    hints = PromptHints(gap=gap, effects=effects, context=tuple(names[told:]))
    return Lesson(schema, query, hints, _answers(schema, query, hints, rng))


def _schema(rng: np.random.Generator, index: int, features: int) -> Schema:
    names: dict[str, None] = {}
    while len(names) < features:
        names["".join(rng.choice(PARTS, int(rng.integers(1, 5)))) + str(rng.choice(ENDINGS))] = None
    return Schema.model_validate(
        {
            "name": f"invented-{index}",
            "title": "",
            "task": {"target": "t", "question": "", "label": "risk", "class_1": "one", "class_0": "zero"},
            "provenance": {"title": "", "source": "", "licence": ""},
            "features": [_feature(name, rng) for name in names],
        }
    )


def _feature(name: str, rng: np.random.Generator) -> dict[str, Any]:
    kind = str(rng.choice(KINDS))
    feature: dict[str, Any] = {"name": name, "label": "", "kind": kind, "role": "behaviour"}
    if kind in ("ordinal", "categorical"):
        words: dict[str, None] = {}
        while len(words) < 4:
            words[" ".join("".join(rng.choice(PARTS, 2)) for _ in range(int(rng.integers(1, 3))))] = None
        return feature | {"levels": tuple(words)}
    if kind == "binary":
        return feature
    most = float(np.round(10 ** rng.uniform(0.5, 4.0)))
    decimals = 0 if kind == "integer" else int(rng.integers(1, 4))
    return feature | {"decimals": decimals, "valid": (0.0, most)}


def _values(feature: Feature, rng: np.random.Generator) -> tuple[float, ...]:
    """A factual's code and one or two others."""
    if feature.kind == "binary":
        now = float(rng.integers(2))
        return now, 1 - now
    others = int(rng.integers(1, 3))
    if feature.named:
        return tuple(float(code) for code in rng.permutation(len(feature.levels))[: 1 + others])
    assert feature.valid is not None
    low, high = feature.valid
    drawn: dict[float, None] = {}
    while len(drawn) < 1 + others:
        drawn[round(float(rng.uniform(low, high)), feature.decimals)] = None
    first, *rest = drawn
    return first, *sorted(rest, key=lambda value: abs(value - first))


def _effects(
    schema: Schema,
    names: Sequence[str],
    values: dict[str, tuple[float, ...]],
    gap: float,
    desired: int,
    *,
    rng: np.random.Generator,
) -> tuple[FeatureEffect, ...]:
    """Worths in log-odds, the most useful feature first; a nearer value is worth half as much or more."""
    whole = gap + SAFETY
    best = np.sort(whole * rng.uniform(0.3, 1.4) * rng.uniform(0.03, 1.0, len(names)))[::-1]
    sign = 1 if desired else -1
    found = []
    for name, gain in zip(names, best, strict=True):
        codes = values[name][1:]
        shares = (1.0,) if len(codes) == 1 else (float(rng.uniform(0.5, 0.95)), 1.0)
        found += [
            FeatureEffect(feature=name, value=code, log_odds=sign * float(gain) * share)
            for code, share in zip(codes, shares, strict=True)
        ]
    return tuple(found)


def _answers(schema: Schema, query: Query, hints: PromptHints, rng: np.random.Generator) -> tuple[Edits, ...]:
    """Few changes that are told to be enough, or the most that are told where nothing is."""
    space = SearchSpace.of(schema, query)
    rows = combinations(space, hints)
    added, least = added_scores(space, rows, hints)
    enough = added >= ENOUGH
    if enough.any():
        rows = rows[enough & (added - least < ENOUGH)]
    else:
        most = rows[added == added.max()]
        sizes = space.changed(most).sum(axis=1)
        rows = most[sizes == sizes.min()]
    changed = space.changed(rows)
    sets: Counter[bytes] = Counter()
    answers: list[Edits] = []
    for row in np.lexsort((rng.random(len(rows)), changed.sum(axis=1))):
        sets[changed[row].tobytes()] += 1
        if sets[changed[row].tobytes()] <= PER_FEATURE_SET and len(answers) < MOST_ANSWERS:
            answers.append({name: change.after for name, change in space.changes(rows[row]).items()})
    return tuple(answers)
