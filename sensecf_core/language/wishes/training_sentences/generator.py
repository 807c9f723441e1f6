"""Training sentences by rules: patterns filled with a schema's features, joined, padded and mistyped.

Split by pattern *and* schema: sentences of the part ``test`` share neither with those of the part ``train``.
``val`` is the slice of ``train`` that no adapter learns from (:mod:`.lessons`): settings are chosen on it.
"""

from __future__ import annotations

import random
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, Literal

from sensecf_core.cohorts import builtin
from sensecf_core.cohorts.feature import Feature
from sensecf_core.cohorts.schema import Schema
from sensecf_core.language.wishes.sentences import Sentence
from sensecf_core.language.wishes.training_sentences.invented import invented_schemas
from sensecf_core.language.wishes.wish import Wish, WishKind
from sensecf_core.language.wishes.words import ONES

SplitPart = Literal["train", "val", "test"]
PARTS: tuple[SplitPart, ...] = ("train", "val", "test")
EVERY = 4
"""One pattern of so many, and one schema of so many, is never trained on."""
HELD_BACK_EVERY, HELD_BACK_FIRST = 6, 2
"""Of the patterns of ``train``, the third and every sixth after it are of ``val`` too; of its schemas, the
last but one.
"""
TYPO_SHARE, POLITE_SHARE, WORD_SHARE, UNIT_SHARE = 0.12, 0.2, 0.4, 0.25
_PEOPLE = (
    {"who": "she", "her": "her", "her_object": "her", "herself": "herself"},
    {"who": "he", "her": "his", "her_object": "him", "herself": "himself"},
    {"who": "the patient", "her": "the", "her_object": "the patient", "herself": "alone"},
)
_VERBS = (
    "is|has|does|goes|wants|needs|likes|loves|agrees|depends|insists|refuses|gives|takes|lives|works|enjoys|"
    "looks|speaks|nods|swears|overdoes|sleeps|retires|knows"
)
_WEIGHTS = (
    {"keep": 14, "keep_two": 5, "down": 12, "up": 12, "at_least": 7, "at_most": 7, "between": 5, "by": 3}
    | {"down_by": 3, "up_by": 3, "levels": 2, "level": 2, "only": 5, "only_two": 4, "all_but": 3}
    | {"changes": 5, "goal_lower": 2, "goal_cross": 2, "risk": 4, "behaviour": 3, "contrast": 1}
    | {"facts": 5, "foreign": 8, "chat": 3}
)
"""How often each kind of pattern is drawn."""
_ALONE = frozenset({"only", "only_two", "all_but", "behaviour", "contrast", "chat"})
"""Kinds that stand alone in a sentence: beside others they would contradict them, or mean something else."""
_GENERAL = {
    "goal_lower": Wish("goal", choices=("lower",)),
    "goal_cross": Wish("goal", choices=("cross",)),
    "behaviour": Wish("limits", choices=("behaviour",)),
    "contrast": Wish("limits", choices=("contrast",)),
}
_NUMBER_WORDS = ONES[:13]
"""Up to twelve; larger numbers are seldom written out."""
_OTHER_UNITS = {
    "min": ("hours", 60.0),
    "h": ("minutes", 1 / 60),
    "g": ("mg", 0.001),
    "L": ("ml", 0.001),
    "kg": ("pounds", 0.453592),
}
"""A schema's unit → another that people say, and how many of the former it is."""


@dataclass(frozen=True)
class Material:
    """What sentences are made of.

    Attributes
    ----------
    patterns : by kind.
    aliens : names of what no schema knows.
    people : who is spoken of, as the patterns' words for them.
    joints : what stands between two clauses.
    lengths : weights of sentences of one clause, of two, and so on.
    capitals : share of sentences that begin with a capital letter.
    """

    patterns: Mapping[str, Sequence[str]]
    aliens: Sequence[str]
    people: Sequence[dict[str, str]] = _PEOPLE
    joints: Sequence[str] = ()
    lengths: Sequence[int] = (5, 4, 2)
    capitals: float = 0.0


