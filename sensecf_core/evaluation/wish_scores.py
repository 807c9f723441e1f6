"""How well a reader of wishes understands sentences whose meaning is known (docs/wishes.md, "Measures")."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sensecf_core import provenance
from sensecf_core.cohorts import builtin
from sensecf_core.cohorts.schema import Profile, Schema
from sensecf_core.evaluation.metrics.statistics import mean_interval, paired_difference
from sensecf_core.json_safe import read_file
from sensecf_core.language.wishes.sentences import Sentence
from sensecf_core.language.wishes.wish import Understood, Wish, write_wish
from sensecf_core.paths import COMMITTED_RESULTS
from sensecf_core.types import Json

NARROWS: tuple[str, ...] = ("up", "down", "range", "by", "levels", "only")
"""Kinds that say of a feature that it may move."""
MEASURES = ("exact", "wrong", "added", "missed", "told")


@dataclass(frozen=True)
class Score:
    """What a reading of one sentence is worth.

    Attributes
    ----------
    exact : it has exactly the limits that were meant.
    wrong : it freezes what was not to be frozen, or lets move what was to stay.
    added, missed : it has a wish that was not meant; it lacks one that was.
    told : words about nothing in the schema are reported; None where there are none.
    """

    sentence: Sentence
    understood: Understood
    exact: bool
    wrong: bool
    added: bool
    missed: bool
    told: bool | None


def score(sentence: Sentence, understood: Understood) -> Score:
    """Compare a reading with what was meant; with two good readings the one that fits better counts."""
    readings = [sentence.meant, *([] if sentence.other is None else [sentence.other])]
    compared = [_compare(sentence.schema, understood.wishes, meant) for meant in readings]
    added, missed, wrong = min(compared)
    words = {word.casefold().removesuffix("'s") for word in understood.unread}
    told = all(word.casefold() in words for word in sentence.unread) if sentence.unread else None
    return Score(sentence, understood, not (added or missed), wrong, added, missed, told)


def _compare(schema: Schema, read: Sequence[Wish], meant: Sequence[Wish]) -> tuple[bool, bool, bool]:
    """Whether a reading adds, misses, and freezes or frees what was not said."""
    found, wanted = _normal(schema, read), _normal(schema, meant)
    added = any(not any(_same(schema, wish, other) for other in wanted) for wish in found)
    missed = any(not any(_same(schema, wish, other) for other in found) for wish in wanted)
    frozen, to_freeze = _frozen(schema, found), _frozen(schema, wanted)
    moved = {wish.feature for wish in found if wish.kind in NARROWS}
    to_move = {wish.feature for wish in wanted if wish.kind in NARROWS}
    wrong = bool(frozen - to_freeze or (moved & to_freeze) - to_move)
    return added, missed, wrong


def _normal(schema: Schema, wishes: Sequence[Wish]) -> set[Wish]:
    """Wishes without their words; a way that the schema bars is the same as staying."""
    asked = [wish.choices[0] for wish in wishes if wish.kind == "limits"]
    profile: Profile | str = asked[0] if asked else schema.default_limits
    result = set()
    for wish in wishes:
        barred = (
            wish.kind in ("up", "down")
            and profile != "contrast"
            and schema.feature(wish.feature).direction not in ("any", wish.kind)
        )
        result.add(Wish("keep", wish.feature) if barred else wish.limit)
    return result


def _frozen(schema: Schema, wishes: set[Wish]) -> set[str]:
    """Features that the wishes leave no way to go."""
    only = {wish.feature for wish in wishes if wish.kind == "only"}
    rest = (
        {feature.name for feature in schema.features if feature.role != "context"} - only if only else set()
    )
    return rest | {wish.feature for wish in wishes if wish.kind == "keep"}


def _same(schema: Schema, one: Wish, other: Wish) -> bool:
    """Whether two wishes ask for the same; numbers may differ by half a step or half a percent."""
    if (one.kind, one.feature, one.choices) != (other.kind, other.feature, other.choices):
        return False
    step = schema.feature(one.feature).grid / 2 if one.feature else 0.0
    return all(_near(a, b, step) for a, b in ((one.low, other.low), (one.high, other.high)))


def _near(a: float | None, b: float | None, step: float) -> bool:
    if a is None or b is None:
        return a is b
    return abs(a - b) <= max(step, 0.005 * abs(b)) + 1e-9


def measure(sentences: Sequence[Sentence], read: Sequence[Understood], name: str, *, seed: int = 0) -> Json:
    """Summarise readings: overall, by schema and by kind, with bootstrap 95 % intervals."""
    scores = [score(*pair) for pair in zip(sentences, read, strict=True)]
    kinds = dict.fromkeys(kind for sentence in sentences for kind in sentence.kinds)
    schemas = dict.fromkeys(sentence.schema.name for sentence in sentences)
    shipped = [entry for entry in scores if entry.sentence.schema.name in builtin.NAMES]
    unseen = [entry for entry in scores if entry.sentence.schema.name not in builtin.NAMES]
    return {
        "reader": name,
        "sentences": len(scores),
        "seed": seed,
        "all": _summary(scores, seed),
        "shipped": _summary(shipped, seed),
        "unseen": _summary(unseen, seed),
        "schemas": {
            schema: _summary([s for s in scores if s.sentence.schema.name == schema], seed)
            for schema in schemas
        },
        "kinds": {kind: _summary([s for s in scores if kind in s.sentence.kinds], seed) for kind in kinds},
        "provenance": {
            "command": provenance.command(),
            "commit": provenance.commit(),
            "versions": provenance.versions(),
            "sha256": {"sentences": _sha256(sentences)},
        },
    }


def exact_over(
    sentences: Sequence[Sentence], ours: Sequence[Understood], theirs: Sequence[Understood], *, seed: int = 0
) -> Json:
    """How much larger the exact share of one reader is than another's, paired by sentence."""
    exact = [
        np.array([float(score(*pair).exact) for pair in zip(sentences, read, strict=True)])
        for read in (ours, theirs)
    ]
    return paired_difference(*exact, seed=seed).as_json()


