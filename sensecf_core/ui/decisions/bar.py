"""Below the options: how many are kept, star and note of the person, and what is handed over."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import streamlit as st

from sensecf_core.queries.answer import Answer
from sensecf_core.records import decisions
from sensecf_core.records.kept_options import KeptOption
from sensecf_core.records.person_state import Decision, PersonState
from sensecf_core.ui.common import wording
from sensecf_core.ui.decisions import hand_over, verdict, who


def show(answer: Answer, options: Sequence[KeptOption], state: PersonState) -> None:
    """Show the bar of an answer; ``options`` are all that it has, ``state`` what stands about the person."""
    decided = [verdict.standing(state, answer.answer_id, one) for one in options]
    kept = [
        one.number
        for one, decision in zip(options, decided, strict=True)
        if decision is not None and decision.kind == "keep"
    ]
    with st.container(border=True, key="decision_bar", gap="xsmall"):
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.markdown(f"**{_counts(decided)}**", width="content")
            _star(answer, state)
            _note(answer, state)
            who.show_name("rename")
            hand_over.buttons(answer, kept)
        if state.note is not None:
            st.markdown(
                f"> {wording.plain(state.note.note or '')}  \n> :small[{wording.plain(state.note.who)}, "
                f"{wording.moment(state.note.created)}]"
            )
        st.caption(_what_is_handed_over(kept, decided) + _elsewhere(answer, state))


def _counts(decided: Sequence[Decision | None]) -> str:
    kinds = [decision.kind for decision in decided if decision is not None]
    kept, rejected = sum(kind in ("keep", "edit") for kind in kinds), kinds.count("reject")
    return f"{kept} kept" + (f", {rejected} rejected" if rejected else "")


def _what_is_handed_over(kept: Sequence[int], decided: Sequence[Decision | None]) -> str:
    held = f"{wording.counted(len(kept), 'kept option')}" if kept else "every option, since none is kept"
    edited = sum(decision is not None and decision.kind == "edit" for decision in decided)
    left_out = f", without {wording.counted(edited, 'option')} kept with other values" if edited else ""
    return f"The page and FHIR hold {held}{left_out}; CSV and JSON hold the whole answer."


def _elsewhere(answer: Answer, state: PersonState) -> str:
    """Say that other answers about the person have kept options, too."""
    others = [decision for decision in state.kept if decision.answer_id != answer.answer_id]
    if not others:
        return ""
    return f" Of other answers about this participant, {len(others)} kept (see “Decisions and history”)."


def _star(answer: Answer, state: PersonState) -> None:
    starred = state.star is not None
    who.button(
        "Starred" if starred else "Star",
        "star",
        ":material/star:" if not starred else ":material/kid_star:",
        partial(_set_star, answer.cohort, answer.participant_id, not starred),
        "A mark to find this participant again." if not starred else "Take the star away.",
    )


def _set_star(cohort: str, participant: str, starred: bool, by: str) -> Decision:
    return (decisions.star if starred else decisions.unstar)(cohort, participant, by=by)


def _note(answer: Answer, state: PersonState) -> None:
    label = "Note" if state.note is None else "Change the note"
    with st.popover(label, icon=":material/edit_note:", key="note_open"):
        with st.form("note_form", border=False):
            # A key of its own for each person and note: what was typed about one is never shown with another.
            text = f"note_{answer.cohort}_{answer.participant_id}_{state.note and state.note.decision_id}"
            st.text_area(
                "Note on this participant",
                value="" if state.note is None else state.note.note,
                key=text,
                max_chars=decisions.LONGEST_NOTE,
            )
            who.ask("note")
            write = partial(_write_note, answer.cohort, answer.participant_id, text)
            st.form_submit_button(
                "Keep the note", key="note", type="primary", on_click=who.decide, args=("note", write)
            )
        who.tell_problem("note")


def _write_note(cohort: str, participant: str, field: str, by: str) -> Decision:
    return decisions.write_note(cohort, participant, st.session_state[field], by=by)
