"""Confirmed wishes as the fields of a request: a pure step, taken only once somebody has confirmed."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from sensecf_core.cohorts.encoding import Value, to_code
from sensecf_core.cohorts.feature import Feature
from sensecf_core.cohorts.schema import Profile, Schema
from sensecf_core.errors import InputError
from sensecf_core.language.wishes.wish import GENERAL_KINDS, Wish
from sensecf_core.queries.request import ExplainRequest
from sensecf_core.types import Span

Allowed = Mapping[str, Span | tuple[str, ...]]
"""Feature that may move → the widest range (in its unit), or the levels, that a suggestion may name."""


@dataclass(frozen=True)
class Row:
    """What has to be known of one row to put wishes into a request for it.

    Attributes
    ----------
    factual : the row, feature name → value: "may only fall" ends there.
    movable : feature → the values (codes) that it may take before any wish.
    allowed : what the profile of :func:`wished_profile` lets a request name.
    held : features that could move (further) if their reference range did not hold them.
    """

    factual: Mapping[str, Value]
    movable: Mapping[str, Sequence[float]]
    allowed: Allowed
    held: Collection[str] = ()


@dataclass(frozen=True)
class Wished:
    """A request with the wishes in it; ``notes`` say of each wish that alters nothing why."""

    request: ExplainRequest
    notes: tuple[str, ...]


def wished_profile(wishes: Iterable[Wish], request: ExplainRequest, default: Profile) -> Profile:
    """Whose limits hold once the wishes do; raises ``InputError`` if two are asked for."""
    asked = {wish.choices[0] for wish in wishes if wish.kind == "limits"}
    if request.profile is not None:
        asked.add(request.profile)
    if len(asked) > 1:
        raise InputError(f"Limits cannot be both {' and '.join(sorted(asked))}; choose one.")
    return cast("Profile", asked.pop()) if asked else default


def wished_request(schema: Schema, request: ExplainRequest, wishes: Sequence[Wish], row: Row) -> Wished:
    """Put confirmed wishes into a request for one row; limits that the request has already hold as well.

    A range that is said lifts a feature's reference range, as one of the request does; a direction does not.

    Raises ``InputError`` where wishes contradict each other or the request, leave a feature no value, or
    leave nothing to move.
    """
    _refuse_contradictions(schema, wishes)
    allowed = row.allowed
    only = {wish.feature for wish in wishes if wish.kind == "only"}
    frozen = dict.fromkeys(request.frozen)
    if only:
        frozen.update(dict.fromkeys(name for name in allowed if name not in only))
    ranges, levels, notes = dict(request.ranges), dict(request.levels), []
    for name in dict.fromkeys(wish.feature for wish in wishes if wish.feature):
        feature = schema.feature(name)
        about = [wish for wish in wishes if wish.feature == name and wish.kind != "only"]
        if name not in allowed:
            if any(wish.kind != "keep" for wish in about) or name in only:
                notes.append(f"{feature.label} may not move under these limits, whatever was said.")
            continue
        if name in request.frozen and any(wish.kind != "keep" for wish in about):
            notes.append(f"{feature.label} is frozen by the request, whatever was said.")
            continue
        movable = row.movable.get(name, ())
        reach = _Reach(feature, row.factual[name], allowed[name], movable, held=name in row.held)
        reach.narrow(about, request)
        if reach.frozen:
            frozen[name] = None
            notes += reach.notes
        elif feature.named and reach.limited:
            levels[name] = tuple(reach.levels)
        elif reach.limited:
            ranges[name] = reach.span
    if not set(allowed) - set(frozen):
        raise InputError("These wishes leave nothing that may move; take one of them back.")
    ranges = {name: span for name, span in ranges.items() if name not in frozen}
    levels = {name: names for name, names in levels.items() if name not in frozen}
    update = {"frozen": tuple(frozen), "ranges": ranges, "levels": levels, **_general(wishes, request)}
    return Wished(request.model_copy(update=update), tuple(notes))


def _refuse_contradictions(schema: Schema, wishes: Sequence[Wish]) -> None:
    for name in {wish.feature for wish in wishes if wish.feature}:
        label = schema.feature(name).label
        kinds = {wish.kind for wish in wishes if wish.feature == name}
        if "keep" in kinds and kinds - {"keep"}:
            raise InputError(f"{label} is both to stay and to change; take one of the two back.")
        if {"up", "down"} <= kinds:
            raise InputError(f"{label} may only rise and may only fall; take one of the two back.")
    for kind in GENERAL_KINDS:
        asked = {wish.limit for wish in wishes if wish.kind == kind}
        if kind != "changes" and len(asked) > 1:
            raise InputError(
                f"More than one {'profile of limits' if kind == 'limits' else kind} is asked for."
            )
    if {"goal", "risk"} <= {wish.kind for wish in wishes}:
        raise InputError("A risk to reach is a goal of its own; take it or the other goal back.")


def _general(wishes: Sequence[Wish], request: ExplainRequest) -> dict[str, Any]:
    """The fields about the whole request; what it says already has to agree."""
    update: dict[str, Any] = {}
    for wish in wishes:
        if wish.kind == "changes" and wish.high is not None:
            update["max_changes"] = min(int(wish.high), update.get("max_changes", int(wish.high)))
        elif wish.kind == "limits":
            update["profile"] = wish.choices[0]
        elif wish.kind == "goal":
            _refuse_other_goal(
                request, request.target is not None or request.goal not in (None, *wish.choices)
            )
            update["goal"] = wish.choices[0]
        elif wish.kind == "risk":
            _refuse_other_goal(request, request.goal is not None or request.target not in (None, wish.high))
            update["target"] = wish.high
    return update


def _refuse_other_goal(request: ExplainRequest, other: bool) -> None:
    if other:
        has = request.goal if request.target is None else f"a risk of {request.target:g}"
        raise InputError(f"The request has a goal already ({has}); leave that or the wish out.")


@dataclass
class _Reach:
    """Where one feature may go, narrowed wish by wish."""

    feature: Feature
    value: Value
    allowed: Span | tuple[str, ...]
    movable: Sequence[float]
    held: bool = False
    low: float = field(init=False)
    high: float = field(init=False)
    levels: list[str] = field(init=False)
    frozen: bool = False
    limited: bool = False
    notes: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        if self.feature.named:
            self.levels = [level for level in self.feature.levels if level in self.allowed]
        else:
            self.levels = []
            self.low, self.high = (float(end) for end in self.allowed)

    @property
    def span(self) -> Span:
        return (self.low, self.high)

    def narrow(self, wishes: Sequence[Wish], request: ExplainRequest) -> None:
        """Take in the wishes about this feature and what the request says of it."""
        if self.value is None and wishes:
            self._stop(f"{self.feature.label} was not measured, so it stays as it is.")
            return
        said = [wish for wish in wishes if wish.kind in ("range", "levels")]
        for wish in said:
            self._within(wish.low, wish.high, wish.choices)
        if self.feature.name in request.ranges:
            self._within(*request.ranges[self.feature.name], ())
        if self.feature.name in request.levels:
            self._within(None, None, request.levels[self.feature.name])
        if said and self._empty:
            raise InputError(
                f"What was said of {self.feature.label} leaves no value that may be suggested "
                f"({self._allowed_text()}); widen it or take it back."
            )
        self.frozen = any(wish.kind == "keep" for wish in wishes)
        for wish in wishes:
            if wish.kind in ("up", "down", "by"):
                self._moves(wish, free=bool(said))
        if not self.frozen and self._empty:
            self._stop(f"{self.feature.label} stays as it is: {self._why_not()}.")

    @property
    def _empty(self) -> bool:
        return not self.levels if self.feature.named else self.low > self.high

    def _why_not(self) -> str:
        """Why no value is left, though nothing was said that would leave none by itself."""
        if self.held and not self.movable:
            return "its reference range asks for no more; say a range to move it all the same"
        if not self.movable:
            return "it is already at the end of what may be suggested"
        return "what may be suggested from here lies another way, or farther off"

    def _allowed_text(self) -> str:
        if self.feature.named:
            return " or ".join(str(level) for level in self.allowed)
        unit = f" {self.feature.unit}" if self.feature.unit else ""
        low, high = self.allowed
        return f"{low:g} to {high:g}{unit}"

    def _stop(self, note: str) -> None:
        self.frozen = True
        self.notes.append(note)

    def _within(self, low: float | None, high: float | None, choices: tuple[str, ...]) -> None:
        self.limited = True
        if self.feature.named:
            self.levels = [level for level in self.levels if not choices or level in choices]
            return
        self.low = self.low if low is None else max(self.low, low)
        self.high = self.high if high is None else min(self.high, high)

    def _moves(self, wish: Wish, *, free: bool) -> None:
        """Only one way from the person's value, or only so far; ``free``: within what was said."""
        code = to_code(self.feature, self.value)
        low = code if wish.kind == "up" else code - (wish.high or 0.0) if wish.kind == "by" else -math.inf
        high = code if wish.kind == "down" else code + (wish.high or 0.0) if wish.kind == "by" else math.inf
        values = [value for value in self.movable if low <= value <= high]
        if self.feature.named:
            self._within(None, None, tuple(self.feature.levels[int(value)] for value in values) or ("",))
        elif free:
            self._within(low, high, ())
        elif values:
            self._within(min(code, *values), max(code, *values), ())
        else:
            self.low, self.high = math.inf, -math.inf
