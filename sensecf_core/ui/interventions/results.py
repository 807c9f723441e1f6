"""The right half of Interventions: the job under way, the answer, or what to do first."""

from __future__ import annotations

import streamlit as st

from sensecf_core.errors import InputError, NotReadyError
from sensecf_core.records import answers
from sensecf_core.ui.common import browser, wording
from sensecf_core.ui.interventions import answer as intervention_answer, empty_state, evidence
from sensecf_core.ui.page import job_progress, shown_results
from sensecf_core.ui.page.frame import Page


def show(page: Page) -> None:
    """Show the job and the answer about the chosen row, or why they cannot be read."""
    try:
        _show_results(page)
    except (InputError, NotReadyError) as error:
        st.error(wording.message(str(error)), icon=":material/database_off:")


def _show_results(page: Page) -> None:
    shown = shown_results.shown_for(page.choice)
    if shown.job is not None:
        job_progress.show(page.choice, shown.job)
        browser.bring_into_view(job_progress.KEY, shown.job)
    answer = answers.find(shown.answer) if shown.answer else None
    if answer is not None and (answer.cohort, answer.participant_id, answer.row_id) != (
        page.choice.cohort,
        *page.row_key,
    ):
        # An address may name a job about somebody else; never show another person's answer.
        st.warning(
            "The job in this address was about another participant, so its answer is not shown here.",
            icon=":material/person_off:",
        )
        answer = None
    if answer is not None:
        intervention_answer.show(page, answer)
    elif shown.job is None:
        empty_state.show(page, "Generate")
    st.page_link(
        "pages/4_Comparison.py",
        label="Do other methods agree?",
        icon=":material/compare:",
        query_params=page.choice.carried,
    )
    evidence.earlier(page.required_cohort.schema, *page.row_key, shown.answer)