@dataclass(frozen=True)
class _Clause:
    """One filled pattern: its text, the wishes in it (with their words), and words that mean nothing here."""

    kind: str
    text: str
    wishes: tuple[Wish, ...] = ()
    unread: tuple[str, ...] = ()
    features: tuple[str, ...] = ()


@cache
def _file() -> dict[str, Any]:
    return tomllib.loads((Path(__file__).parent / "patterns.toml").read_text("utf-8"))


def patterns(part: SplitPart) -> dict[str, tuple[str, ...]]:
    """The patterns of a part by kind; ``train`` and ``test`` share none."""
    of_part = {
        kind: tuple(text for place, text in enumerate(texts) if (place % EVERY == 0) == (part == "test"))
        for kind, texts in _file().items()
        if kind != "words"
    }
    if part != "val":
        return of_part
    return {kind: texts[HELD_BACK_FIRST::HELD_BACK_EVERY] for kind, texts in of_part.items()}


def schemas(part: SplitPart) -> tuple[Schema, ...]:
    """The schemas of a part; ``train`` and ``test`` share none."""
    every = (*(builtin.read_schema(name) for name in builtin.NAMES), *invented_schemas())
    of_part = tuple(
        schema for place, schema in enumerate(every) if (place % EVERY == EVERY - 1) == (part == "test")
    )
    return of_part[-2:-1] if part == "val" else of_part


def generate(part: SplitPart, count: int, *, seed: int) -> list[Sentence]:
    """Make ``count`` sentences of a part; the same seed makes the same ones."""
    rng = random.Random(f"{part} {seed}")
    words, choices = _file()["words"], schemas(part)
    material = Material(patterns(part), words["aliens"], joints=words["joints"])
    return [sentence(rng, rng.choice(choices), material) for _ in range(count)]


def sentence(rng: random.Random, schema: Schema, material: Material) -> Sentence:
    """Make one sentence about a schema's features."""
    person = rng.choice(material.people)
    clauses: list[_Clause] = []
    wanted = rng.choices(range(1, len(material.lengths) + 1), material.lengths)[0]
    for _ in range(20):
        if len(clauses) == wanted:
            break
        kind = rng.choices(list(_WEIGHTS), list(_WEIGHTS.values()))[0]
        pattern = rng.choice(material.patterns[kind])
        if kind == "foreign":
            clause: _Clause | None = _about_nothing(pattern, rng.choice(material.aliens), person)
        else:
            clause = _clause(rng, schema, kind, pattern, person)
        if clause is not None and _fits(clause, clauses):
            clauses.append(_agreeing(clause))
            if kind in _ALONE:
                break
    clauses = [_mistyped(rng, clause) if rng.random() < TYPO_SHARE else clause for clause in clauses]
    text, clauses = _joined(rng, clauses, material)
    return Sentence(
        text=text,
        schema=schema,
        meant=tuple(wish for clause in clauses for wish in clause.wishes),
        kinds=tuple(dict.fromkeys(clause.kind for clause in clauses)),
        unread=tuple(word for clause in clauses for word in clause.unread),
        clauses=tuple((clause.text, clause.wishes) for clause in clauses),
    )


def _fits(clause: _Clause, earlier: Sequence[_Clause]) -> bool:
    """Whether a clause neither contradicts an earlier one nor changes what it means."""
    if not earlier:
        return True
    if clause.kind in _ALONE:
        return False
    named = {name for other in earlier for name in other.features}
    general = {
        wish.kind if wish.kind != "risk" else "goal" for c in earlier for wish in c.wishes if not wish.feature
    }
    own = {wish.kind if wish.kind != "risk" else "goal" for wish in clause.wishes if not wish.feature}
    return not named & set(clause.features) and not general & own


