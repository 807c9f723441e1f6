"""The answer of a language model that reads wishes: its text form, the grammar that holds it, the prompt.

An answer lists wishes (:func:`~sensecf_core.language.wishes.wish.write_wish`), each with the words that it
came from: ``sugar=down "eat less sugar"; *changes=2 "at most two"``, or ``nothing``. The grammar (Lark text
for llguidance) takes names, levels and decimals from the schema, and quotations from the sentence, so that an
answer can neither name what the schema does not know nor cite what was not said.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence

from sensecf_core.cohorts.schema import Feature, Schema
from sensecf_core.language.wishes.vocabulary import unexplained
from sensecf_core.language.wishes.wish import (
    SEPARATOR,
    Understood,
    Wish,
    choice_texts,
    read_wish,
    without_repeats,
    write_wish,
)

NOTHING = "nothing"
MOST_WISHES = 12
"""An answer lists at most so many wishes."""
_ITEM = re.compile(r'\s*([^";]+?)\s*"([^"]*)"\s*(?:;|$)')


def prompt(schema: Schema, sentence: str) -> str:
    """What the model is told: the features by name and label, and the sentence. No row, no person."""
    lines = [_described(feature) for feature in schema.features]
    return "\n".join(["Features:", *lines, f"Said: {spoken(sentence)}", "Wishes:"])


def _described(feature: Feature) -> str:
    label = feature.label + (f", {feature.unit}" if feature.unit else "")
    levels = f": {'|'.join(choice_texts(feature))}" if feature.named else ""
    also = f" ({', '.join(feature.synonyms)})" if feature.synonyms else ""
    return f"{feature.name} = {label}{also}{levels}"


def spoken(sentence: str) -> str:
    """The sentence on one line, with single quotation marks, so that it can be cited in double ones."""
    return " ".join(sentence.replace('"', "'").split())


def write_answer(schema: Schema, wishes: Iterable[Wish]) -> str:
    """Write wishes, each of which has its words, as an answer."""
    return SEPARATOR.join(f'{write_wish(schema, wish)} "{spoken(wish.words)}"' for wish in wishes) or NOTHING


def read_answer(schema: Schema, sentence: str, text: str, reader: str) -> Understood | None:
    """Read an answer about a sentence; None where it is none.

    Tolerant of spaces, strict about meaning: a wish that the schema cannot have, or words that were not said,
    make the whole answer unreadable.
    """
    said = spoken(sentence)
    if text.strip() == NOTHING:
        return Understood(sentence, (), unexplained(said, ()), reader)
    wishes: list[Wish] = []
    position = 0
    while match := _ITEM.match(text, position):
        written, words = match.groups()
        if not words.strip() or words.strip() not in said:
            return None
        try:
            wish = read_wish(schema, written)
        except ValueError:
            return None
        wishes.append(Wish(wish.kind, wish.feature, wish.low, wish.high, wish.choices, words.strip()))
        position = match.end()
    if not wishes or text[position:].strip():
        return None
    quoted = [wish.words for wish in wishes]
    return Understood(sentence, without_repeats(wishes), unexplained(said, quoted), reader)


def wishes_grammar(schema: Schema, sentence: str) -> str:
    """Build the Lark grammar (llguidance) of every answer about a sentence."""
    more = f"({_literal(SEPARATOR)} item){{0,{MOST_WISHES - 1}}}"
    rules = [
        f"start: {_literal(NOTHING)} | item {more}",
        'item: wish " \\"" words "\\""',
        f'words: %regex {{"substring_words": {_literal(spoken(sentence))}}}',
        f"wish: general | {' | '.join(f'f{position}' for position in range(len(schema.features)))}",
        'general: "*changes=" /[1-9][0-9]?/ | "*risk=" /[1-9][0-9]?(\\.[0-9])?/'
        ' | "*goal=" ("cross" | "lower") | "*limits=" ("behaviour" | "intervention" | "contrast")',
    ]
    for position, feature in enumerate(schema.features):
        rules += _feature_rules(position, feature)
    return "\n".join(rules) + "\n"


def _feature_rules(position: int, feature: Feature) -> list[str]:
    plain = ["keep", "only"] if feature.kind == "categorical" else ["keep", "up", "down", "only"]
    values = [_literal(kind) for kind in plain]
    rules: list[str] = []
    if feature.named:
        values.append(f"l{position}_0")
        rules = _level_rules(position, choice_texts(feature))
    elif feature.kind != "binary":
        values += [f'"by " P{position}', f"R{position}"]
        minus = "-?" if feature.valid is not None and feature.valid[0] < 0 else ""
        whole = "[1-9][0-9]{0,5}"
        decimals = rf"(\.[0-9]{{1,{feature.decimals}}})?" if feature.decimals else ""
        number = rf"{minus}(0|{whole}){decimals}"
        # A range is one terminal: llguidance reads "6." as a number that goes on, and never goes back.
        rules = [
            rf"R{position}: /{number}\.\.({number})?|\.\.{number}/",
            f"P{position}: /{whole}{decimals}/{_below_one(feature.decimals)}",
        ]
    return [f"f{position}: {_literal(feature.name + '=')} ({' | '.join(values)})", *rules]


def _below_one(decimals: int) -> str:
    """Numbers above 0 and below 1, which "by" may be too."""
    zeros = [rf"/0\.{'0' * count}[1-9][0-9]{{0,{decimals - count - 1}}}/" for count in range(decimals)]
    return "".join(f" | {text}" for text in zeros)


def _level_rules(position: int, texts: Sequence[str]) -> list[str]:
    """Rules ``l<position>_<first>``: one or more of the levels from the first one on, in order."""
    rules = []
    for first, text in enumerate(texts):
        last = first == len(texts) - 1
        after = "" if last else f' ("|" l{position}_{first + 1})? | l{position}_{first + 1}'
        rules.append(f"l{position}_{first}: {_literal(text)}{after}")
    return rules


def _literal(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
