"""The control: wishes read by matching and rules alone, without a language model.

A sentence is cut into pieces at signs and at words like "and". A piece names features (:mod:`.vocabulary`) and says
something of them by cues (``english.toml``): "leave", "less", "at most". Negations in a piece count together, so
two undo each other. A piece without a cue takes that of its neighbour, one without a feature the features before it
("… and that is not going to change"), unless it names something that the schema does not know.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cache

from sensecf_core.cohorts.schema import Schema
from sensecf_core.language.wishes.units import PERIOD_WORDS, UNIT_WORDS, converted, unit_words
from sensecf_core.language.wishes.vocabulary import Named, english, says_nothing, vocabulary
from sensecf_core.language.wishes.wish import Understood, Wish, WishKind, without_repeats
from sensecf_core.language.wishes.words import Token, tokenise

READER = "rules"
_HARD_STOPS = frozenset(".!?")
_SEPARATORS = frozenset(
    [
        ",",
        ";",
        ":",
        "–",
        "—",
        "&",
        "and",
        "or",
        "but",
        "nor",
        "so",
        "because",
        "while",
        "though",
        "although",
        "however",
        "then",
        "plus",
        "yet",
    ]
) | {"(", ")"}
_SPOKEN_NUMBER_WORDS = frozenset({"percent", "%", "out"})


_SMALL_BETWEEN = frozenset("and or nor , the a an her his their your my also even".split())
_MODALS = frozenset("may can should must could will would to".split())
_ENDS = _SEPARATORS | _HARD_STOPS
_WEAK_KINDS = frozenset({"not", "nor", "too", "free"})
"""Kinds that do not say what is to happen."""
_LISTING = frozenset({",", "and", "or", "nor", "&"})
_FREEING = frozenset({"change", "keep"})
"""Kinds that go together: "leave sugar and salt unchanged"."""


@dataclass(frozen=True)
class Cue:
    """A phrase that says what is to happen: its kind in ``english.toml``, and its tokens' positions."""

    kind: str
    positions: tuple[int, ...]