def _clause(
    rng: random.Random, schema: Schema, kind: str, pattern: str, person: dict[str, str]
) -> _Clause | None:
    """Fill a pattern; None where the schema has no feature for it."""
    if kind in ("facts", "chat"):
        return _Clause(kind, pattern.format(**person))
    if kind in _GENERAL:
        text = pattern.format(**person)
        return _Clause(kind, text, (replace(_GENERAL[kind], words=text),))
    if kind == "changes":
        count = rng.randint(1, 5)
        text = pattern.format(count=_spoken(rng, count), **person)
        return _Clause(kind, text, (Wish("changes", high=float(count), words=text),))
    if kind == "risk":
        percent = rng.randrange(5, 80, 5)
        text = pattern.format(
            percent=rng.choice((f"{percent} %", f"{percent} percent", f"{percent} out of 100")), **person
        )
        return _Clause(kind, text, (Wish("risk", high=float(percent), words=text),))
    return _about(rng, schema, kind, pattern, person)


def _about_nothing(pattern: str, alien: str, person: dict[str, str]) -> _Clause:
    return _Clause("foreign", pattern.format(alien=alien, **person), unread=tuple(alien.split()))


def _about(
    rng: random.Random, schema: Schema, kind: str, pattern: str, person: dict[str, str]
) -> _Clause | None:
    movable = [f for f in schema.features if f.role != "context"]
    if kind in ("at_least", "at_most", "between", "by", "down_by", "up_by"):
        movable = [f for f in movable if not f.named and f.kind != "binary"]
    elif kind in ("down", "up"):
        movable = [f for f in movable if f.kind != "categorical"]
    elif kind in ("levels", "level"):
        movable = [f for f in movable if f.named and len(f.levels) > 2]
    count = 2 if "{g}" in pattern else 1
    if len(movable) < count:
        return None
    features = rng.sample(movable, count)
    slots: dict[str, str] = dict(person)
    names = {slot: spoken_name(rng, feature, schema) for slot, feature in zip("fg", features, strict=False)}
    slots |= names
    wishes = _filled(rng, kind, features, slots)
    text = re.sub(r"\bthe the\b", "the", pattern.format(**slots))
    words = tuple(replace(wish, words=text) for wish in wishes)
    return _Clause(kind, text, words, features=tuple(feature.name for feature in features))


def _filled(rng: random.Random, kind: str, features: Sequence[Feature], slots: dict[str, str]) -> list[Wish]:
    """The wishes of a pattern about features; the numbers and levels drawn for it are added to ``slots``."""
    name, feature = features[0].name, features[0]
    if kind in ("levels", "level"):
        chosen = sorted(rng.sample(range(len(feature.levels)), 2 if kind == "levels" else 1))
        levels = tuple(feature.levels[index] for index in chosen)
        slots |= {"level": levels[0], "other": levels[-1]}
        return [Wish("levels", name, choices=levels)]
    plain: dict[str, WishKind] = {"keep_two": "keep", "only_two": "only", "all_but": "keep"}
    simple: WishKind | None = plain.get(kind)
    if simple is None and kind in ("keep", "up", "down", "only"):
        simple = kind  # type: ignore[assignment]
    if simple is not None:
        return [Wish(simple, entry.name) for entry in features]
    low, high = _drawn(rng, feature)
    if kind == "between":
        slots["low"] = f"{low:g}"
        slots["high"] = f"{high:g} {feature.unit}".strip() if rng.random() < 0.5 else f"{high:g}"
        return [Wish("range", name, low=low, high=high)]
    value = low if kind in ("at_least", "at_most") else high - low
    slots["n"] = _with_unit(rng, feature, value)
    if kind == "at_least":
        return [Wish("range", name, low=value)]
    if kind == "at_most":
        return [Wish("range", name, high=value)]
    way: list[WishKind] = {"down_by": ["down"], "up_by": ["up"]}.get(kind, [])  # type: ignore[assignment]
    return [*(Wish(direction, name) for direction in way), Wish("by", name, high=value)]


def _drawn(rng: random.Random, feature: Feature) -> tuple[float, float]:
    """Two different values of a feature on its grid, the lower first."""
    low, high = feature.suggest or feature.valid or (0.0, 1.0)
    first, last = int(low / feature.grid) + 1, max(int(high / feature.grid), int(low / feature.grid) + 2)
    chosen = sorted(rng.sample(range(first, last + 1), 2))
    return round(chosen[0] * feature.grid, 6), round(chosen[1] * feature.grid, 6)


