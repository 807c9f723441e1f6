"""What a sentence names and says, found word by word: features, cues, levels, numbers and ranges."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache

from sensecf_core.cohorts.schema import Schema
from sensecf_core.language.wishes.units import PERIOD_WORDS, UNIT_WORDS, unit_words
from sensecf_core.language.wishes.vocabulary import Named, english, says_nothing, vocabulary
from sensecf_core.language.wishes.words import Token, tokenise

HARD_STOPS = frozenset(".!?")
"""Signs after which something new begins."""
SEPARATORS = frozenset(
    ", ; : – — & ( ) and or nor but so because while though although however then plus yet".split()  # noqa: SIM905
)
"""Signs and words between two things that are said."""
ENDS = SEPARATORS | HARD_STOPS
_MODALS = frozenset({"may", "can", "should", "must", "could", "will", "would", "to"})


@dataclass(frozen=True)
class Cue:
    """A phrase that says what is to happen: its kind in ``english.toml``, and its tokens' positions."""

    kind: str
    positions: tuple[int, ...]


class Spotted:
    """A sentence with everything in it that the schema or ``english.toml`` knows.

    Attributes
    ----------
    tokens : its tokens, typing errors mended, ranges joined.
    named, levels : where it names features and levels.
    cues : the phrases that say what is to happen, in order.
    """

    def __init__(self, schema: Schema, sentence: str) -> None:
        words = vocabulary(schema.features)
        self.sentence = sentence
        self._units = unit_words(schema.features)
        mended = words.mended(tokenise(sentence))
        self.tokens = _with_ranges(mended, {p for named in words.find(mended) for p in named.positions})
        self.named = [named for named in words.find(self.tokens) if not self._is_unit(named)]
        taken = {position for named in self.named for position in named.positions}
        self.cues = list(_cues(self.tokens, taken))
        self.cues = [cue for cue in self.cues if not self._only_of_a_way(cue)]
        about = {name for named in self.named for name in named.features}
        levels = words.find_levels(self.tokens, taken, about)
        self.levels = [named for named in levels if self._means_level(named)]
        leveled = {position for named in self.levels for position in named.positions}
        self.cues = [cue for cue in self.cues if not leveled & set(cue.positions)]
        self.explained = taken | leveled | {position for cue in self.cues for position in cue.positions}

    def is_silent(self, position: int) -> bool:
        """Whether a token needs no remark where nothing was made of it."""
        token = self.tokens[position]
        return token.number is None and (
            not token.is_word or says_nothing(token.word) or token.word in self._units
        )

    def unit_after(self, position: int, stop: int) -> tuple[str, str]:
        """The unit and the period ("a week") that a number has; empty texts where it has none."""
        unit = period = ""
        for offset in range(position + 1, min(position + 6, stop)):
            word = self.tokens[offset].word
            if not unit and offset <= position + 3 and word in self._units:
                unit = word
            elif word in PERIOD_WORDS:
                period = word
        return unit, period

    def has_value(self, position: int) -> bool:
        """Whether a number or a level stands there."""
        return self.tokens[position].number is not None or any(position in n.positions for n in self.levels)

    def _is_unit(self, named: Named) -> bool:
        """Whether a word after a number is a unit and not a feature that is called like it ("mg")."""
        first = named.positions[0]
        unit = len(named.positions) == 1 and self.tokens[first].word in UNIT_WORDS
        return unit and first > 0 and self.tokens[first - 1].number is not None

    def _only_of_a_way(self, cue: Cue) -> bool:
        """Whether "only" is about the way, as in "may only go down", and not about what may move."""
        before, after = cue.positions[0] - 1, cue.positions[-1] + 1
        if cue.kind != "only" or before < 0:
            return False
        if after < len(self.tokens) and self.tokens[after].word in ("up", "down", "upwards", "downwards"):
            return True
        ways = (c for c in self.cues if c.kind in ("less", "more"))
        modal = self.tokens[before].word in _MODALS
        return modal and any(after <= way.positions[0] <= after + 1 for way in ways)

    def _means_level(self, level: Named) -> bool:
        """Whether words that name a level mean it: "never" does only where nothing else is said."""
        words = [self.tokens[position].word for position in level.positions]
        phrases = {word for phrase in _cue_phrases() for word in phrase}
        if any(word not in phrases and not says_nothing(word) for word in words):
            return True
        words_end = self._stretch(level, ENDS)
        other = [
            cue
            for cue in self.cues
            if cue.positions[0] in words_end
            and cue.kind not in ("only", "too", "all", "free")
            and not set(cue.positions) <= set(level.positions)
        ]
        sentence = self._stretch(level, HARD_STOPS)
        named = {name for n in self.named if n.positions[0] in sentence for name in n.features}
        return not other and level.features[0] in named

    def _stretch(self, place: Named, ends: frozenset[str]) -> range:
        """The positions around a place up to the nearest token of ``ends`` on either side."""
        found = [p for p, token in enumerate(self.tokens) if token.word in ends]
        start = max((p + 1 for p in found if p < place.positions[0]), default=0)
        return range(start, min((p for p in found if p > place.positions[-1]), default=len(self.tokens)))


@cache
def _cue_phrases() -> dict[tuple[str, ...], str]:
    return {tuple(phrase.split()): kind for kind, phrases in english()["cues"].items() for phrase in phrases}


def _cues(found: Sequence[Token], taken: set[int]) -> Iterator[Cue]:
    """Cues in order, the longest phrase at each place; "min" after a number is a unit."""
    position = 0
    while position < len(found):
        for length in range(min(5, len(found) - position), 0, -1):
            positions = range(position, position + length)
            kind = _cue_phrases().get(tuple(found[p].word for p in positions))
            after_number = (
                position > 0 and found[position - 1].number is not None and found[position].word == "min"
            )
            if kind and not taken & set(positions) and not after_number:
                yield Cue(kind, tuple(positions))
                position += length
                break
        else:
            position += 1


def _with_ranges(found: Sequence[Token], taken: set[int]) -> list[Token]:
    """Join "between 7 and 8", "7 to 8" and "7-8" into one token each, unless its numbers are ``taken``.

    A unit between them counts for both.
    """
    result: list[Token] = []
    position = 0
    while position < len(found):
        token = found[position]
        length = _range_length(found, position)
        if token.number is None or not length or position in taken:
            result.append(token)
            position += 1
            continue
        last = found[position + length - 1]
        low, high = sorted((token.number, last.number or 0.0))
        if result and result[-1].word in ("between", "from"):
            result.pop()
        result.append(replace(token, word="range", end=last.end, number=low, upper=high))
        position += length
    return result


def _range_length(found: Sequence[Token], start: int) -> int:
    """How many tokens a range takes that begins at ``start``; 0 where none does."""
    between = start > 0 and found[start - 1].word == "between"
    joints = {"to", "-", "–", "and"} if between else {"to", "-", "–"}
    middle = start + 1
    if middle < len(found) and found[middle].word in UNIT_WORDS:
        middle += 1
    if middle + 1 < len(found) and found[middle].word in joints and found[middle + 1].number is not None:
        return middle + 2 - start
    return 0