@dataclass
class Piece:
    """A part of a sentence that says one thing; positions are of the sentence's tokens.

    ``unknown`` are positions of words that nothing explains; ``hard`` says that a sentence ends before it, ``announces`` that a colon follows.
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


@dataclass(frozen=True)
class _Action:
    """What a piece says of its features: kinds of wishes without numbers."""

    kinds: tuple[WishKind, ...]


def read(schema: Schema, sentence: str) -> Understood:
    """Read wishes out of a sentence; what is not understood is listed, and nothing is guessed for it."""
    return _Reading(schema, sentence).run()


class _Reading:
    """One sentence while it is read."""

    def __init__(self, schema: Schema, sentence: str) -> None:
        self.schema = schema
        self.sentence = sentence
        words = vocabulary(schema.features)
        self.units = unit_words(schema.features)
        mended = words.mended(tokenise(sentence))
        self.tokens = _with_ranges(mended, {p for named in words.find(mended) for p in named.positions})
        self.named = [named for named in words.find(self.tokens) if not self._is_unit(named)]
        taken = {position for named in self.named for position in named.positions}
        self.cues = list(_cues(self.tokens, taken))
        self.cues = [cue for cue in self.cues if not self._only_of_a_way(cue)]
        cued = taken | {position for cue in self.cues for position in cue.positions}
        about = {name for named in self.named for name in named.features}
        self.levels = [
            named for named in words.find_levels(self.tokens, taken, about) if self._means_level(named)
        ]
        leveled = {position for named in self.levels for position in named.positions}
        self.cues = [cue for cue in self.cues if not leveled & set(cue.positions)]
        self.pieces = self._cut(cued | leveled)
        self.wishes: list[Wish] = []
        self.used: set[int] = set()
        self.mentioned: list[str] = []
        self.pending: list[Piece] = []
        self.last: tuple[str, ...] = ()
        self.last_action: tuple[_Action, bool] | None = None

    def run(self) -> Understood:
        for piece in self.pieces:
            if piece.hard:
                self.pending, self.last_action = [], None
            if not (self._general(piece) or self._levels(piece)):
                self._about_features(piece)
            if piece.features:
                self.last = piece.features
                self.mentioned += piece.features
        return Understood(self.sentence, without_repeats(_joined_ranges(self.wishes)), self._unread(), READER)

    def _is_unit(self, named: Named) -> bool:
        """Whether a word after a number is a unit and not a feature that is called like it ("mg")."""
        first = named.positions[0]
        unit = len(named.positions) == 1 and self.tokens[first].word in UNIT_WORDS
        return unit and first > 0 and self.tokens[first - 1].number is not None

    def _only_of_a_way(self, cue: Cue) -> bool:
        """Whether "only" is about the way, as in "may only go down", and not about what may move."""
        before, after = cue.positions[0] - 1, cue.positions[-1] + 1
        if cue.kind != "only" or before < 0 or self.tokens[before].word not in _MODALS:
            return False
        return any(c.kind in ("less", "more") and after <= c.positions[0] <= after + 1 for c in self.cues)

    def _means_level(self, level: Named) -> bool:
        """Whether words that name a level mean it: "never" does only where its feature is all else that is said."""
        words = [self.tokens[position].word for position in level.positions]
        phrases = {word for phrase in _cue_phrases() for word in phrase}
        if any(word not in phrases and not says_nothing(word) for word in words):
            return True
        words_end = self._stretch(level, _ENDS)
        other = [
            cue
            for cue in self.cues
            if cue.positions[0] in words_end
            and cue.kind not in ("only", "too", "all", "free")
            and not set(cue.positions) <= set(level.positions)
        ]
        sentence = self._stretch(level, _HARD_STOPS)
        named = {name for n in self.named if n.positions[0] in sentence for name in n.features}
        return not other and level.features[0] in named

    def _stretch(self, place: Named, ends: frozenset[str]) -> range:
        """The positions around a place up to the nearest token of ``ends`` on either side."""
        found = [p for p, token in enumerate(self.tokens) if token.word in ends]
        start = max((p + 1 for p in found if p < place.positions[0]), default=0)
        return range(start, min((p for p in found if p > place.positions[-1]), default=len(self.tokens)))

    # ------------------------------------------------------------------ cutting

    def _cut(self, explained: set[int]) -> list[Piece]:
        pieces: list[Piece] = []
        start, hard = 0, True
        for position in range(len(self.tokens) + 1):
            word = self.tokens[position].word if position < len(self.tokens) else "."
            stops = word in _HARD_STOPS
            if not stops and word in _LISTING and self._lists(start, position):
                continue
            if not stops and (word not in _SEPARATORS or position in explained):
                if word == "nor":
                    stops = False
                else:
                    continue
            if position > start:
                pieces.append(self._piece(range(start, position), hard, explained))
                pieces[-1].announces = word == ":"
                hard = False
            hard = hard or stops
            start = position if word == "nor" else position + 1
        return pieces

    def _lists(self, start: int, position: int) -> bool:
        """Whether a separator stands between two features of one list, as in "leave sugar and salt alone".

        Where each side says something of its own, as in "less sugar, salt may rise", it is none.
        """
        before = next((n for n in self.named if _touches(self.tokens, n.positions[-1], position)), None)
        after = next((n for n in self.named if _touches(self.tokens, position, n.positions[0])), None)
        if before is None or after is None:
            return False
        ends = (p for p in range(after.positions[-1] + 1, len(self.tokens)) if self.tokens[p].word in _ENDS)
        stop = next(ends, len(self.tokens))
        left = {cue.kind for cue in self.cues if start <= cue.positions[0] < before.positions[0]} - _WEAK_KINDS
        right = {"number"} if any(self._has_value(p) for p in range(after.positions[-1] + 1, stop)) else set()
        right |= {cue.kind for cue in self.cues if after.positions[-1] < cue.positions[0] < stop} - _WEAK_KINDS
        if left and stop < len(self.tokens) and self.tokens[stop].word == ":":
            return False
        return not (left and right) or bool(left & {"only", "all_but"}) or (left | right) <= _FREEING

    def _has_value(self, position: int) -> bool:
        """Whether a number or a level stands there."""
        return self.tokens[position].number is not None or any(position in n.positions for n in self.levels)

    def _piece(self, positions: range, hard: bool, explained: set[int]) -> Piece:
        inside = set(positions)
        piece = Piece(
            positions,
            [named for named in self.named if named.positions[0] in inside],
            [named for named in self.levels if named.positions[0] in inside],
            [cue for cue in self.cues if cue.positions[0] in inside],
            hard=hard,
        )
        for position in positions:
            token = self.tokens[position]
            if position in explained:
                continue
            if token.number is not None:
                piece.numbers.append(position)
            elif token.is_word and not says_nothing(token.word) and token.word not in self.units:
                piece.unknown.append(position)
        return piece

    # ------------------------------------------------------------------ the whole request

    def _general(self, piece: Piece) -> bool:
        """Take a piece that is about the whole request."""
        text = f" {' '.join(self.tokens[p].word for p in piece.positions)} "
        lists = english()["general"]

        def says(kind: str) -> bool:
            return any(f" {phrase} " in text for phrase in lists[kind])

        wish: Wish | None = None
        if piece.numbers and not piece.features:
            number = self.tokens[piece.numbers[0]].number or 0.0
            if says("changes") and number.is_integer() and number >= 1:
                wish = Wish("changes", high=number)
            elif self._speaks_of_risk(piece, says("risk")):
                number *= 100 if self.tokens[piece.numbers[0]].part else 1
                wish = Wish("risk", high=round(number, 6)) if 0 < number < 100 else None
        elif not piece.numbers:
            words = {self.tokens[p].word for p in piece.positions}
            decides = bool(words & set(lists["decision"])) and piece.has("change") and not piece.negated
            if says("cross") or decides:
                wish = Wish("goal", choices=("cross",))
            elif says("lower") or (says("risk") and piece.has("less") and not piece.features):
                wish = Wish("goal", choices=("lower",))
            elif not piece.features:
                profiles = ("intervention", "behaviour", "contrast")
                profile = next((kind for kind in profiles if says(kind)), None)
                denied = piece.negated and " no limits " not in text
                wish = Wish("limits", choices=(profile,)) if profile and not denied else None
        if wish is None:
            return False
        self._add(wish, piece)
        return True

    def _speaks_of_risk(self, piece: Piece, named: bool) -> bool:
        words = {self.tokens[p].word for p in piece.positions}
        of_percent = bool(words & _SPOKEN_NUMBER_WORDS) or self.tokens[piece.numbers[0]].part
        waiting = [self.schema.feature(name).unit for name in self._waiting()]
        return named or (of_percent and "%" not in waiting and not words & UNIT_WORDS - {"%", "percent"})

    def _waiting(self) -> tuple[str, ...]:
        return tuple(name for piece in self.pending for name in piece.features) or self.last

    # ------------------------------------------------------------------ levels

    def _levels(self, piece: Piece) -> bool:
        """Take the levels that a piece names, those after a negation as what is not wanted."""
        if not piece.levels or piece.has("stop", "less", "more", "change"):
            return False
        for named in piece.levels:
            before = range(max(piece.positions.start, named.positions[0] - 4), named.positions[0])
            refused = any(cue.kind == "not" and cue.positions[0] in before for cue in piece.cues)
            feature = self.schema.feature(named.features[0])
            earlier = next((w for w in self.wishes if w.kind == "levels" and w.feature == feature.name), None)
            if refused:
                kept = set(earlier.choices if earlier else feature.levels) - {named.level}
            else:
                kept = {*(earlier.choices if earlier else ()), named.level}
            if earlier:
                self.wishes.remove(earlier)
            choices = tuple(level for level in feature.levels if level in kept)
            words = [*named.positions, *(p for n in piece.named for p in n.positions)]
            self._add(Wish("levels", feature.name, choices=choices), piece, extra=words)
        self.last = (piece.levels[-1].features[0],)
        return True

    # ------------------------------------------------------------------ features

    def _about_features(self, piece: Piece) -> None:
        if not piece.says_something:
            self._without_cue(piece)
            return
        names = piece.features
        if names:
            subjects = self.pending if not piece.cue_first else []
            names = tuple(dict.fromkeys([*(n for p in subjects for n in p.features), *names]))
        elif piece.unknown:
            return  # it is about something that the schema does not know
        elif piece.has("only") or (piece.has("all") and piece.has("keep") and not piece.negated):
            names = tuple(dict.fromkeys(self.mentioned))
        else:
            names = self._waiting()
        if not names:
            return
        helpers = self.pending
        self.pending = []
        if piece.numbers and self._numbers(piece, names):
            self.last_action = None
            return
        action = self._action(piece)
        self.last_action = (action, piece.cue_first)
        for kind in action.kinds:
            for name in names:
                self._add(Wish(kind, name), piece, extra=[p for h in helpers for p in h.positions])

    def _without_cue(self, piece: Piece) -> None:
        """A piece that only names features: what was said before goes on, or what comes next begins."""
        if not piece.features:
            return
        goes_on = self.last_action is not None and (self.last_action[1] or piece.has("too"))
        if self.last_action is not None and goes_on and not piece.announces and self._only_names(piece):
            for kind in self.last_action[0].kinds:
                for name in piece.features:
                    self._add(Wish(kind, name), piece)
        else:
            self.pending.append(piece)

    def _only_names(self, piece: Piece) -> bool:
        """Whether a piece is a bare list, as "salt" is in "less sugar, salt", and no clause of its own."""
        named = {p for n in piece.named for p in n.positions} | {p for c in piece.cues for p in c.positions}
        return all(p in named or self.tokens[p].word in _SMALL_BETWEEN for p in piece.positions)

    def _action(self, piece: Piece) -> _Action:
        """What a piece without a number says of its features."""
        way: WishKind | None = None
        if piece.has("less", "more", "below", "above"):
            nearest = self._nearest(piece, ("less", "more", "below", "above"))
            way = "down" if nearest in ("less", "below") else "up"
            if piece.negated:
                way = "up" if way == "down" else "down"
        if piece.has("all_but", "except"):
            kept = piece.has("keep") != piece.negated
            return _Action(("only",) if kept else ("keep",))
        if piece.has("only"):
            return _Action(("only", way) if way and not piece.negated else ("only",))
        if piece.has("all") and piece.has("keep"):
            return _Action(("only",))
        if piece.has("keep") and not piece.has("stop"):
            return _Action(() if piece.negated else ("keep",))
        if way:
            return _Action((way,))
        if piece.has("stop"):
            return _Action(("keep",) if piece.negated else ("down",))
        if piece.has("start"):
            return _Action(("keep",) if piece.negated else ("up",))
        return _Action(("keep",) if piece.negated else ())

    def _nearest(self, piece: Piece, kinds: tuple[str, ...]) -> str:
        places = [position for named in piece.named for position in named.positions] or [
            piece.positions.start
        ]
        cues = [cue for cue in piece.cues if cue.kind in kinds]
        return min(cues, key=lambda cue: min(abs(cue.positions[0] - place) for place in places)).kind

    # ------------------------------------------------------------------ numbers

    def _numbers(self, piece: Piece, names: Sequence[str]) -> bool:
        """Take a number as a range or a largest change of every feature that its unit fits."""
        position = piece.numbers[0]
        token = self.tokens[position]
        unit, period = self._unit(position, piece)
        taken = False
        for name in names:
            feature = self.schema.feature(name)
            number = converted(feature, token.number or 0.0, unit, period)
            if number is None or feature.named or feature.kind == "binary":
                continue
            taken = True
            if token.upper is not None:
                upper = converted(feature, token.upper, unit, period)
                self._add(Wish("range", name, low=number, high=upper), piece)
            elif self._relative(piece, position) and number > 0:
                self._add(Wish("by", name, high=number), piece)
                if piece.has("less", "more") and not piece.negated:
                    down = self._nearest(piece, ("less", "more")) == "less"
                    self._add(Wish("down" if down else "up", name), piece)
            else:
                self._add(self._bounded(piece, name, number), piece)
                if piece.has("less", "more") and not piece.negated and not piece.has("above", "below"):
                    down = self._nearest(piece, ("less", "more")) == "less"
                    self._add(Wish("down" if down else "up", name), piece)
        return taken

    def _relative(self, piece: Piece, position: int) -> bool:
        """Whether a number is how much something changes: "by 3", "2 hours more", "no more than 30 extra"."""
        if piece.has("change") or any(c.kind == "by" and c.positions[0] < position for c in piece.cues):
            return True
        return any(cue.kind in ("less", "more") and cue.positions[0] > position for cue in piece.cues)

    def _bounded(self, piece: Piece, name: str, number: float) -> Wish:
        lower = piece.has("at_least")
        upper = piece.has("at_most")
        if piece.has("above", "below") and not (lower or upper):
            lower = piece.has("above") != piece.negated
            upper = not lower
        if not lower and not upper:
            lower = upper = True
        return Wish("range", name, low=number if lower else None, high=number if upper else None)

    def _unit(self, position: int, piece: Piece) -> tuple[str, str]:
        unit = period = ""
        for offset in range(position + 1, min(position + 6, piece.positions.stop)):
            word = self.tokens[offset].word
            if not unit and offset <= position + 3 and word in self.units:
                unit = word
            elif word in PERIOD_WORDS:
                period = word
        return unit, period

    # ------------------------------------------------------------------ results

    def _add(self, wish: Wish, piece: Piece, extra: Sequence[int] = ()) -> None:
        named = [position for entry in piece.named for position in entry.positions]
        cued = [position for cue in piece.cues for position in cue.positions]
        about_all = _general_words() if not wish.feature else frozenset()
        general = [
            p
            for p in piece.positions
            if about_all and (p not in piece.unknown or self.tokens[p].word in about_all)
        ]
        places = sorted({*named, *cued, *piece.numbers, *extra, *general})
        self.used.update(places)
        if wish.feature:
            self.used.update(p for n in self.named if wish.feature in n.features for p in n.positions)
        words = self.sentence[self.tokens[places[0]].start : self.tokens[places[-1]].end]
        self.wishes.append(replace(wish, words=" ".join(words.split())))

    def _unread(self) -> tuple[str, ...]:
        left = [
            self.sentence[token.start : token.end]
            for position, token in enumerate(self.tokens)
            if position not in self.used
            and (token.number is not None or (token.is_word and not says_nothing(token.word)))
            and token.word not in self.units
        ]
        return tuple(dict.fromkeys(left))


@cache
def _general_words() -> frozenset[str]:
    phrases = (phrase for listed in english()["general"].values() for phrase in listed)
    return frozenset(word for phrase in phrases for word in phrase.split())


def _joined_ranges(wishes: Sequence[Wish]) -> Iterator[Wish]:
    """Two half-open ranges of one feature as one, where it stood first."""
    ranges: dict[str, Wish] = {}
    for wish in wishes:
        if wish.kind == "range":
            other = ranges.get(wish.feature, wish)
            low = wish.low if other.low is None else other.low
            high = wish.high if other.high is None else other.high
            ranges[wish.feature] = replace(other, low=low, high=high)
    for wish in wishes:
        if wish.kind != "range":
            yield wish
        elif wish.feature in ranges:
            yield ranges.pop(wish.feature)


def _touches(found: Sequence[Token], left: int, right: int) -> bool:
    """Whether nothing but words that say nothing and other joints stands between two tokens."""
    between = range(left + 1, right)
    return left < right and all(found[p].word in _SMALL_BETWEEN for p in between)


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
