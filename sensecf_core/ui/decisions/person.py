"""What is decided about a person as a whole: the star and the note, on every page that shows them."""

from __future__ import annotations

from functools import partial

import streamlit as st

from sensecf_core.records import decisions
from sensecf_core.records.person_state import Decision, PersonState
from sensecf_core.ui.common import wording
from sensecf_core.ui.decisions import who
from sensecf_core.ui.page import keyboard


def star(cohort: str, participant: str, state: PersonState) -> None:
    """The button that gives the star, or takes it away."""
    starred = state.star is not None
    who.button(
        "Starred" if starred else "Star",
        "star",
        ":material/star:" if not starred else ":material/kid_star:",
        partial(_set_star, cohort, participant, not starred),
        help_text="A mark to find this participant again." if not starred else "Take the star away.",
        shortcut=keyboard.STAR,
    )


def note(cohort: str, participant: str, state: PersonState) -> None:
    """The button that opens the note, to be written or changed."""
    with who.popover("Note", "note_open", ":material/edit_note:", shortcut=keyboard.NOTE):
        with st.form("note_form", border=False):
            # A key of its own for each person and note: what was typed about one is never shown with another.
            text = f"note_{cohort}_{participant}_{state.note and state.note.decision_id}"
            st.text_area(
                "Note on this participant",
                value="" if state.note is None else state.note.note,
                key=text,
                max_chars=decisions.LONGEST_NOTE,
            )
            who.ask("note")
            write = partial(_write_note, cohort, participant, text)
            st.form_submit_button(
                "Keep the note", key="note", type="primary", on_click=who.decide, args=("note", write)
            )
        who.tell_problem("note")


def show_note(state: PersonState) -> None:
    """Show the note with who wrote it and when; nothing where there is none."""
    if state.note is not None:
        st.markdown(
            f"> {wording.plain(state.note.note or '')}  \n> :small[{wording.plain(state.note.who)}, "
            f"{wording.moment(state.note.created)}]"
        )


def _set_star(cohort: str, participant: str, starred: bool, by: str) -> Decision:
    return (decisions.star if starred else decisions.unstar)(cohort, participant, by=by)


def _write_note(cohort: str, participant: str, field: str, by: str) -> Decision:
    return decisions.write_note(cohort, participant, st.session_state[field], by=by)
