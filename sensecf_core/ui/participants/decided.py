"""What was found for the people of a cohort and decided about them, in the few words of a list."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd
import streamlit as st

from sensecf_core.errors import NotReadyError
from sensecf_core.records import decisions, found as stored
from sensecf_core.records.found import Found
from sensecf_core.records.person_state import REASONS, Decision, PersonState, fold
from sensecf_core.types import RowKey
from sensecf_core.ui.common import wording

COLUMNS = ("Decision", "Star", "Note")
VERBS = {"keep": "kept", "edit": "kept, edited", "reject": "rejected", "shortlist": "on the shortlist"}


def states(cohort: str) -> dict[str, PersonState]:
    """What stands about each participant about whom something was decided, by id.

    Raises ``NotReadyError`` if the database cannot be read.
    """
    return {participant: fold(made) for participant, made in decisions.of_cohort(cohort).items()}


def states_or_warning(cohort: str) -> dict[str, PersonState]:
    """As :func:`states`; a database that cannot be read is said on the page, and the list goes on without."""
    try:
        return states(cohort)
    except NotReadyError as error:
        st.warning(wording.message(str(error)), icon=":material/database_off:")
        return {}


def found_or_warning(cohort: str) -> dict[RowKey, Found]:
    """What the newest answer about each row found; a page without it still shows everything else."""
    try:
        return stored.of_cohort(cohort)
    except NotReadyError:  # the decisions, read before, have said why
        return {}


def found_word(found: Found | None) -> str:
    """What an answer found, for a cell of the list: "3, 2 solid"."""
    if found is None:
        return ""
    if not found.options:
        return {"already_desired": "none needed", "budget_spent": "stopped"}.get(found.status, "none found")
    if found.explains:
        return f"{found.options} explained"
    return f"{found.options}, {found.solid} solid" if found.solid else str(found.options)


def found_sentence(found: Found) -> str:
    """What an answer found, in words: "3 options found, 2 of them solid"."""
    if not found.options:
        return {"already_desired": "no change is needed", "budget_spent": "stopped before it found any"}.get(
            found.status, "no option found"
        )
    noun = "explanation" if found.explains else "option"
    solid = f", {found.solid} of them solid" if found.solid and not found.explains else ""
    return f"{wording.counted(found.options, noun)} found{solid}"


def columns(found: Mapping[str, PersonState], participants: Iterable[str]) -> pd.DataFrame:
    """:data:`COLUMNS` for a list of participants, in their order; empty texts where nothing was decided."""
    lines: list[dict[str, Any]] = []
    for participant in participants:
        state = found.get(participant, PersonState())
        lines.append(
            {
                "Decision": counts(state),
                "Note": "" if state.note is None else state.note.note or "",
                "Star": "" if state.star is None else "★",
            }
        )
    return pd.DataFrame(lines, columns=list(COLUMNS))


def counts(state: PersonState) -> str:
    """How many options are kept, on the shortlist and rejected: "1 kept, 2 rejected"."""
    named = (
        (state.kept, "kept"),
        (state.shortlisted, "on the shortlist"),
        (state.rejected, "rejected"),
    )
    return ", ".join(f"{len(options)} {verb}" for options, verb in named if options)


def latest(state: PersonState) -> Decision | None:
    """The newest decision about an option that stands; None without one."""
    standing = (*state.kept, *state.rejected, *state.shortlisted)
    return max(standing, key=lambda decision: decision.created, default=None)


def sentence(decision: Decision) -> str:
    """Say a decision in one line: "Option 2 rejected (Too small to matter), by AB, 2026-11-22 22:40 UTC"."""
    reason = f" ({REASONS.get(decision.reason, decision.reason)})" if decision.reason else ""
    when = wording.moment(decision.created)
    return f"Option {decision.option} {VERBS[decision.kind]}{reason}, by {decision.who}, {when}"
