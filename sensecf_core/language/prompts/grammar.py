"""The text form of an answer, the grammar that enforces it, and its parser.

An answer is one line of edits in schema order, ``bmi=27.5; sugar=60; smoking=former``: feature names
as in the schema, numbers with exactly the feature's decimals, binary features as 0 or 1, levels by name. Of
the forms tried (JSON, ``name: value`` lines, this one) it needs the fewest tokens: the separator ``; ``
merges with the next name (``;`` + ``Ġsugar``), and ``=`` is one token.

A fine-tuned model adds scores and sums (:mod:`sensecf_core.language.prompts.fine_tuned`):
``bmi=27.5+6=6; sugar=60+4=10`` repeats each change's score from the prompt, followed by the sum so far
(:mod:`sensecf_core.language.prompts.sums_grammar`). The parser skips both.

The grammar (Lark text for llguidance) is built from a query: only features that may move, only values
they may take, each feature at most once, at most k of them. It does not contain cross-feature rules.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache

from sensecf_core.cohorts.encoding import Value, to_code
from sensecf_core.cohorts.feature import Feature
from sensecf_core.cohorts.schema import Schema
from sensecf_core.queries.answer import Edits
from sensecf_core.queries.limits import Movable

SEPARATOR = "; "
NAMED = ": "
"""Ends the names that an answer may begin with (``names_first``)."""
NUMBER = re.compile(r"[+-]?\d+(?:\.\d+)?")
YES_NO = {"yes": 1.0, "no": 0.0}
SCORE_AND_SUM = re.compile(r"[+-]\d+=-?\d+$")
LONGEST_SCORE_AND_SUM = "+198=-99"
OPEN, DONE = r"/[+-][0-9]{1,3}=[1-9][0-9]?/", r"/[+-][0-9]{1,3}=(0|-[1-9][0-9]?)/"
"""What a change brings and what is left, above 0 or not."""
BROUGHT, LEFT = re.compile(r"([+-]\d{1,3})=$"), re.compile(r"=(-?\d+)" + SEPARATOR)
MOST_LEFT = 99
"""The largest gap that is written, on either side of the line."""
EffectScores = Mapping[str, Mapping[str, int]]
"""Feature name → value text → its score in the prompt; values not listed score 0."""


def value_text(feature: Feature, code: float) -> str:
    """Write one code for answers and prompts: fixed decimals, 0 or 1, or the level's text."""
    if feature.named:
        return level_texts(feature)[int(code)]
    decimals = 0 if feature.kind in ("integer", "binary") else feature.decimals
    text = f"{code:.{decimals}f}"
    return text.removeprefix("-") if float(text) == 0 else text


@lru_cache(maxsize=4096)
def level_texts(feature: Feature) -> tuple[str, ...]:
    """One text per level: its name on one line without ``;``, with a number where that is not unique."""
    texts = [" ".join(level.replace(";", ",").split()) for level in feature.levels]
    folded = [text.casefold() for text in texts]
    return tuple(
        text if text and folded.count(text.casefold()) == 1 and "#" not in text else f"{text}#{index}"
        for index, text in enumerate(texts)
    )


def write_edits(
    schema: Schema, edits: Mapping[str, Value], order: Sequence[str] = (), scores: EffectScores | None = None
) -> str:
    """Write edits (feature name → new value) as an answer: features of ``order`` first, then schema order.

    With ``scores`` each edit is followed by its score and the sum so far. Raises ``KeyError`` for an unknown
    feature, ``ValueError`` for a value its feature cannot have and for ``None`` (nothing can be edited to
    "not measured").
    """
    parts = []
    total = 0
    for name in sorted(edits, key=_ranks(schema, order).__getitem__):
        feature = schema.feature(name)
        code = to_code(feature, edits[name])
        if not math.isfinite(code):
            raise ValueError(f"`{name}` cannot be edited to {edits[name]!r}")
        text = value_text(feature, code)
        if scores is not None:
            score = scores.get(name, {}).get(text, 0)
            total += score
            text = f"{text}{score:+d}={total}"
        parts.append(f"{name}={text}")
    return SEPARATOR.join(parts)


def read_edits(schema: Schema, text: str) -> Edits | None:
    """Parse an answer into edits in schema order; ``None`` if any part of it is unreadable.

    Strict about meaning: no unknown or repeated features, invalid numbers or unknown levels, and at least one
    edit. Tolerant of form: spaces, line breaks instead of ``;``, any order, upper case, and a unit or a score
    and sum after the value. Whether a value is *allowed* is checked elsewhere, where numbers are also rounded
    to the feature's decimals.
    """
    edits: Edits = {}
    for part in re.split(r"[;\n]", text):
        if not part.strip():
            continue
        name, equals, value_part = part.partition("=")
        name = name.strip().lower()
        if not equals or name not in schema.positions or name in edits:
            return None
        feature, written = schema.feature(name), " ".join(value_part.split())
        value = _read_value(feature, written)
        if value is None:
            value = _read_value(feature, SCORE_AND_SUM.sub("", written))
        if value is None:
            return None
        edits[name] = value
    return {name: edits[name] for name in schema.names if name in edits} or None


def _read_value(feature: Feature, text: str) -> Value:
    if feature.named:
        folded = [level.casefold() for level in level_texts(feature)]
        return feature.levels[folded.index(text.casefold())] if text.casefold() in folded else None
    if feature.kind == "binary" and text.lower() in YES_NO:
        return int(YES_NO[text.lower()])
    match = NUMBER.match(text)
    if not match or text[match.end() :].strip().casefold() not in ("", feature.unit.casefold()):
        return None
    number = float(match.group())
    if not math.isfinite(number):
        return None
    if feature.kind not in ("integer", "binary"):
        return number
    return int(number) if number.is_integer() else None


