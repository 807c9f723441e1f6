"""The option that What-if was opened from: named by the address, filled in, and the limits that it had."""

from __future__ import annotations

import streamlit as st

from sensecf_core.cohorts.encoding import Value
from sensecf_core.cohorts.schema import Schema
from sensecf_core.counterfactuals.by_hand.own_option import CameFrom
from sensecf_core.errors import InputError, NotReadyError
from sensecf_core.records import decisions
from sensecf_core.records.kept_options import kept_options
from sensecf_core.ui.choice import kept_picks
from sensecf_core.ui.common import wording
from sensecf_core.ui.decisions import tried
from sensecf_core.ui.page.frame import Page

PICKS = ("answer", "option")
"""What the address names beside the participant."""
_Read = tuple[CameFrom | None, dict[str, Value]]


def adopt(page: Page) -> str | None:
    """Fill in the option that a link names, unless it is filled in already; or say what cannot be applied.

    An option about another row, left over from before somebody else was chosen, is dropped.
    """
    row = row_of(page)
    answer_id, number = kept_picks.kept("answer"), kept_picks.kept("option")
    anew = tried.opened_anew(row)
    problem = None
    if answer_id and number and (anew or (answer_id, number) != _as_picks(tried.of(row).came_from)):
        try:
            option = _option_id(answer_id, number)
            came_from, edits = _read(page, option)
            if came_from is not None:
                problem = fill(page, option, edits)
        except (InputError, NotReadyError) as error:
            problem = f"The option in this address could not be applied. {error}"
    remember(row)
    return problem


def fill(page: Page, option: tried.OptionId, edits: dict[str, Value]) -> str | None:
    """Try the values of an option; says which of them could not be applied."""
    schema, measured = page.required_cohort.schema, page.values
    possible = {name: value for name, value in edits.items() if _can_be(schema, measured, name, value)}
    tried.fill(row_of(page), {n: v for n, v in possible.items() if v != measured[n]}, option)
    left_out = [name for name in edits if name not in possible]
    if not left_out:
        return None
    labels = [schema.feature(name).label if name in schema.positions else name for name in left_out]
    return f"Could not be applied, as this row cannot have it now: {wording.listed(labels)}."


def origin(page: Page) -> CameFrom | None:
    """The option that what is tried came from; None without one, or where it cannot be read any more."""
    return _tried_from(page)[0]


def values_tried_first(page: Page) -> dict[str, Value]:
    """The values of that option; empty without one."""
    return _tried_from(page)[1]


def _tried_from(page: Page) -> _Read:
    came_from = tried.of(row_of(page)).came_from
    try:
        return (None, {}) if came_from is None else _read(page, came_from)
    except (InputError, NotReadyError):
        return None, {}


def values_of(page: Page, option: tried.OptionId) -> dict[str, Value]:
    """The values that an option changes."""
    return _read(page, option)[1]


def row_of(page: Page) -> tried.TriedRow:
    """The chosen row, as what is tried on it is kept."""
    return (page.required_cohort.schema.name, *page.row_key)


def remember(row: tried.TriedRow) -> None:
    """Let the address name the option that is tried now, or none."""
    for name, value in zip(PICKS, _as_picks(tried.of(row).came_from), strict=True):
        if value is None:
            kept_picks.forget(name)
        else:
            kept_picks.keep(name, value)


def _read(page: Page, option: tried.OptionId) -> _Read:
    """The option with its limits, and its values; no option where it is about another row.

    Stored answers never change, so one that was read in this session is not read at every move.
    """
    read: dict[tuple[tried.TriedRow, tried.OptionId], _Read]
    read = st.session_state.setdefault("whatif_options", {})
    known = read.get((row_of(page), option))
    if known is None:
        known = read[row_of(page), option] = _find(page, option)
    return known


def _find(page: Page, option: tried.OptionId) -> _Read:
    answer, _ = decisions.find_option(*option)
    if (answer.cohort, answer.participant_id, answer.row_id) != row_of(page):
        return None, {}
    (kept,) = kept_options(answer, (option[1],))
    asked = kept.answer
    origin = CameFrom(*option, profile=asked.limits.profile, desired=asked.desired, goal=asked.goal)
    return origin, {name: change.after for name, change in kept.option.changes.items()}


def _option_id(answer_id: str, number: str) -> tried.OptionId:
    if not number.isdecimal():
        raise InputError(f"An option has a number from 1; got {number!r}.")
    return answer_id, int(number)


def _can_be(schema: Schema, measured: dict[str, Value], name: str, value: Value) -> bool:
    if measured.get(name) is None or value is None:
        return False
    feature = schema.feature(name)
    if feature.named:
        return value in feature.levels
    return feature.valid is None or feature.valid[0] <= float(value) <= feature.valid[1]


def _as_picks(option: tried.OptionId | None) -> tuple[str | None, str | None]:
    return (None, None) if option is None else (option[0], str(option[1]))