def _with_unit(rng: random.Random, feature: Feature, value: float) -> str:
    """A number as somebody says it: bare, in words, with the unit, or in another unit."""
    base = feature.unit.partition("/")[0]
    other = _OTHER_UNITS.get(base)
    if other and "mg/dL" not in feature.unit and rng.random() < UNIT_SHARE:
        converted = value / other[1]
        if abs(converted * 4 - round(converted * 4)) < 1e-6 and converted < 100_000:
            return f"{converted:.10g} {other[0]}"
    unit = feature.unit if rng.random() < 0.3 else base
    bare = rng.random() < 0.4 or not base or not base[0].isalpha()
    return _spoken(rng, value) if bare else f"{_spoken(rng, value)} {unit}"


def _spoken(rng: random.Random, value: float) -> str:
    small = value == int(value) and 0 <= value < len(_NUMBER_WORDS)
    return _NUMBER_WORDS[int(value)] if small and rng.random() < WORD_SHARE else f"{value:.10g}"


def spoken_name(rng: random.Random, feature: Feature, schema: Schema) -> str:
    """One of the names that somebody might say for a feature: label, synonym of its own, or initials."""
    label = re.sub(r"\s*\([^)]*\)", "", feature.label)
    label = label if re.match(r"[A-Z]{2}|[A-Z]\w*[A-Z]", label) else label[0].lower() + label[1:]
    others = {word for other in schema.features if other is not feature for word in other.synonyms}
    names = [label, label, *(word for word in feature.synonyms if word not in others)]
    words = label.split()
    if len(words) > 2 and all(word.isalpha() for word in words):
        names.append("".join(word[0] for word in words).upper())
    return rng.choice(names)


def _mistyped(rng: random.Random, clause: _Clause) -> _Clause:
    """One longer word of a clause with a letter left out, doubled or swapped with its neighbour."""
    places = list(re.finditer(r"[a-z]{6,}", clause.text))
    if not places or clause.unread:
        return clause
    match = rng.choice(places)
    word, place = match.group(), rng.randrange(1, len(match.group()) - 2)
    slip = rng.choice(("left out", "doubled", "swapped"))
    if slip == "left out":
        typed = word[:place] + word[place + 1 :]
    elif slip == "doubled":
        typed = word[:place] + word[place] + word[place:]
    else:
        typed = word[:place] + word[place + 1] + word[place] + word[place + 2 :]
    return _reworded(clause, clause.text[: match.start()] + typed + clause.text[match.end() :])


def _reworded(clause: _Clause, text: str) -> _Clause:
    return replace(clause, text=text, wishes=tuple(replace(wish, words=text) for wish in clause.wishes))


def _agreeing(clause: _Clause) -> _Clause:
    """The clause with verbs that go with I, you and they; the patterns have those of he and she."""

    def agreed(match: re.Match[str]) -> str:
        who, verb = match.groups()
        irregular = {"is": "am" if who == "I" else "are", "has": "have", "does": "do", "goes": "go"}
        return f"{who} {irregular.get(verb, verb.removesuffix('s'))}"

    return _reworded(clause, re.sub(rf"\b(I|you|they) ({_VERBS})\b", agreed, clause.text))


def _joined(rng: random.Random, clauses: Sequence[_Clause], material: Material) -> tuple[str, list[_Clause]]:
    """Join clauses to a sentence; returned with the clauses as they stand in it."""
    words = _file()["words"]
    between = ["", *(rng.choice(material.joints) for _ in clauses[1:])]
    if rng.random() < POLITE_SHARE:
        between[0] = f"{rng.choice(words['polite_before'])} "
    after = f", {rng.choice(words['polite_after'])}" if rng.random() < POLITE_SHARE else ""
    after += rng.choice(("", ".", "."))
    written = list(clauses)
    if material.capitals and rng.random() < material.capitals:
        between[0] = between[0][:1].upper() + between[0][1:]
        for place, joint in enumerate(between):
            if not joint or joint.endswith(". "):
                text = written[place].text
                written[place] = _reworded(written[place], text[:1].upper() + text[1:])
    pieces = (joint + clause.text for joint, clause in zip(between, written, strict=True))
    return "".join(pieces) + after, written
