"""What somebody said about what may change, as plain values, and the text form of one wish.

A wish is written like ``bmi=27..30``, ``sugar=down`` or ``*changes=2`` (docs/wishes.md). Sentences for tests
and training use this form, and a language model answers in it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Literal, get_args

from sensecf_core.cohorts.feature import Feature
from sensecf_core.cohorts.schema import Profile, Schema
from sensecf_core.language.prompts.grammar import level_texts

WishKind = Literal["keep", "up", "down", "range", "by", "levels", "only", "changes", "goal", "risk", "limits"]
"""``keep``: stays. ``up``, ``down``: may only go that way from the person's value. ``range``: ends between.
``by``: moves by at most so much. ``levels``: one of these. ``only``: nothing else moves. The others are about
the whole request: at most so many changes, the goal, a risk out of 100, whose limits.
"""
PLAIN_KINDS: tuple[WishKind, ...] = ("keep", "up", "down", "only")
"""Kinds that are their own text: ``sugar=down``."""
GENERAL_KINDS: tuple[WishKind, ...] = ("changes", "goal", "risk", "limits")
"""Kinds about no feature: written ``*changes=2``."""
GOALS = ("cross", "lower")
SEPARATOR = "; "
MOST_CHANGES = 100
_NUMBER = r"-?\d+(?:\.\d+)?"
_RANGE = re.compile(rf"({_NUMBER})?\.\.({_NUMBER})?")


@dataclass(frozen=True)
class Wish:
    """One limit that somebody asked for; nothing of it is applied before it was confirmed.

    Attributes
    ----------
    kind : what it asks for (:data:`WishKind`).
    feature : the feature's name; empty for a wish about the whole request.
    low, high : the ends of a range in the feature's unit (None: open). ``high`` alone is the number of ``by``
        (in the unit), ``changes`` (how many) and ``risk`` (out of 100).
    choices : the levels, or the one goal or profile.
    words : the words of the sentence that it came from.
    """

    kind: WishKind
    feature: str = ""
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()
    words: str = ""

    @property
    def limit(self) -> Wish:
        """The same wish without where it came from: two that ask for the same are equal."""
        return replace(self, words="")

    def to_dict(self) -> dict[str, Any]:
        """The wish as JSON values."""
        return {
            "kind": self.kind,
            "feature": self.feature or None,
            "low": self.low,
            "high": self.high,
            "choices": list(self.choices),
            "words": self.words,
        }


@dataclass(frozen=True)
class Understood:
    """What was understood of a sentence, to be shown and confirmed.

    ``unread`` are its words that no wish came from, in order, without those that say nothing by themselves.
    ``reader`` says what read it: ``rules``, or a language model's name.
    """

    sentence: str
    wishes: tuple[Wish, ...]
    unread: tuple[str, ...]
    reader: str

    def to_dict(self) -> dict[str, Any]:
        """What was understood as JSON values."""
        return {
            "sentence": self.sentence,
            "reader": self.reader,
            "wishes": [wish.to_dict() for wish in self.wishes],
            "unread": list(self.unread),
        }


@lru_cache(maxsize=4096)
def choice_texts(feature: Feature) -> tuple[str, ...]:
    """One text per level: as in answers, but without double quotation marks, and never one of the kinds."""
    texts = [text.replace('"', "'") for text in level_texts(feature)]
    folded = [text.casefold() for text in texts]
    return tuple(
        f"{text}#{index}" if folded.count(folded[index]) > 1 or text.casefold() in PLAIN_KINDS else text
        for index, text in enumerate(texts)
    )


def write_wish(schema: Schema, wish: Wish) -> str:
    """Write a wish in its text form; raises ``KeyError`` for a feature that the schema has not."""
    if wish.kind in GENERAL_KINDS:
        return f"*{wish.kind}={wish.choices[0] if wish.choices else _number(wish.high)}"
    feature = schema.feature(wish.feature)
    if wish.kind in PLAIN_KINDS:
        value: str = wish.kind
    elif wish.kind == "range":
        value = f"{_number(wish.low)}..{_number(wish.high)}"
    elif wish.kind == "by":
        value = f"by {_number(wish.high)}"
    else:
        texts = choice_texts(feature)
        value = "|".join(texts[feature.levels.index(level)] for level in wish.choices)
    return f"{wish.feature}={value}"


def read_wishes(schema: Schema, text: str) -> tuple[Wish, ...]:
    """Read wishes in their text form, separated by ``;``; raises ``ValueError`` for what is none."""
    return tuple(read_wish(schema, part) for part in text.split(";") if part.strip())


def read_wish(schema: Schema, text: str) -> Wish:
    """Read one wish in its text form; raises ``ValueError`` for what no feature can have."""
    name, equals, value = (part.strip() for part in text.partition("="))
    if equals and name.startswith("*"):
        wish = _read_general(name[1:], value)
    elif equals and name in schema.positions:
        wish = _read_about(schema.feature(name), value)
    else:
        wish = None
    if wish is None:
        raise ValueError(f"{text.strip()!r} is no wish that `{schema.name}` can have")
    return wish


def _read_general(kind: str, value: str) -> Wish | None:
    if kind == "goal" and value in GOALS:
        return Wish("goal", choices=(value,))
    if kind == "limits" and value in get_args(Profile):
        return Wish("limits", choices=(value,))
    number = float(value) if re.fullmatch(_NUMBER, value) else math.nan
    if kind == "changes" and 1 <= number <= MOST_CHANGES and number.is_integer():
        return Wish("changes", high=number)
    return Wish("risk", high=number) if kind == "risk" and 0 < number < 100 else None


def _read_about(feature: Feature, value: str) -> Wish | None:
    for kind in PLAIN_KINDS:
        if value == kind and not (kind in ("up", "down") and feature.kind == "categorical"):
            return Wish(kind, feature.name)
    if feature.named:
        texts = [text.casefold() for text in choice_texts(feature)]
        wanted = [part.strip().casefold() for part in value.split("|")]
        if not set(wanted) <= set(texts):
            return None
        chosen = tuple(feature.levels[index] for index, text in enumerate(texts) if text in wanted)
        return Wish("levels", feature.name, choices=chosen)
    if value.startswith("by ") and re.fullmatch(_NUMBER, value[3:]) and float(value[3:]) > 0:
        return Wish("by", feature.name, high=float(value[3:]))
    if (match := _RANGE.fullmatch(value)) and any(match.groups()):
        low, high = (None if end is None else float(end) for end in match.groups())
        return Wish("range", feature.name, low=low, high=high)
    return None


def in_words(schema: Schema, wish: Wish) -> str:
    """A wish as one short line for people, like "Body mass index: 27 to 30 kg/m²"."""
    if wish.kind in GENERAL_KINDS:
        return _general_in_words(wish)
    feature = schema.feature(wish.feature)
    unit = f" {feature.unit}" if feature.unit else ""
    if wish.kind == "range":
        ends = {
            (True, True): f"{_number(wish.low)} to {_number(wish.high)}",
            (True, False): f"{_number(wish.low)} or more",
            (False, True): f"{_number(wish.high)} or less",
        }
        said = ends[wish.low is not None, wish.high is not None] + unit
    else:
        said = {
            "keep": "stays as it is",
            "up": "may only rise",
            "down": "may only fall",
            "only": "may move, and nothing else that is not named like this",
            "by": f"moves by at most {_number(wish.high)}{unit}",
            "levels": " or ".join(wish.choices),
        }[wish.kind]
    return f"{feature.label}: {said}"


def _general_in_words(wish: Wish) -> str:
    number = _number(wish.high)
    words = {
        "changes": f"At most {number} change{'' if number == '1' else 's'}",
        "risk": f"Reach a risk of {number} of 100",
        "goal": "The decision has to change" if "cross" in wish.choices else "As much less risk as there is",
        "limits": f"Limits: {' '.join(wish.choices)}",
    }
    return words[wish.kind]


def without_repeats(wishes: Iterable[Wish]) -> tuple[Wish, ...]:
    """The wishes in order, of several that ask for the same the first."""
    first: dict[Wish, Wish] = {}
    for wish in wishes:
        first.setdefault(wish.limit, wish)
    return tuple(first.values())


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.10g}"
