"""Answers of several methods to one query: their changes, the limits they break, where they agree."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from sensecf_core.cohorts.encoding import to_code
from sensecf_core.cohorts.feature import Feature
from sensecf_core.cohorts.schema import Schema
from sensecf_core.queries.answer import Answer, Change, Counterfactual

Options = Mapping[str, tuple[Counterfactual, ...]]
"""The options of each method that found any, by method."""
Way = Literal["up", "down", "other"]
"""The direction in which a method moves a feature; ``other`` where options differ or levels have no order."""


@dataclass(frozen=True)
class Broken:
    """The limits and rules that a method's candidates break, before anything was checked or refined.

    Attributes
    ----------
    readable, unreadable : how many candidates could be read as changes, and how many could not.
    candidates : how many of the readable ones break a limit or a rule.
    phrases : each violation in words, and by how many candidates; the most frequent first.
    """

    readable: int
    unreadable: int
    candidates: int
    phrases: tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class Agreement:
    """One feature, and the direction in which each method that changes it moves it."""

    feature: str
    ways: Mapping[str, Way]


def broken(answer: Answer) -> Broken:
    """Count which limits and rules the candidates of an answer break."""
    trace = answer.trace
    phrases = Counter(phrase for candidate in trace.candidates for phrase in candidate.violations)
    return Broken(
        readable=trace.readable,
        unreadable=trace.proposed - trace.readable,
        candidates=trace.readable - trace.within_limits,
        phrases=tuple(sorted(phrases.items(), key=lambda item: (-item[1], item[0]))),
    )


def options(answers: Iterable[Answer], *, best_only: bool) -> Options:
    """The options of every answer that has any; with ``best_only`` each one's first."""
    return {
        answer.method: answer.counterfactuals[:1] if best_only else answer.counterfactuals
        for answer in answers
        if answer.counterfactuals
    }


def features(schema: Schema, found: Options) -> tuple[Feature, ...]:
    """The features that any option changes, in the schema's order."""
    changed = {name for options in found.values() for option in options for name in option.changes}
    return tuple(feature for feature in schema.features if feature.name in changed)


def changes(options: Iterable[Counterfactual], feature: str) -> tuple[Change, ...]:
    """The different changes of one feature among some options, in their order."""
    return tuple(dict.fromkeys(option.changes[feature] for option in options if feature in option.changes))


def agreement(schema: Schema, found: Options) -> tuple[Agreement, ...]:
    """Which methods change each feature; what most methods change comes first, then the schema's order."""
    agreed = [
        Agreement(
            feature.name,
            {
                method: _way(feature, moved)
                for method, options in found.items()
                if (moved := changes(options, feature.name))
            },
        )
        for feature in features(schema, found)
    ]
    return tuple(sorted(agreed, key=lambda row: -len(row.ways)))


def _way(feature: Feature, moved: tuple[Change, ...]) -> Way:
    if feature.kind == "categorical":
        return "other"
    signs = {to_code(feature, change.after) > to_code(feature, change.before) for change in moved}
    if len(signs) > 1:
        return "other"
    return "up" if signs.pop() else "down"
