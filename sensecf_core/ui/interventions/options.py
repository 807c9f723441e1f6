"""Which options of an answer a page shows, and under which heading; no streamlit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sensecf_core.cohorts.schema import Schema
from sensecf_core.counterfactuals.checks.option_order import in_order, is_clinical, precedence
from sensecf_core.queries.answer import Answer, Effort
from sensecf_core.records.kept_options import KeptOption, kept_options
from sensecf_core.ui.common import wording


@dataclass(frozen=True)
class OptionGroup:
    """Options under a heading ("": none is needed)."""

    heading: str
    options: tuple[KeptOption, ...]


def shown(schema: Schema, answer: Answer) -> tuple[KeptOption, ...]:
    """The options of an answer that a page shows, at most as many as were asked for, in the order shown.

    Each has the number that it has everywhere. In an answer that was kept before options had numbers these
    need not be in order.
    """
    return _ordered(schema, answer)[: _most(answer)]


def rest(schema: Schema, answer: Answer) -> tuple[KeptOption, ...]:
    """The options of an answer beyond those that :func:`shown` returns."""
    return _ordered(schema, answer)[len(shown(schema, answer)) :]


def _most(answer: Answer) -> int | None:
    asked = answer.settings.get("k")
    return None if asked is None else int(asked)


def _ordered(schema: Schema, answer: Answer) -> tuple[KeptOption, ...]:
    options = kept_options(answer, None)
    if any(one.option.number is None for one in options):
        order = [option.changes for _, option in in_order(schema, answer)]
        options = tuple(sorted(options, key=lambda one: order.index(one.option.changes)))
    return options


def grouped(
    schema: Schema, answer: Answer, own: Mapping[str, Effort] | None = None
) -> tuple[OptionGroup, ...]:
    """The options that a page shows under headings, which stand where there are both kinds.

    Those of behaviours alone stand first, then those in which a clinical value would have to follow. Where
    somebody said how hard a change is for the person (``own``, by feature), that sorts them again after grade
    and number of changes; their numbers stay.
    """
    options = shown(schema, answer)
    if own and answer.limits.profile != "contrast":
        options = tuple(sorted(options, key=lambda one: precedence(one.answer, one.option, own)))
    if answer.limits.profile == "contrast":
        return (OptionGroup("", options),) if options else ()
    others = tuple(one for one in options if is_clinical(schema, one.option))
    alone = tuple(one for one in options if one not in others)
    if alone and others:
        return OptionGroup(wording.GROUP_BEHAVIOUR, alone), OptionGroup(wording.GROUP_CLINICAL, others)
    return (OptionGroup("", options),) if options else ()


def count(groups: Sequence[OptionGroup]) -> int:
    """How many options are shown."""
    return sum(len(group.options) for group in groups)
