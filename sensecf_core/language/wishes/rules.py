"""The control: wishes read by matching and rules alone, without a language model.

A sentence is cut into pieces at signs and at words like "and". A piece names features (:mod:`.vocabulary`)
and says something of them by cues (``english.toml``): "leave", "less", "at most". Negations in a piece count
together, so two undo each other. A piece without a cue takes that of its neighbour, one without a feature the
features before it ("… and that is not going to change"), unless it names something that the schema does not
know.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache

from sensecf_core.cohorts.schema import Schema
from sensecf_core.language.wishes.pieces import SMALL_BETWEEN, Piece, cut
from sensecf_core.language.wishes.spotted import Spotted
from sensecf_core.language.wishes.units import UNIT_WORDS, converted
from sensecf_core.language.wishes.vocabulary import english
from sensecf_core.language.wishes.wish import Understood, Wish, WishKind, without_repeats

READER = "rules"
_PERCENT_WORDS = frozenset({"percent", "%", "out"})


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
        self.spotted = Spotted(schema, sentence)
        self.tokens = self.spotted.tokens
        self.wishes: list[Wish] = []
        self.used: set[int] = set()
        self.mentioned: list[str] = []
        self.pending: list[Piece] = []
        self.last: tuple[str, ...] = ()
        self.last_action: tuple[_Action, bool] | None = None

    def run(self) -> Understood:
        for piece in cut(self.spotted):
            if piece.hard:
                self.pending, self.last_action = [], None
            if not (self._general(piece) or self._levels(piece)):
                self._about_features(piece)
            if piece.features:
                self.last = piece.features
                self.mentioned += piece.features
        return Understood(
            self.spotted.sentence, without_repeats(_joined_ranges(self.wishes)), self._unread(), READER
        )

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
        of_percent = bool(words & _PERCENT_WORDS) or self.tokens[piece.numbers[0]].part
        waiting = [self.schema.feature(name).unit for name in self._waiting()]
        return named or (of_percent and "%" not in waiting and not words & UNIT_WORDS - {"%", "percent"})

    def _waiting(self) -> tuple[str, ...]:
        return tuple(name for piece in self.pending for name in piece.features) or self.last

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
        if piece.numbers:
            if self._numbers(piece, names):
                self.last_action = None
                return
            if not piece.features:
                return  # "and lose 5 kg" is not about the smoking that was named before
        action = self._action(piece)
        self.last_action = (action, piece.cue_first)
        for kind in action.kinds:
            for name in names:
                # A number that is still here fits none of the features.
                said = [p for h in helpers for p in h.positions]
                self._add(Wish(kind, name), piece, extra=said, with_numbers=not piece.numbers)

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
        return all(p in named or self.tokens[p].word in SMALL_BETWEEN for p in piece.positions)

    def _action(self, piece: Piece) -> _Action:
        """What a piece without a number says of its features."""
        way: WishKind | None = None
        if piece.has("less", "more", "below", "above"):
            nearest = self._nearest(piece, ("less", "more", "below", "above"))
            way = "down" if nearest in ("less", "below") else "up"
            if piece.negated:
                way = "up" if way == "down" else "down"
        unless = piece.negated
        meanings: tuple[tuple[bool, tuple[WishKind, ...]], ...] = (
            (piece.has("all_but", "except"), ("only",) if piece.has("keep") != unless else ("keep",)),
            (piece.has("only"), ("only", way) if way and not unless else ("only",)),
            (piece.has("all") and piece.has("keep"), ("only",)),
            (piece.has("keep") and not piece.has("stop"), () if unless else ("keep",)),
            (way is not None, (way or "keep",)),
            (piece.has("stop"), ("keep",) if unless else ("down",)),
            (piece.has("start"), ("keep",) if unless else ("up",)),
            (True, ("keep",) if unless else ()),
        )
        return _Action(next(kinds for said, kinds in meanings if said))

    def _nearest(self, piece: Piece, kinds: tuple[str, ...]) -> str:
        places = [position for named in piece.named for position in named.positions] or [
            piece.positions.start
        ]
        cues = [cue for cue in piece.cues if cue.kind in kinds]
        return min(cues, key=lambda cue: min(abs(cue.positions[0] - place) for place in places)).kind

    def _numbers(self, piece: Piece, names: Sequence[str]) -> bool:
        """Take a number as a range or a largest change of every feature that its unit fits."""
        position = piece.numbers[0]
        token = self.tokens[position]
        unit, period = self.spotted.unit_after(position, piece.positions.stop)
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

    def _add(self, wish: Wish, piece: Piece, extra: Sequence[int] = (), *, with_numbers: bool = True) -> None:
        named = [position for entry in piece.named for position in entry.positions]
        cued = [position for cue in piece.cues for position in cue.positions]
        about_all = _general_words() if not wish.feature else frozenset()
        general = [
            p
            for p in piece.positions
            if about_all and (p not in piece.unknown or self.tokens[p].word in about_all)
        ]
        numbers = piece.numbers if with_numbers else []
        places = sorted({*named, *cued, *numbers, *extra, *general})
        self.used.update(places)
        if wish.feature:
            self.used.update(p for n in self.spotted.named if wish.feature in n.features for p in n.positions)
        words = self.spotted.sentence[self.tokens[places[0]].start : self.tokens[places[-1]].end]
        self.wishes.append(replace(wish, words=" ".join(words.split())))

    def _unread(self) -> tuple[str, ...]:
        left = [p for p in range(len(self.tokens)) if p not in self.used and not self.spotted.is_silent(p)]
        words = (self.spotted.sentence[self.tokens[p].start : self.tokens[p].end] for p in left)
        return tuple(dict.fromkeys(words))


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
