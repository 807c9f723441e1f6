"""What people decided about options, as answers that a language model should prefer and avoid.

A kept option of a row stands against each option of the same row that was rejected, in the prompt of the
question that gave the rejected one: whoever rejects an option and then keeps one that was asked with other
limits has preferred the second.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from sensecf_core.cohorts.encoding import to_code
from sensecf_core.cohorts.schema import Schema
from sensecf_core.counterfactuals.problem.fitted_cohort import FittedCohort
from sensecf_core.counterfactuals.problem.make_queries import make_queries
from sensecf_core.counterfactuals.proposers.tuned_prompt import TunedPrompt, scale_of, training_example
from sensecf_core.counterfactuals.search.effects import Source, estimate_effects
from sensecf_core.errors import InputError
from sensecf_core.language.training.batches import TrainingExample
from sensecf_core.queries.answer import Edits
from sensecf_core.queries.limits import Limits
from sensecf_core.queries.query import PromptHints, Query


@dataclass(frozen=True)
class DecidedOption:
    """One option that somebody kept or rejected, in which decision, and the question that gave it."""

    participant_id: str
    row_id: str
    desired: Literal[0, 1]
    limits: Limits
    edits: Edits
    kept: bool
    decision_id: str

    @property
    def row(self) -> tuple[str, str, Literal[0, 1]]:
        """The row, and the class to reach."""
        return self.participant_id, self.row_id, self.desired


@dataclass(frozen=True)
class JudgedQuery:
    """A query, what its prompt tells, and the answers that people kept and rejected; neither is empty.

    ``decisions`` are the ids of those that the answers come from.
    """

    query: Query
    hints: PromptHints
    kept: tuple[Edits, ...]
    rejected: tuple[Edits, ...]
    decisions: frozenset[str]

    @property
    def pairs(self) -> int:
        """How many times a kept answer stands against a rejected one."""
        return len(self.kept) * len(self.rejected)


def judged_queries(
    fitted: FittedCohort, options: Sequence[DecidedOption], source: Source = "shap"
) -> tuple[JudgedQuery, ...]:
    """Set kept options against rejected ones of the same row and desired class, one prompt a question.

    Options that a model could not have written under the question's limits are left out, and so is a question
    without both kinds. ``source`` is what the prompt tells of changes.
    """
    rejected: dict[tuple[tuple[str, str, Literal[0, 1]], str], list[DecidedOption]] = {}
    for option in options:
        if not option.kept:
            rejected.setdefault((option.row, option.limits.model_dump_json()), []).append(option)
    found = []
    told = set(scale_of(fitted).order) if source == "profile" else None
    for (of_row, _), against in rejected.items():
        participant, row, desired = of_row
        query = make_queries(fitted, [(participant, row)], desired, against[0].limits)[0]
        kept = [one for one in options if one.kept and one.row == of_row]
        if told is not None:
            query = query.model_copy(
                update={"movable": tuple(item for item in query.movable if item.feature in told)}
            )
        better, worse = (_written(fitted.schema, query, part) for part in (kept, against))
        if better and worse:
            found.append((query, better, worse))
    hints = estimate_effects(fitted, [query for query, _, _ in found], source)
    return tuple(
        JudgedQuery(
            query,
            told,
            tuple(one.edits for one in better),
            tuple(one.edits for one in worse),
            frozenset(one.decision_id for one in (*better, *worse)),
        )
        for (query, better, worse), told in zip(found, hints, strict=True)
    )


def _written(schema: Schema, query: Query, options: Iterable[DecidedOption]) -> tuple[DecidedOption, ...]:
    """The options, of each change the last, that the query's limits let a model write."""
    values = {entry.feature: entry.values for entry in query.movable}
    written: dict[str, DecidedOption] = {}
    for option in options:
        codes = {
            name: to_code(schema.feature(name), value)
            for name, value in option.edits.items()
            if name in schema.positions
        }
        may = len(codes) == len(option.edits) <= query.limits.max_changes and all(
            name in values and bool(np.isclose(values[name], code).any()) for name, code in codes.items()
        )
        if may:
            written[repr(sorted(codes.items()))] = option
    return tuple(written.values())


def examples(prompt: TunedPrompt, tokenizer: Any, found: Iterable[JudgedQuery]) -> list[TrainingExample]:
    """Write each as a prompt with answers to prefer and to avoid."""
    return [
        training_example(prompt, tokenizer, one.query, one.hints, answers=one.kept, rejected=one.rejected)
        for one in found
    ]


def hold_out(
    found: Sequence[JudgedQuery], share: float, seed: int
) -> tuple[tuple[JudgedQuery, ...], tuple[JudgedQuery, ...]]:
    """Those to learn from, and those of a ``share`` of the people to measure on; nobody is in both.

    Each side has at least one person. Raises ``InputError`` for fewer than two people.
    """
    people = sorted({one.query.participant_id for one in found})
    if len(people) < 2:
        raise InputError(
            "What is learned is a kept option against a rejected one of the same row, and it is measured on "
            f"other people; {len(people) or 'no'} participant has both, so there is nothing to learn."
        )
    order = np.random.default_rng(seed).permutation(len(people))
    most = min(len(people) - 1, max(1, round(share * len(people))))
    held = {people[index] for index in order[:most]}
    return (
        tuple(one for one in found if one.query.participant_id not in held),
        tuple(one for one in found if one.query.participant_id in held),
    )
