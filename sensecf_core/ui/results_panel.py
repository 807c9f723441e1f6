"""The right half of Interventions: the job under way, the answer followed, or what to do first."""

from __future__ import annotations

import streamlit as st

from sensecf_core.errors import InputError, NotReadyError
from sensecf_core.records import answers
from sensecf_core.ui import answer_panel, evidence_panel, followed, job_panel, nothing_asked, screen, words
from sensecf_core.ui.frame import Frame


def show(frame: Frame) -> None:
    """Show what is known about the chosen row, or what keeps it from being read."""
    try:
        _known(frame)
    except (InputError, NotReadyError) as error:
        st.error(words.message(str(error)), icon=":material/database_off:")


def _known(frame: Frame) -> None:
    now = followed.of(frame.choice)
    if now.job is not None:
        job_panel.show(frame.choice, now.job)
        screen.bring_into_view(job_panel.KEY, now.job)
    answer = answers.find(now.answer) if now.answer else None
    if answer is not None and (answer.cohort, answer.participant_id, answer.row_id) != (
        frame.choice.cohort,
        *frame.row_key,
    ):
        # An address may name a job about somebody else; nobody is shown another person's answer.
        st.warning(
            "The job in this address was about another participant, so its answer is not shown here.",
            icon=":material/person_off:",
        )
        answer = None
    if answer is not None:
        answer_panel.show(frame, answer)
    elif now.job is None:
        nothing_asked.show(frame, "Generate")
    st.page_link(
        "pages/4_Comparison.py",
        label="Do other methods agree?",
        icon=":material/compare:",
        query_params=frame.choice.carried,
    )
    evidence_panel.earlier(frame.known.schema, *frame.row_key, now.answer)
