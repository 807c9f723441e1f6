"""A sentence as tokens: words with their place in it, and numbers, also those written as words."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

_TOKEN = re.compile(r"[0-9]+(?:[.,][0-9]+)*|[^\W\d_]+(?:['’][^\W\d_]+)*|[^\w\s]", re.UNICODE)
_UNIT_TOKEN = re.compile(r"(?:mmol/l|mg/dl|kg/m²|kg/m2|beats/min|mmhg)(?![^\W\d_])", re.IGNORECASE)
_CONTRACTIONS = {
    "won't": ("will", "not"),
    "can't": ("can", "not"),
    "cannot": ("can", "not"),
    "cant": ("can", "not"),
    "wont": ("will", "not"),
    "dont": ("do", "not"),
    "doesnt": ("does", "not"),
    "shouldnt": ("should", "not"),
}
ONES = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
]
"""The numbers from zero in words, in order."""
_TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
_SMALL = {word: value for value, word in enumerate(ONES)} | {
    word: 10 * value for value, word in enumerate(_TENS, 2)
}
_SCALES = {"hundred": 100, "thousand": 1000}
_PARTS = {"half": 0.5, "quarter": 0.25, "third": 1 / 3, "fifth": 0.2, "tenth": 0.1}
_WHOLE = {"single": 1.0, "couple": 2.0, "dozen": 12.0}


@dataclass(frozen=True)
class Token:
    """A word, number or sign: ``word`` in lower case, from ``start`` to ``end`` of the sentence.

    ``number`` is its value where it is one, and with ``upper`` it is a range up to there; ``part`` says that
    it is a part of one, like "a fifth".
    """

    word: str
    start: int
    end: int
    number: float | None = None
    part: bool = False
    upper: float | None = None

    @property
    def is_word(self) -> bool:
        """Whether it is a word, no number and no sign."""
        return self.number is None and self.word[:1].isalpha()


def tokenise(sentence: str) -> list[Token]:
    """Split a sentence into tokens, with contractions undone and numbers read."""
    found: list[Token] = []
    position = 0
    while position < len(sentence):
        match = _UNIT_TOKEN.match(sentence, position) or _TOKEN.match(sentence, position)
        if match is None:
            position += 1
            continue
        if position and sentence[position - 1].isalpha() and match.re is _UNIT_TOKEN:
            match = _TOKEN.match(sentence, position) or match
        found += _expanded(match.group(), match.start(), match.end())
        position = match.end()
    return _with_numbers([_as_dash(sentence, token) for token in found])


def _as_dash(sentence: str, token: Token) -> Token:
    """A hyphen with spaces around it parts a sentence like a dash, unless it stands between digits."""
    around = sentence[: token.start][-1:], sentence[token.end :][:1]
    digits = sentence[: token.start].rstrip()[-1:].isdigit() and sentence[token.end :].lstrip()[:1].isdigit()
    return replace(token, word="—") if token.word == "-" and around == (" ", " ") and not digits else token


def _expanded(text: str, start: int, end: int) -> list[Token]:
    word = text.lower().replace("’", "'")
    if word[0] in "0123456789":
        thousands = re.fullmatch(r"[0-9]{1,3}(,[0-9]{3})+", word)
        digits = word.replace(",", "" if thousands else ".")
        return [Token(word, start, end, float(digits) if digits.count(".") <= 1 else None)]
    words: tuple[str, ...] | None = _CONTRACTIONS.get(word)
    if words is None and word.endswith("n't"):
        words = (word[:-3], "not")
    if words is None and word.endswith("'d") and len(word) > 2:
        words = (word[:-2], "would")
    if words is None and word.endswith("'s") and word != "let's":
        words = (word[:-2],)
    return [Token(part, start, end) for part in words or (word,)]


def _with_numbers(found: list[Token]) -> list[Token]:
    """Join number words into one token each; "a fifth" and "half" become parts."""
    result: list[Token] = []
    position = 0
    while position < len(found):
        value, length = _number_at(found, position)
        if value is None or not length:
            result.append(found[position])
            position += 1
            continue
        last = found[position + length - 1]
        part = any(token.word in _PARTS for token in found[position : position + length])
        words = " ".join(token.word for token in found[position : position + length])
        result.append(Token(words, found[position].start, last.end, value, part))
        position += length
    return result


def _number_at(found: list[Token], start: int) -> tuple[float | None, int]:
    """The number that begins at a token, and how many tokens it takes."""
    token = found[start]
    if token.number is not None:
        if [entry.word for entry in found[start + 1 : start + 4]] == ["and", "a", "half"]:
            return token.number + 0.5, 4
        scale = _SCALES.get(found[start + 1].word) if start + 1 < len(found) else None
        return (token.number * scale, 2) if scale else (token.number, 1)
    words = [entry.word for entry in found[start : start + 8]]
    skip = 1 if words[0] in ("a", "an") and len(words) > 1 else 0
    if words[skip] in _PARTS or words[skip] in _WHOLE:
        value = (_PARTS | _WHOLE)[words[skip]]
        return value, skip + 1
    if skip and words[1] not in _SCALES:
        return (
            (1.0, 1)
            if words[1] in ("hour", "minute", "gram", "litre", "liter", "kilo", "pound")
            else (None, 0)
        )
    total, length = _whole_number(words, skip)
    if length and words[length : length + 3] == ["and", "a", "half"]:
        return (total or 0.0) + 0.5, length + 3
    return total, length


def _whole_number(words: list[str], skip: int) -> tuple[float | None, int]:
    total = current = 0.0
    used = 0
    if skip:
        current = 1.0
    for index, word in enumerate(words[skip:], skip):
        if word in _SMALL:
            if (
                used
                and words[index - 1] in _SMALL
                and not (_SMALL[words[index - 1]] >= 20 > _SMALL[word] > 0)
            ):
                break
            current += _SMALL[word]
        elif word in _SCALES and (current or skip):
            current *= _SCALES[word]
            if _SCALES[word] == 1000:
                total, current = total + current, 0.0
        elif (word == "-" and used and index + 1 < len(words) and words[index + 1] in _SMALL) or (
            word == "and" and used and words[index - 1] in _SCALES and _follows(words, index)
        ):
            continue
        else:
            break
        used = index + 1
    return (total + current, used) if used else (None, 0)


def _follows(words: list[str], index: int) -> bool:
    """Whether "and" at an index goes on with a number below the scale, as in "one hundred and twenty"."""
    rest = words[index + 1 : index + 3]
    return bool(rest) and rest[0] in _SMALL and not (len(rest) > 1 and rest[1] in _SCALES)


def stem(word: str) -> str:
    """The part of a word that its forms share, like "smok" of smokes, smoking and smoke."""
    word = word.lower()
    if word.endswith("ed") and len(word) < 6:
        return word  # "tired" is no form of "TIR"
    if word.endswith("s") and len(word) > 3 and not word.endswith(("ss", "us", "is")):
        word = word[:-1]
    for ending in ("ing", "ed"):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            word = word[: -len(ending)]
            if len(word) > 3 and word[-1] == word[-2] and word[-1] not in "ls":
                word = word[:-1]
            break
    if word.endswith("y") and len(word) > 3:
        word = word[:-1] + "i"
    return word[:-1] if word.endswith("e") and len(word) > 4 else word


def renamed(token: Token, word: str) -> Token:
    """The token as if it had been typed as ``word``."""
    return replace(token, word=word)
