"""The values that somebody tries on a row by hand, and the option that they came from, for a session."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import streamlit as st

from sensecf_core.cohorts.encoding import Value

TriedRow = tuple[str, str, str]
"""Cohort, participant and row."""
OptionId = tuple[str, int]
"""The id of an answer, and the number of an option in it."""
MOST_STEPS = 100
"""Steps that can be undone."""


@dataclass(frozen=True)
class Tried:
    """What is tried on a row: new value of each changed feature, where it came from, what moved last."""

    edits: Mapping[str, Value]
    came_from: OptionId | None = None
    moved: str | None = None


NOTHING = Tried({})


def of(row: TriedRow) -> Tried:
    """What is tried on a row now."""
    steps = _steps(row)
    return steps[-1] if steps else NOTHING


def can_undo(row: TriedRow) -> bool:
    """Whether anything was done that can be undone."""
    return bool(_steps(row))


def move(row: TriedRow, name: str, value: Value, measured: Value) -> None:
    """Try another value of one feature; the measured one takes the change back."""
    now = of(row)
    edits = {other: old for other, old in now.edits.items() if other != name}
    if value != measured:
        edits[name] = value
    _do(row, replace(now, edits=edits, moved=name))


def fill(row: TriedRow, edits: Mapping[str, Value], came_from: OptionId) -> None:
    """Try the values of an option, in place of what was tried."""
    _do(row, Tried(dict(edits), came_from, next(iter(edits), None)))


def open_anew(row: TriedRow) -> None:
    """Let the option that the next address names be filled in, also where its values were changed since."""
    st.session_state["whatif_filled"] = row


def opened_anew(row: TriedRow) -> bool:
    """Whether :func:`open_anew` was called for a row since the last look."""
    return bool(st.session_state.pop("whatif_filled", None) == row)


def reset(row: TriedRow) -> None:
    """Go back to what was measured, and to no option."""
    _do(row, NOTHING)


def undo(row: TriedRow) -> None:
    """Take the last step back."""
    steps = _steps(row)
    if steps:
        steps.pop()


def _do(row: TriedRow, tried: Tried) -> None:
    steps = _steps(row)
    if of(row) != tried:
        steps.append(tried)
        del steps[:-MOST_STEPS]


def _steps(row: TriedRow) -> list[Tried]:
    steps: dict[TriedRow, list[Tried]] = st.session_state.setdefault("whatif", {})
    return steps.setdefault(row, [])
