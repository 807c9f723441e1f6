"""What was decided about the people of a cohort, in the few words of a list; decisions are made elsewhere."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd
import streamlit as st

from sensecf_core.errors import NotReadyError
from sensecf_core.records import decisions
from sensecf_core.records.person_state import REASONS, Decision, PersonState, fold
from sensecf_core.ui.common import wording

COLUMNS = ("Star", "Decision", "Note")
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
