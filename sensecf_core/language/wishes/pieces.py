"""A sentence cut into pieces, each of which says one thing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from sensecf_core.language.wishes.spotted import ENDS, HARD_STOPS, SEPARATORS, Cue, Spotted
from sensecf_core.language.wishes.vocabulary import Named
from sensecf_core.language.wishes.words import Token

SMALL_BETWEEN = frozenset("and or nor , the a an her his their your my also even".split())  # noqa: SIM905
"""What may stand between the features of a list."""
_LISTING = frozenset({",", "and", "or", "nor", "&"})
_WEAK_KINDS = frozenset({"not", "nor", "too", "free"})
"""Kinds of cues that do not say what is to happen."""
_FREEING = frozenset({"change", "keep"})
"""Kinds that go together: "leave sugar and salt unchanged"."""


@dataclass
class Piece:
    """A part of a sentence that says one thing; positions are of the sentence's tokens.

    ``unknown`` are positions of words that nothing explains; ``hard`` says that a sentence ends before it,
    ``announces`` that a colon follows.
    """

    positions: range
    named: list[Named] = field(default_factory=list)
    levels: list[Named] = field(default_factory=list)
    cues: list[Cue] = field(default_factory=list)
    numbers: list[int] = field(default_factory=list)
    unknown: list[int] = field(default_factory=list)
    hard: bool = False
    announces: bool = False

    @property
    def features(self) -> tuple[str, ...]:
        """The names of the features in order."""
        return tuple(dict.fromkeys(name for named in self.named for name in named.features))

    def has(self, *kinds: str) -> bool:
        """Whether a cue of one of these kinds is in it."""
        return any(cue.kind in kinds for cue in self.cues)

    @property
    def negated(self) -> bool:
        """Whether its negations do not undo each other."""
        count = sum(cue.kind == "not" for cue in self.cues)
        return (count or int(self.has("nor"))) % 2 == 1  # "neither … nor" is one negation

    @property
    def says_something(self) -> bool:
        """Whether it holds anything to do with a feature."""
        return any(cue.kind not in ("too", "all", "by") for cue in self.cues) or bool(self.numbers)

    @property
    def cue_first(self) -> bool:
        """Whether what is to happen stands before what it happens to, as in "leave the sugar"."""
        if not self.named or not self.cues:
            return False
        return min(cue.positions[0] for cue in self.cues) < self.named[0].positions[0]


def cut(spotted: Spotted) -> list[Piece]:
    """Cut a sentence at signs and at words like "and", but not inside a list of features."""
    pieces: list[Piece] = []
    start, hard = 0, True
    for position in range(len(spotted.tokens) + 1):
        word = spotted.tokens[position].word if position < len(spotted.tokens) else "."
        stops = word in HARD_STOPS
        separates = word in SEPARATORS and (position not in spotted.explained or word == "nor")
        if not stops and (not separates or (word in _LISTING and _lists(spotted, start, position))):
            continue
        if position > start:
            pieces.append(_piece(spotted, range(start, position), hard=hard, announces=word == ":"))
            hard = False
        hard = hard or stops
        start = position if word == "nor" else position + 1
    return pieces


def _lists(spotted: Spotted, start: int, position: int) -> bool:
    """Whether a separator stands between two features of one list, as in "leave sugar and salt alone".

    Where each side says something of its own, as in "less sugar, salt may rise", it is none.
    """
    before = next((n for n in spotted.named if _touches(spotted.tokens, n.positions[-1], position)), None)
    after = next((n for n in spotted.named if _touches(spotted.tokens, position, n.positions[0])), None)
    if before is None or after is None:
        return False
    ends = (p for p in range(after.positions[-1] + 1, len(spotted.tokens)) if spotted.tokens[p].word in ENDS)
    stop = next(ends, len(spotted.tokens))
    left = {cue.kind for cue in spotted.cues if start <= cue.positions[0] < before.positions[0]} - _WEAK_KINDS
    right = {"number"} if any(spotted.has_value(p) for p in range(after.positions[-1] + 1, stop)) else set()
    right |= {cue.kind for cue in spotted.cues if after.positions[-1] < cue.positions[0] < stop} - _WEAK_KINDS
    if left and stop < len(spotted.tokens) and spotted.tokens[stop].word == ":":
        return False
    return not (left and right) or bool(left & {"only", "all_but"}) or (left | right) <= _FREEING


def _piece(spotted: Spotted, positions: range, *, hard: bool, announces: bool) -> Piece:
    inside = set(positions)
    left = [p for p in positions if p not in spotted.explained]
    return Piece(
        positions,
        [named for named in spotted.named if named.positions[0] in inside],
        [named for named in spotted.levels if named.positions[0] in inside],
        [cue for cue in spotted.cues if cue.positions[0] in inside],
        numbers=[p for p in left if spotted.tokens[p].number is not None],
        unknown=[p for p in left if spotted.tokens[p].number is None and not spotted.is_silent(p)],
        hard=hard,
        announces=announces,
    )


def _touches(found: Sequence[Token], left: int, right: int) -> bool:
    """Whether nothing but words that say nothing and other joints stands between two tokens."""
    between = range(left + 1, right)
    return left < right and all(found[p].word in SMALL_BETWEEN for p in between)
