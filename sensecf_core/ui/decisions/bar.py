"""Below the options: how many are kept, star and note of the person, and what is handed over."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from sensecf_core.queries.answer import Answer
from sensecf_core.records.kept_options import KeptOption
from sensecf_core.records.person_state import Decision, PersonState
from sensecf_core.ui.common import wording
from sensecf_core.ui.decisions import hand_over, person, verdict, who


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
            person.star(answer.cohort, answer.participant_id, state)
            person.note(answer.cohort, answer.participant_id, state)
            who.show_name("rename")
            hand_over.buttons(answer, kept)
        person.show_note(state)
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
