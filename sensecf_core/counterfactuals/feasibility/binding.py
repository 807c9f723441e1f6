"""The limits of a query that hold it back: of which lifting one lets something cross the line."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from sensecf_core.counterfactuals.problem.constraints import held_by_reference
from sensecf_core.counterfactuals.problem.problem import Problem
from sensecf_core.queries.answer import BindingLimit, LimitKind
from sensecf_core.queries.limits import Limits

Crosses = Callable[[Sequence[Limits]], Sequence[bool]]
"""Whether something crosses the line under each of some limits."""


def binding_limits(problem: Problem, crosses: Crosses) -> tuple[BindingLimit, ...]:
    """The limits of a query of which lifting one is enough, as ``crosses`` says.

    Reference ranges are lifted all at once, and where that does, one by one: those that do alone are named,
    all of them together only where none does.
    """
    found = _those_that_cross((*_of_limits(problem.space.query.limits), *_all_references(problem)), crosses)
    together = next((limit for limit in found if len(limit.features) > 1), None)
    if together is None:
        return found
    alone = _those_that_cross(_each_reference(problem, together), crosses)
    where = found.index(together)
    return (*found[:where], *(alone or (together,)), *found[where + 1 :])


def _those_that_cross(limits: Sequence[BindingLimit], crosses: Crosses) -> tuple[BindingLimit, ...]:
    does = crosses([limit.limits for limit in limits]) if limits else ()
    return tuple(limit for limit, yes in zip(limits, does, strict=True) if yes)


def _of_limits(limits: Limits) -> Iterator[BindingLimit]:
    lift = _Lift(limits)
    for name in limits.frozen:
        others = tuple(other for other in limits.frozen if other != name)
        yield lift.one("frozen", f"`{name}` is frozen", name, frozen=others)
    for name, (low, high) in limits.ranges.items():
        ranges = {other: span for other, span in limits.ranges.items() if other != name}
        yield lift.one("range", f"`{name}` is held to {low:g} to {high:g}", name, ranges=ranges)
    for name, levels in limits.levels.items():
        remaining = {other: names for other, names in limits.levels.items() if other != name}
        yield lift.one("levels", f"`{name}` is held to {' or '.join(levels)}", name, levels=remaining)
    more = limits.max_changes + 2
    text = f"at most {limits.max_changes} changes ({more} would do)"
    yield lift.one("max_changes", text, max_changes=more)
    if limits.profile == "behaviour":
        text = "only behaviours may move (`intervention` limits would do)"
        yield lift.one("profile", text, profile="intervention")
    if limits.profile != "contrast":
        text = f"what `{limits.profile}` limits call realistic (`contrast` limits would do)"
        yield lift.one("profile", text, profile="contrast", ranges={}, levels={})


def _all_references(problem: Problem) -> tuple[BindingLimit, ...]:
    """Let every value move further than its reference range asks for; nothing where none holds."""
    fitted, space = problem.fitted, problem.space
    limits = space.query.limits
    factual = dict(zip(space.schema.names, space.factual.tolist(), strict=True))
    held = held_by_reference(space.schema, fitted.domain, factual, limits)
    spans = {entry.feature: (entry.values[0], entry.values[-1]) for entry in held}
    if not spans:
        return ()
    if len(spans) == 1:
        text = _of_one(next(iter(spans)))
    else:
        names = ", ".join(f"`{name}`" for name in spans)
        text = f"no value moves further than its reference range asks for ({names})"
    lift = _Lift(limits)
    return (lift.one("reference_range", text, *spans, ranges={**limits.ranges, **spans}),)


def _each_reference(problem: Problem, together: BindingLimit) -> tuple[BindingLimit, ...]:
    """The same, one feature at a time."""
    limits = problem.space.query.limits
    lift, spans = _Lift(limits), together.limits.ranges
    return tuple(
        lift.one("reference_range", _of_one(name), name, ranges={**limits.ranges, name: spans[name]})
        for name in together.features
    )


def _of_one(name: str) -> str:
    return f"`{name}` moves no further than its reference range asks for"


@dataclass(frozen=True)
class _Lift:
    """Limits of which one is to be lifted."""

    limits: Limits

    def one(self, kind: LimitKind, text: str, *features: str, **lifted: object) -> BindingLimit:
        limits = self.limits.model_copy(update=lifted)
        return BindingLimit(kind=kind, features=features, text=text, limits=limits)
