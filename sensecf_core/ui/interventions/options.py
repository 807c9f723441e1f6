"""Which options of an answer are shown, in which order and under which number; no streamlit."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from sensecf_core.cohorts.schema import Schema
from sensecf_core.counterfactuals.checks.grades import RANKS
from sensecf_core.queries.answer import Answer, Counterfactual
from sensecf_core.ui.common import wording


@dataclass(frozen=True)
class ShownOption:
    """One option, and the answer that it belongs to: the page's own, or that of behaviours alone."""

    number: int
    answer: Answer
    option: Counterfactual


@dataclass(frozen=True)
class OptionGroup:
    """Options under a heading ("": none is needed)."""

    heading: str
    options: tuple[ShownOption, ...]


Found = tuple[Answer, Counterfactual]


def grouped(schema: Schema, answer: Answer) -> tuple[OptionGroup, ...]:
    """The options of an answer as a page shows them, numbered in that order.

    Those of behaviours alone stand first, also those of the answer that was asked beside it, then those in
    which a clinical value would have to follow; solid before fragile in each group. Of both together at most
    as many are shown as were asked for; behaviours have half of the places, or those that the others leave.
    Headings stand where there are both kinds.
    """
    own: list[Found] = [(answer, option) for option in answer.counterfactuals]
    if answer.limits.profile == "contrast":
        return _numbered((("", own),))
    beside: list[Found] = []
    if answer.behaviours is not None:
        beside = [(answer.behaviours, option) for option in answer.behaviours.counterfactuals]
    alone = _solid_first(_different([*beside, *(pair for pair in own if not _clinical(schema, pair[1]))]))
    others = [pair for pair in own if _clinical(schema, pair[1])]
    most = int(answer.settings.get("k", len(alone) + len(others)))
    alone = alone[: max(most - len(others), math.ceil(most / 2))]
    others = others[: most - len(alone)]
    if alone and others:
        return _numbered(((wording.GROUP_BEHAVIOUR, alone), (wording.GROUP_CLINICAL, others)))
    return _numbered((("", alone or others),))


def count(groups: Sequence[OptionGroup]) -> int:
    """How many options are shown."""
    return sum(len(group.options) for group in groups)


def _numbered(groups: Sequence[tuple[str, Sequence[Found]]]) -> tuple[OptionGroup, ...]:
    shown, number = [], 0
    for heading, pairs in groups:
        options = []
        for answer, option in pairs:
            number += 1
            options.append(ShownOption(number, answer, option))
        if options:
            shown.append(OptionGroup(heading, tuple(options)))
    return tuple(shown)


def _different(pairs: Sequence[Found]) -> list[Found]:
    """Leave out an option that changes the same as an earlier one."""
    kept: list[Found] = []
    for answer, option in pairs:
        if all(option.changes != other.changes for _, other in kept):
            kept.append((answer, option))
    return kept


def _solid_first(pairs: Sequence[Found]) -> list[Found]:
    return sorted(pairs, key=lambda pair: -RANKS[pair[1].grade])


def _clinical(schema: Schema, option: Counterfactual) -> bool:
    """Whether an option moves anything that a person does not do."""
    known = (schema.feature(name) for name in option.changes if name in schema.positions)
    return any(feature.role != "behaviour" for feature in known)
