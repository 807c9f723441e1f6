"""The options of an answer that somebody kept, and each in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sensecf_core.cohorts.schema import Schema
from sensecf_core.counterfactuals.checks.effort import of_option
from sensecf_core.counterfactuals.checks.sentences import believed, lower_first, sentence
from sensecf_core.errors import InputError
from sensecf_core.queries.answer import Answer, Change, Counterfactual, Effort


@dataclass(frozen=True)
class KeptOption:
    """An option, its number, and the answer that it belongs to: the one asked for, or that of behaviours."""

    number: int
    answer: Answer
    option: Counterfactual

    @property
    def believed(self) -> str:
        """Its grade and what that rests on."""
        return believed(self.option, self.answer.goal.kind)

    def effort_in_words(self, schema: Schema, own: Mapping[str, Effort]) -> str:
        """How hard it is; empty for an explanation. ``own`` is what was said of the person, by feature."""
        if self.answer.limits.profile == "contrast":
            return ""
        return effort_in_words(schema, self.option.changes, self.option.effort, own)

    def in_words(self, schema: Schema) -> str:
        """Its sentence; one that was stored without a sentence gets it now."""
        return self.option.sentence or sentence(
            schema,
            self.option.changes,
            profile=self.answer.limits.profile,
            before=self.answer.factual.probability,
            after=self.option.probability,
            threshold=self.answer.threshold,
            goal=self.answer.goal,
            reliable_reduction=self.option.reliable_reduction,
        )


def effort_in_words(
    schema: Schema, changes: Mapping[str, Change], default: Mapping[str, Effort], own: Mapping[str, Effort]
) -> str:
    """How hard changes are, whether by default or as said of the person, and what is not estimated."""
    level = of_option(changes, default, own)
    if level is None:
        return "Effort: not estimated."
    labels = {
        name: lower_first(schema.feature(name).label) if name in schema.positions else name
        for name in changes
    }
    said = [f"{label} {own[name]}" for name, label in labels.items() if name in own]
    unknown = [label for name, label in labels.items() if name not in own and name not in default]
    open_ = f" Not estimated, counted as moderate: {', '.join(unknown)}." if unknown else ""
    if not said:
        basis = "by default: how far values move, not how hard that is for this person."
        return f"Effort: {level}, {basis}{open_}"
    return f"Effort: {level}. Said of this person: {', '.join(said)}.{open_}"


def kept_options(answer: Answer, kept: Sequence[int] | None) -> tuple[KeptOption, ...]:
    """The options of an answer that were kept; ``None`` keeps all of them.

    Each has the number that it was given with the answer, and they stand in its order. An answer that was
    kept before options had numbers counts its counterfactuals from 1, then what behaviours alone have beside
    these. Raises ``InputError`` for a number that is not there.
    """
    numbered = _numbered(answer)
    if kept is None:
        return numbered
    for number in kept:
        if not 1 <= number <= len(numbered):
            there = {0: "no options", 1: "option 1 alone"}.get(len(numbered), f"options 1 to {len(numbered)}")
            raise InputError(f"There is no option {number}: answer {answer.answer_id} has {there}.")
    return tuple(one for one in numbered if one.number in kept)


def _numbered(answer: Answer) -> tuple[KeptOption, ...]:
    found = [(answer, option) for option in answer.counterfactuals]
    changes = [option.changes for option in answer.counterfactuals]
    if answer.behaviours is not None:
        beside = answer.behaviours.counterfactuals
        found += [(answer.behaviours, option) for option in beside if option.changes not in changes]
    by_number: dict[int, KeptOption] = {}
    for place, (of, option) in enumerate(found, start=1):
        number = option.number or place
        by_number.setdefault(number, KeptOption(number, of, option))
    return tuple(by_number[number] for number in sorted(by_number))
