"""The answer of a language model that reads wishes: its text form, the grammar that holds it, the prompt.

An answer quotes the sentence piece by piece, and writes after each piece what it asks for
(:func:`~sensecf_core.language.wishes.wish.write_wish`): ``"eat less salt and sugar" salt=down; sugar=down;
"she is tired" nothing; "at most two" *changes=2``. The grammar (Lark text for llguidance) takes names, levels
and decimals from the schema, and quotations from the sentence, so that an answer can neither name what the
schema does not know nor cite what was not said.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from sensecf_core.cohorts.feature import Feature
from sensecf_core.cohorts.schema import Schema
from sensecf_core.language.prompts.plain import Prompt
from sensecf_core.language.wishes.vocabulary import unexplained
from sensecf_core.language.wishes.wish import (
    SEPARATOR,
    Understood,
    Wish,
    choice_texts,
    read_wishes,
    without_repeats,
    write_wish,
)

NOTHING = "nothing"
MOST_PIECES, MOST_OF_A_PIECE = 12, 6
"""Pieces that an answer quotes at most, and wishes of one piece."""
MOST_TOKENS = 256
"""An answer that is longer is cut off, and then cannot be read."""
SYSTEM = "Quote what is said in pieces. After each, write what it wishes of these features, or nothing."
_QUOTED = re.compile(r'\s*"([^"]*)"([^"]*)')


def prompt(schema: Schema, sentence: str) -> Prompt:
    """What the model is told: the features by name and label, and the sentence. No row, no person.

    The system text is the same for every sentence about a schema.
    """
    features = (described(feature) for feature in schema.features)
    return Prompt("\n".join([SYSTEM, *features]), f"Said: {spoken(sentence)}")


def described(feature: Feature) -> str:
    """One line that says what a feature is called, its unit and its levels."""
    label = feature.label + (f", {feature.unit}" if feature.unit else "")
    levels = f": {'|'.join(choice_texts(feature))}" if feature.named else ""
    also = f" ({', '.join(feature.synonyms)})" if feature.synonyms else ""
    return f"{feature.name} = {label}{also}{levels}"


def spoken(sentence: str) -> str:
    """The sentence on one line, with single quotation marks, so that it can be cited in double ones."""
    return " ".join(sentence.replace('"', "'").split())


def write_answer(schema: Schema, pieces: Iterable[tuple[str, Sequence[Wish]]]) -> str:
    """Write pieces of a sentence, each with the wishes in it, as an answer."""
    written = (
        f'"{spoken(words)}" {SEPARATOR.join(write_wish(schema, wish) for wish in wishes) or NOTHING}'
        for words, wishes in pieces
    )
    return SEPARATOR.join(written)


def read_answer(schema: Schema, sentence: str, text: str, reader: str) -> Understood | None:
    """Read an answer about a sentence; None where it is none.

    Tolerant of spaces, strict about meaning: a wish that the schema cannot have, or words that were not said,
    make the whole answer unreadable.
    """
    said = spoken(sentence)
    wishes: list[Wish] = []
    position = 0
    while match := _QUOTED.match(text, position):
        words, written = match.group(1).strip(), match.group(2).strip().removesuffix(";")
        position = match.end()
        if not words and written.strip() == NOTHING:
            continue
        if not words or words not in said:
            return None
        try:
            found = () if written.strip() == NOTHING else read_wishes(schema, written)
        except ValueError:
            return None
        if not found and written.strip() != NOTHING:
            return None
        wishes += [replace(wish, words=words) for wish in found]
    if not position or text[position:].strip():
        return None
    quoted = [wish.words for wish in wishes]
    return Understood(sentence, without_repeats(wishes), unexplained(said, quoted), reader)


def nothing_understood(sentence: str, reader: str) -> Understood:
    """What is understood of an answer that cannot be read."""
    return Understood(sentence, (), unexplained(sentence, ()), reader)


def wishes_grammar(schema: Schema, sentence: str) -> str:
    """Build the Lark grammar (llguidance) of every answer about a sentence."""
    next_one = _literal(SEPARATOR)
    wishes = f"wish ({next_one} wish){{0,{MOST_OF_A_PIECE - 1}}}"
    rules = [
        f"start: piece ({next_one} piece){{0,{MOST_PIECES - 1}}}",
        f'piece: "\\"" words "\\" " ({_literal(NOTHING)} | {wishes})',
        f'words: %regex {{"substring_words": {_literal(spoken(sentence))}}}',
        f"wish: general | {' | '.join(f'f{position}' for position in range(len(schema.features)))}",
        'general: "*changes=" /[1-9][0-9]?/ | "*risk=" /[1-9][0-9]?(\\.[0-9])?/'
        ' | "*goal=" ("cross" | "lower") | "*limits=" ("behaviour" | "intervention" | "contrast")',
    ]
    for position, feature in enumerate(schema.features):
        rules += _feature_rules(position, feature)
    return "\n".join(rules) + "\n"


def json_form(schema: Schema) -> dict[str, Any]:
    """The JSON schema of an answer in one string, ``line``, for servers: the same but for what is quoted.

    That the quoted words were said is found by :func:`read_answer` alone.
    """
    wish = f"(?:{'|'.join([_GENERAL, *(_feature_pattern(feature) for feature in schema.features)])})"
    piece = f'"[^"]{{1,300}}" (?:{NOTHING}|{wish}(?:; {wish}){{0,{MOST_OF_A_PIECE - 1}}})'
    line = {"type": "string", "pattern": f"^{piece}(?:; {piece}){{0,{MOST_PIECES - 1}}}$"}
    return {
        "type": "object",
        "properties": {"line": line},
        "required": ["line"],
        "additionalProperties": False,
    }


_GENERAL = (
    r"\*changes=[1-9][0-9]?|\*risk=[1-9][0-9]?(?:\.[0-9])?|\*goal=(?:cross|lower)"
    r"|\*limits=(?:behaviour|intervention|contrast)"
)


def _feature_pattern(feature: Feature) -> str:
    values = ["keep", "only"] if feature.kind == "categorical" else ["keep", "up", "down", "only"]
    if feature.named:
        level = f"(?:{'|'.join(map(_escaped, choice_texts(feature)))})"
        values.append(rf"{level}(?:\|{level})*")
    elif feature.kind != "binary":
        minus = "-?" if feature.valid is not None and feature.valid[0] < 0 else ""
        decimals = rf"(?:\.[0-9]{{1,{feature.decimals}}})?" if feature.decimals else ""
        number = rf"(?:0|[1-9][0-9]{{0,5}}){decimals}"
        end = minus + number
        values += [f"by {number}", rf"{end}\.\.(?:{end})?", rf"\.\.{end}"]
    return f"{_escaped(feature.name)}=(?:{'|'.join(values)})"


def _escaped(text: str) -> str:
    """A text as a regular expression, for every dialect (``re.escape`` escapes spaces, which some refuse)."""
    return re.sub(r"([.^$*+?{}\[\]\\|()])", r"\\\1", text)


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
