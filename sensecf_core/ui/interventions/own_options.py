"""The options that somebody made of a row by hand, as cards: with their grade, to keep or to reject."""

from __future__ import annotations

from typing import Any

import streamlit as st

from sensecf_core.queries.answer import Answer
from sensecf_core.records import answers, decisions
from sensecf_core.records.kept_options import kept_options
from sensecf_core.records.person_state import PersonState, fold
from sensecf_core.ui.common import browser, wording
from sensecf_core.ui.decisions import history, verdict
from sensecf_core.ui.interventions import card
from sensecf_core.ui.page.frame import Page

MOST = 20
_SAVED = "own_option_saved"
_KEY = "own_options"


def mark_saved(answer_id: str) -> None:
    """Let the page know that an own option was saved (for callbacks)."""
    st.session_state[_SAVED] = (answer_id, True)


def just_saved() -> bool:
    """Whether an own option was saved since the last look."""
    answer_id, new = st.session_state.get(_SAVED, (None, False))
    st.session_state[_SAVED] = (answer_id, False)
    return bool(new)


def show(page: Page, current: str | None = None) -> None:
    """Show the own options of the chosen row, newest first, without the answer ``current``; none: nothing."""
    cohort, (participant, row) = page.required_cohort.schema.name, page.row_key
    own = [
        answer
        for answer in answers.recent(cohort, participant, row, limit=MOST, by_hand=True)
        if answer.answer_id != current
    ]
    if not own:
        return
    state = fold(decisions.of_person(cohort, participant))
    with st.container(key=_KEY, gap="small"):
        st.header("Own options", anchor=False)
        for answer in own:
            _one(page, answer, state)
    answer_id, _ = st.session_state.get(_SAVED, (None, False))
    if any(answer.answer_id == answer_id for answer in own):
        browser.bring_into_view(_KEY, f"saved {answer_id}")


def _one(page: Page, answer: Answer, state: PersonState) -> None:
    history.seen(answer)
    for shown in kept_options(answer, None):
        decided = verdict.standing(state, answer.answer_id, shown)
        card.show(page, answer, shown, decided, f"_{answer.answer_id}", own_effort=state.effort_of)
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
        st.caption(made(answer), width="content")
        st.page_link(
            "pages/3_Interventions.py",
            label="Open it to hand it over",
            icon=":material/open_in_new:",
            query_params={"answer": answer.answer_id},
        )


def made(answer: Answer) -> str:
    """Say who made an own option, when, and which option it came from."""
    came_from: dict[str, Any] | None = answer.settings.get("came_from")
    text = f"Made by {answer.settings.get('made_by', 'somebody')}, {wording.moment(answer.created)}"
    if came_from:
        text += f", from option {came_from['option']} of answer {came_from['answer_id']}"
    return wording.plain(f"{text}.")
