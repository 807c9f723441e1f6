"""The chosen cohort, participant and row: kept in plain session keys, written to the address on each run.

The address wins if a visitor opened or changed it; otherwise the session wins (widgets write to it). Moving
between pages drops the address's parameters, and the next run writes them again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from sensecf_core.cohorts.cohort import Cohort
from sensecf_core.ui.common import row_wording

PARAMETERS = ("cohort", "participant", "row")
_MIRRORED = "mirrored_choice"


@dataclass(frozen=True)
class Choice:
    """What is chosen, as unchecked text; None means nothing is chosen."""

    cohort: str | None = None
    participant: str | None = None
    row: str | None = None

    @property
    def carried(self) -> dict[str, str]:
        """The address parameters that a link to another page needs to keep the choice."""
        return {name: value for name in PARAMETERS if (value := getattr(self, name))}


NOBODY = Choice()


def visitor() -> str | None:
    """Who looks at a page in this thread: the browser tab's session; None outside of a page."""
    context = get_script_run_ctx(suppress_warning=True)
    return None if context is None else context.session_id


def reconcile(session: Choice, address: Choice, mirrored: Choice) -> Choice:
    """Decide between the session and the address.

    ``mirrored`` is what the last run wrote into the address: if the address still equals it, the visitor
    has not changed it. A new participant in the address resets the row; a new cohort resets both.
    """
    if address in (mirrored, NOBODY):
        return session
    if address.cohort is not None and address.cohort != session.cohort:
        return address
    if address.participant is not None and address.participant != session.participant:
        return Choice(session.cohort, address.participant, address.row)
    return Choice(session.cohort, session.participant, address.row or session.row)


def read() -> Choice:
    """Reconcile the session's choice with the address, keep the result and return it."""
    session = Choice(*(st.session_state.get(name) for name in PARAMETERS))
    address = Choice(*(st.query_params.get(name) or None for name in PARAMETERS))
    choice = reconcile(session, address, st.session_state.get(_MIRRORED, NOBODY))
    keep(choice)
    return choice


def keep(choice: Choice) -> None:
    """Keep a choice in the session."""
    for name in PARAMETERS:
        st.session_state[name] = getattr(choice, name)


def mirror(choice: Choice, **page_parameters: str | None) -> None:
    """Write the choice, and this page's own parameters, into the address."""
    parameters = {name: getattr(choice, name) for name in PARAMETERS} | page_parameters
    parameters = {name: value for name, value in parameters.items() if value}
    if st.query_params.to_dict() != parameters:
        st.query_params.from_dict(parameters)
    st.session_state[_MIRRORED] = choice


def choose(participant: str, row: str | None = None, *, cohort: str | None = None) -> None:
    """Choose a participant (for callbacks)."""
    st.session_state["cohort"] = cohort or st.session_state.get("cohort")
    st.session_state["participant"] = participant
    st.session_state["row"] = row


def cohort_selector(choice: Choice, cohorts: Mapping[str, str]) -> None:
    """Show the selector for the cohort; ``cohorts`` maps names to titles.

    A callback keeps what is picked, so the next run has it. One cohort is always chosen, unless the address
    names one that does not exist.
    """
    known = choice.cohort in cohorts
    st.session_state["pick_cohort"] = choice.cohort if known else None
    st.selectbox(
        "Cohort",
        list(cohorts),
        format_func=lambda name: cohorts[name],
        key="pick_cohort",
        index=0 if known else None,  # without a first value the field could be emptied
        placeholder="Choose a cohort",
        on_change=_cohort_picked,
    )


def person_selectors(choice: Choice, cohort: Cohort) -> None:
    """Show the selectors for the participant and (where there are several) the row."""
    people = _people(cohort)
    st.session_state["pick_participant"] = choice.participant if choice.participant in people else None
    st.selectbox(
        "Participant",
        people,
        key="pick_participant",
        index=None,
        placeholder="Type or choose an id",
        filter_mode="contains",
        on_change=_participant_picked,
    )
    if choice.participant in people and cohort.schema.row_column:
        rows = list(cohort.rows.loc[choice.participant].index)
        st.session_state["pick_row"] = choice.row if choice.row in rows else None
        st.selectbox(
            cohort.schema.row_label.capitalize(),
            rows,
            format_func=partial(row_wording.row_name, cohort.schema),
            key="pick_row",
            index=None,
            placeholder=f"Choose a {cohort.schema.row_label}",
            on_change=_row_picked,
        )


def _people(cohort: Cohort) -> list[str]:
    return list(cohort.rows.index.get_level_values(0).unique())


def _cohort_picked() -> None:
    keep(Choice(st.session_state["pick_cohort"]))


def _participant_picked() -> None:
    keep(Choice(st.session_state["cohort"], st.session_state["pick_participant"]))


def _row_picked() -> None:
    st.session_state["row"] = st.session_state["pick_row"]
