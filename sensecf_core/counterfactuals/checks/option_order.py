"""The order in which people read the options of an answer, and the one number that each option has."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

from sensecf_core.cohorts.encoding import Value
from sensecf_core.cohorts.schema import Schema
from sensecf_core.counterfactuals.checks.effort import of_option, rank
from sensecf_core.counterfactuals.checks.grades import RANKS
from sensecf_core.queries.answer import Answer, Change, Counterfactual, Effort

Found = tuple[Answer, Counterfactual]
"""A counterfactual, and the answer that it belongs to: the one asked for, or that of behaviours alone."""
_Key = frozenset[tuple[str, Value, Value]]


def in_order(schema: Schema, answer: Answer) -> tuple[Found, ...]:
    """Every different option of an answer and of the behaviours asked beside it, as people read them.

    What changes behaviours alone stands first, then those in which a clinical value would have to follow;
    solid before fragile in each, then few changes, then little effort, then as they were chosen (near, and
    different from each other); where the risk is only lowered, by how much is part of how they were chosen,
    and comes before few and easy. The first ``k`` (those asked for) are so filled that behaviours have half
    of the places, or those that the others leave; what finds no place follows. Explanations stay as they
    came.
    """
    own: list[Found] = [(answer, option) for option in answer.counterfactuals]
    if answer.limits.profile == "contrast":
        return tuple(_different(own))
    beside: list[Found] = []
    if answer.behaviours is not None:
        beside = [(answer.behaviours, option) for option in answer.behaviours.counterfactuals]
    found = _different([*own, *beside])
    alone = _solid_first([pair for pair in found if not is_clinical(schema, pair[1])])
    others = [pair for pair in found if is_clinical(schema, pair[1])]
    most = int(answer.settings.get("k", len(found)))
    first = max(most - len(others), math.ceil(most / 2))
    second = most - len(alone[:first])
    return (*alone[:first], *others[:second], *alone[first:], *others[second:])


def is_clinical(schema: Schema, option: Counterfactual) -> bool:
    """Whether an option moves anything that a person does not do."""
    known = (schema.feature(name) for name in option.changes if name in schema.positions)
    return any(feature.role != "behaviour" for feature in known)


def numbered(schema: Schema, answer: Answer) -> Answer:
    """Give every option its number, from 1 in the order of :func:`in_order`; the same changes have the same.

    It is kept with the answer, so it stays what it was when the schema changes.
    """
    numbers = {_key(option.changes): number for number, (_, option) in enumerate(in_order(schema, answer), 1)}

    def with_numbers(options: Iterable[Counterfactual]) -> tuple[Counterfactual, ...]:
        return tuple(
            option.model_copy(update={"number": numbers[_key(option.changes)]}) for option in options
        )

    behaviours = answer.behaviours
    if behaviours is not None:
        options = with_numbers(behaviours.counterfactuals)
        behaviours = behaviours.model_copy(update={"counterfactuals": options})
    options = with_numbers(answer.counterfactuals)
    return answer.model_copy(update={"counterfactuals": options, "behaviours": behaviours})


def _key(changes: dict[str, Change]) -> _Key:
    return frozenset((name, change.before, change.after) for name, change in changes.items())


def _different(pairs: Sequence[Found]) -> list[Found]:
    """Leave out an option that changes the same as an earlier one."""
    return list({_key(pair[1].changes): pair for pair in reversed(pairs)}.values())[::-1]


def _solid_first(pairs: Sequence[Found]) -> list[Found]:
    return sorted(pairs, key=lambda pair: precedence(pair[0], pair[1], {}))


def precedence(answer: Answer, option: Counterfactual, own: Mapping[str, Effort]) -> tuple[int, int, int]:
    """What options are sorted by: grade, number of changes, effort; ``own`` efforts are the person's.

    Sorts are stable, so that equals stay in the order in which they were chosen.
    """
    grade = -RANKS[option.grade]
    if answer.goal.kind == "lower":
        return grade, 0, 0
    return grade, option.n_changed, rank(of_option(option.changes, option.effort, own))
