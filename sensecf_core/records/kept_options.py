"""The options of an answer that somebody kept, and each in words."""

from __future__ import annotations

from collections.abc import Sequence

from sensecf_core.cohorts.schema import Schema
from sensecf_core.counterfactuals.checks.sentences import sentence
from sensecf_core.errors import InputError
from sensecf_core.queries.answer import Answer, Counterfactual


def kept_options(answer: Answer, kept: Sequence[int] | None) -> tuple[tuple[int, Counterfactual], ...]:
    """The options of an answer that were kept, each with its number; ``None`` keeps all of them.

    Numbers count from 1, as pages and commands show them. Raises ``InputError`` for one that is not there.
    """
    numbered = tuple(enumerate(answer.counterfactuals, start=1))
    if kept is None:
        return numbered
    for number in kept:
        if not 1 <= number <= len(numbered):
            there = {0: "no options", 1: "option 1 alone"}.get(len(numbered), f"options 1 to {len(numbered)}")
            raise InputError(f"There is no option {number}: answer {answer.answer_id} has {there}.")
    return tuple(pair for pair in numbered if pair[0] in kept)


def in_words(answer: Answer, schema: Schema, option: Counterfactual) -> str:
    """The sentence of an option; one that was stored without a sentence gets it now."""
    return option.sentence or sentence(
        schema,
        option.changes,
        profile=answer.limits.profile,
        before=answer.factual.probability,
        after=option.probability,
        threshold=answer.threshold,
        goal=answer.goal,
        reliable_reduction=option.reliable_reduction,
    )