def committed(name: str) -> Json | None:
    """The committed figures of a reader (``results/wishes``); None where they are not there."""
    file = COMMITTED_RESULTS / "wishes" / f"{name}.json"
    return dict(read_file(file)) if file.is_file() else None


def _sha256(sentences: Sequence[Sentence]) -> str:
    """Hash of what is said, and of what is meant by it."""
    lines = [
        [entry.schema.name, entry.text, *(write_wish(entry.schema, wish) for wish in entry.meant)]
        for entry in sentences
    ]
    return hashlib.sha256(json.dumps(lines).encode()).hexdigest()


def _summary(scores: Sequence[Score], seed: int) -> Json:
    """Each measure as a share of the sentences on which it is defined."""
    columns = {name: [getattr(entry, name) for entry in scores] for name in MEASURES}
    arrays = {
        name: np.array([np.nan if value is None else float(value) for value in values])
        for name, values in columns.items()
    }
    return {name: mean_interval(values, seed=seed).as_json() for name, values in arrays.items()}


def misread(sentences: Sequence[Sentence], read: Sequence[Understood]) -> list[Json]:
    """The sentences that are not read exactly, with what was meant and what was read."""
    found = []
    for sentence, understood in zip(sentences, read, strict=True):
        result = score(sentence, understood)
        if not result.exact or result.told is False:
            found.append(
                {
                    "schema": sentence.schema.name,
                    "text": sentence.text,
                    "meant": [write_wish(sentence.schema, wish) for wish in sentence.meant],
                    "read": [write_wish(sentence.schema, wish) for wish in result.understood.wishes],
                    "unread": list(result.understood.unread),
                }
            )
    return found
