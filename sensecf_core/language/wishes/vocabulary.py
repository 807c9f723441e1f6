"""What the features and levels of a schema are called, and where a sentence names them."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from sensecf_core.cohorts.feature import Feature
from sensecf_core.language.wishes.units import PERIOD_WORDS, UNIT_WORDS
from sensecf_core.language.wishes.words import Token, renamed, stem, tokenise

LONGEST_PHRASE = 6
SHORTEST_TYPO = 4
"""Shorter words are taken as they stand."""
_SMALL_WORDS = frozenset(
    [
        "of",
        "the",
        "a",
        "an",
        "on",
        "at",
        "in",
        "to",
        "for",
        "or",
        "and",
        "with",
        "his",
        "her",
        "its",
        "their",
        "my",
        "our",
        "not",
        "is",
        "are",
        "per",
        "by",
        "was",
        "this",
        "that",
    ]
)
_FULL, _PART, _EVERYDAY = 3, 2, 1
"""How well a phrase names a feature: whole label, name or synonym; part of the label; an everyday word."""


@cache
def english() -> dict[str, Any]:
    """The words of ``english.toml``."""
    return tomllib.loads((Path(__file__).parent / "english.toml").read_text(encoding="utf-8"))


@cache
def silent_words() -> frozenset[str]:
    """Words that say nothing by themselves."""
    return frozenset(english()["words"]["silent"].split()) | _SMALL_WORDS


@cache
def _weak_stems() -> frozenset[str]:
    return frozenset(stem(word) for word in english()["words"]["weak"].split())


def says_nothing(word: str) -> bool:
    """Whether a word needs no remark where nothing was made of it."""
    return len(word) == 1 or word in silent_words() or word in UNIT_WORDS or word in PERIOD_WORDS


def unexplained(sentence: str, quoted: Iterable[str]) -> tuple[str, ...]:
    """The words of a sentence, as written, that no quotation covers and that say something."""
    covered: set[int] = set()
    for words in quoted:
        start = sentence.find(words)
        covered.update(range(start, start + len(words)) if start >= 0 else ())
    left = [
        sentence[token.start : token.end]
        for token in tokenise(sentence)
        if token.start not in covered and (token.number is not None or token.is_word)
        if not says_nothing(token.word)
    ]
    return tuple(dict.fromkeys(left))


@dataclass(frozen=True)
class Named:
    """A place in a sentence (positions of tokens) that names features, or one level of one feature."""

    positions: tuple[int, ...]
    features: tuple[str, ...]
    level: str = ""


@dataclass(frozen=True)
class Vocabulary:
    """Phrases (sorted stems) → features and how well the phrase names them; the same for levels.

    ``words`` are all known words, ``names`` those of features among them.
    """

    features: dict[tuple[str, ...], dict[str, int]] = field(default_factory=dict)
    levels: dict[tuple[str, ...], dict[str, str]] = field(default_factory=dict)
    words: frozenset[str] = frozenset()
    names: frozenset[str] = frozenset()

    def find(self, tokens: Sequence[Token]) -> list[Named]:
        """The features named, in the sentence's order; longer phrases win, and no token is in two."""
        used: set[int] = set()
        found: list[Named] = []
        for window in _windows(tokens):
            names = self.features.get(_key(tokens[position].word for position in window))
            if names and not used & set(window):
                best = max(names.values())
                found.append(Named(window, tuple(name for name, rank in names.items() if rank == best)))
                used.update(window)
        return sorted(found, key=lambda named: named.positions)

    def find_levels(self, tokens: Sequence[Token], taken: set[int], about: set[str]) -> list[Named]:
        """The levels named by tokens that are not ``taken``, word for word.

        Of several features with such a level it is of those that the sentence is ``about``, if that is one.
        """
        found: list[Named] = []
        stems = [stem(token.word) for token in tokens]
        for words, entries in sorted(self.levels.items(), key=lambda entry: -len(entry[0])):
            named = [name for name in entries if name in about] if len(entries) > 1 else list(entries)
            if len(named) != 1:
                continue
            feature, level = named[0], entries[named[0]]
            for start in range(len(stems) - len(words) + 1):
                window = range(start, start + len(words))
                if tuple(stems[start : start + len(words)]) == words and not taken & set(window):
                    found.append(Named(tuple(window), (feature,), level))
                    taken = taken | set(window)
        return sorted(found, key=lambda named: named.positions)

    def mended(self, tokens: Iterable[Token]) -> list[Token]:
        """The tokens with typing errors of known words undone."""
        return [self._mend(token) for token in tokens]

    def _mend(self, token: Token) -> Token:
        word = token.word
        known = word in self.words or stem(word) in _stems(self.words)
        if not token.is_word or len(word) < SHORTEST_TYPO or known:
            return token
        # "look" is not "lock": of the words that are in no label, one with a wrong letter is another word
        near = sorted(
            other for other in self.words if one_slip(word, other, wrong_letter=other in self.names)
        )
        return renamed(token, near[0]) if near else token