def edits_grammar(
    schema: Schema,
    movable: Sequence[Movable],
    max_changes: int,
    order: Sequence[str] = (),
    *,
    counts_down: bool = False,
    names_first: bool = False,
) -> str:
    """Build the Lark grammar (llguidance) of every answer with 1 to ``max_changes`` edits.

    Features of ``order`` come first in an answer, then the others in schema order. With ``counts_down`` every
    value is followed by what it brings and what is left, both for the model to find; an answer ends only
    where nothing is left, or no change. With ``names_first`` it begins with names of features that may move,
    ``bmi sugar: ``, which bind it to nothing. The grammar grows with features × changes + values: 20 features
    of 150 values build in milliseconds. Raises ``ValueError`` if nothing may move.
    """
    ranks = _ranks(schema, order)
    ordered = sorted((m for m in movable if m.values), key=lambda m: ranks[m.feature])
    most = min(max_changes, len(ordered))
    if most < 1:
        raise ValueError("a grammar needs at least one feature that may move and one change")
    rules = [f"start: n0_{most} {literal(NAMED)} e0_{most}" if names_first else f"start: e0_{most}"]
    for position, item in enumerate(ordered):
        head = f"{literal(item.feature + '=')} V{position}"
        last = position == len(ordered) - 1
        if names_first:
            rules += _subset_rules("n", position, literal(item.feature), " ", last=last, most=most)
        if counts_down:
            rules += _countdown_rules(position, head, last=last, most=most)
        else:
            rules += _subset_rules("e", position, head, SEPARATOR, last=last, most=most)
    for position, item in enumerate(ordered):
        texts = _value_texts(schema.feature(item.feature), item.values)
        rules.append(f"V{position}: {_terminal(texts)}")
    if counts_down:
        rules += [f"OPEN: {OPEN}", f"DONE: {DONE}"]
    return "\n".join(rules) + "\n"


def _subset_rules(
    letter: str, position: int, head: str, separator: str, *, last: bool, most: int
) -> list[str]:
    """Rules ``e<position>_<left>``: 1 to ``left`` edits of this feature (``head``) and the later ones."""
    rules = []
    for left in range(1, most + 1):
        choices = [head]
        if not last:
            if left > 1:
                choices.append(f"{head} {literal(separator)} {letter}{position + 1}_{left - 1}")
            choices.append(f"{letter}{position + 1}_{left}")
        rules.append(f"{letter}{position}_{left}: " + " | ".join(choices))
    return rules


def what_is_left(gap: int, text: str) -> int | None:
    """What is left of a gap where an answer that counts down is about to say it; None anywhere else."""
    brought = BROUGHT.search(text)
    if brought is None:
        return None
    before = LEFT.findall(text)
    left = (int(before[-1]) if before else gap) + int(brought[1])
    return max(-MOST_LEFT, min(MOST_LEFT, left))


def _countdown_rules(position: int, head: str, *, last: bool, most: int) -> list[str]:
    """The same rules where a change is followed by what it brings, and what is left decides about the end."""
    rules = []
    for left in range(1, most + 1):
        choices = [f"{head} DONE"]
        if last or left == 1:
            choices.append(f"{head} OPEN")
        if not last:
            if left > 1:
                choices.append(f"{head} (OPEN | DONE) {literal(SEPARATOR)} e{position + 1}_{left - 1}")
            choices.append(f"e{position + 1}_{left}")
        rules.append(f"e{position}_{left}: " + " | ".join(choices))
    return rules


def longest_answer(
    schema: Schema,
    movable: Sequence[Movable],
    max_changes: int,
    *,
    with_sums: bool = False,
    names_first: bool = False,
) -> str:
    """Return a text as long as the longest answer of the grammar (``with_sums``: with scores and sums).

    A model needs at most one token for each of its bytes, and one more to end.
    """
    longest = {
        item.feature: max(_value_texts(schema.feature(item.feature), item.values), key=_bytes)
        for item in movable
    }
    suffix = LONGEST_SCORE_AND_SUM if with_sums else ""
    parts = {name: f"{name}={text}{suffix}" for name, text in longest.items()}
    chosen = sorted(parts, key=lambda name: -_bytes(parts[name]))[: max(max_changes, 0)]
    names = " ".join(sorted(parts, key=_bytes)[-len(chosen) :]) + NAMED if names_first else ""
    return names + SEPARATOR.join(parts[name] for name in schema.names if name in chosen)


def _ranks(schema: Schema, order: Sequence[str]) -> dict[str, int]:
    """Rank of each feature in an answer's order."""
    names = dict.fromkeys((*order, *schema.names))
    return {name: rank for rank, name in enumerate(names)}


def _value_texts(feature: Feature, codes: Iterable[float]) -> list[str]:
    return list(dict.fromkeys(value_text(feature, code) for code in codes))


def _terminal(texts: list[str]) -> str:
    """One Lark terminal that matches any of ``texts``."""
    return " | ".join(literal(text) for text in texts)


def literal(text: str) -> str:
    """A text as a literal of a Lark grammar."""
    return json.dumps(text, ensure_ascii=False)


def _bytes(text: str) -> int:
    return len(text.encode())