def one_slip(typed: str, meant: str, *, wrong_letter: bool = True) -> bool:
    """Whether a word is another with a letter missing or too many, two neighbours swapped, or a wrong one.

    The first letter stays: hardly anybody mistypes it, and "pressure" is not meant by "acupressure".
    """
    if typed[0] != meant[0] or len(meant) < SHORTEST_TYPO or abs(len(typed) - len(meant)) > 1:
        return False
    if len(typed) == len(meant):
        wrong = [place for place, (one, other) in enumerate(zip(typed, meant, strict=True)) if one != other]
        swapped = len(wrong) == 2 and wrong[1] == wrong[0] + 1 and sorted(typed) == sorted(meant)
        return swapped or (wrong_letter and len(wrong) == 1)
    longer, shorter = (typed, meant) if len(typed) > len(meant) else (meant, typed)
    return any(longer[:place] + longer[place + 1 :] == shorter for place in range(len(longer)))


@lru_cache(maxsize=64)
def _stems(words: frozenset[str]) -> frozenset[str]:
    return frozenset(stem(word) for word in words)


@lru_cache(maxsize=64)
def vocabulary(described: tuple[Feature, ...]) -> Vocabulary:
    """Make the vocabulary of a schema's features: labels, their parts, names, initials, synonyms."""
    features: dict[tuple[str, ...], dict[str, int]] = {}
    for feature in described:
        for phrase, rank in _phrases(feature):
            if key := _key(phrase):
                names = features.setdefault(key, {})
                names[feature.name] = max(rank, names.get(feature.name, 0))
    said = {word for feature in described for phrase, _ in _phrases(feature) for word in phrase}
    of_features, lists = frozenset(said), english()
    said |= {word for phrases in lists["cues"].values() for phrase in phrases for word in phrase.split()}
    said |= {word for phrases in lists["general"].values() for phrase in phrases for word in phrase.split()}
    levels = dict(_levels(described, features))
    said |= {word for feature in described for level in feature.levels for word in _content(level)}
    return Vocabulary(
        features, levels, frozenset(said) | silent_words() | UNIT_WORDS | PERIOD_WORDS, of_features
    )


def _phrases(feature: Feature) -> Iterator[tuple[list[str], int]]:
    """Every phrase for a feature, as words, with how well it names it."""
    label = re.sub(r"\([^)]*\)", " ", feature.label)
    content = _content(label)
    yield content, _FULL
    yield feature.name.split("_"), _FULL
    for inside in re.findall(r"\(([^)]*)\)", feature.label):
        yield _content(inside), _PART
    for synonym in feature.synonyms:
        yield _content(synonym), _FULL
    words = re.findall(r"[^\W\d_]+", label.lower())
    for chosen in (words, [word for word in words if word in content]):
        if len(chosen) > 2:
            yield ["".join(word[0] for word in chosen)], _FULL
    yield from ((part, _PART) for part in _parts(content))
    stems = [stem(word) for word in content]
    for key, everyday in english()["thesaurus"].items():
        place = _place([stem(word) for word in key.split()], stems)
        if place is None:
            continue
        for said in everyday:
            yield _content(said), _EVERYDAY
            replaced = [*content[: place[0]], *_content(said), *content[place[1] :]]
            yield from ((part, _EVERYDAY) for part in _parts(replaced))
            yield replaced, _PART


def _parts(content: list[str]) -> Iterator[list[str]]:
    """Runs of a label's words that name something alone."""
    for start in range(len(content)):
        for end in range(start + 1, len(content) + 1):
            part = content[start:end]
            strong = [word for word in part if stem(word) not in _weak_stems() and not word.isdigit()]
            if strong and (len(part) > 1 or (len(part[0]) > 2 and part[0] not in silent_words())):
                yield part


def _place(wanted: list[str], stems: list[str]) -> tuple[int, int] | None:
    for start in range(len(stems) - len(wanted) + 1):
        if stems[start : start + len(wanted)] == wanted:
            return start, start + len(wanted)
    return None


def _levels(
    described: tuple[Feature, ...], features: dict[tuple[str, ...], dict[str, int]]
) -> Iterator[tuple[tuple[str, ...], dict[str, str]]]:
    """Phrases (stems in order) that name levels and nothing else, with feature → level."""
    seen: dict[tuple[str, ...], dict[str, str]] = {}
    for feature in described:
        for level in feature.levels if feature.role != "context" else ():
            words = tuple(stem(token.word) for token in tokenise(level))
            seen.setdefault(words, {})[feature.name] = level
    for words, entries in seen.items():
        if _key(words) not in features and not all(word.isdigit() for word in words):
            yield words, entries


def _content(text: str) -> list[str]:
    return [
        word
        for word in re.findall(r"[^\W\d_]+|\d+", text.lower().replace("'s", ""))
        if word not in _SMALL_WORDS
    ]


def _key(words: Iterable[str]) -> tuple[str, ...]:
    aliases = {"max": "maximum", "min": "minimum"}
    return tuple(sorted(stem(aliases.get(word, word)) for word in words if word not in _SMALL_WORDS))


def _windows(tokens: Sequence[Token]) -> Iterator[tuple[int, ...]]:
    """Positions of neighbouring words without small words and signs; the longest windows first."""
    runs: list[list[int]] = [[]]
    for position, token in enumerate(tokens):
        if token.is_word or token.word.isdigit():
            if token.word not in _SMALL_WORDS:
                runs[-1].append(position)
        elif token.word not in ("-", "–", "/"):
            runs.append([])
    for length in range(LONGEST_PHRASE, 0, -1):
        for run in runs:
            for start in range(len(run) - length + 1):
                window = tuple(run[start : start + length])
                joined = any(tokens[p].word in ("and", "or") for p in range(window[0], window[-1]))
                if not joined:
                    yield window
