"""The right half of Interventions: the job under way, the answer followed, or what to do first."""

from __future__ import annotations

import streamlit as st

from sensecf_core.errors import InputError, NotReadyError
from sensecf_core.records import answers
from sensecf_core.ui.common import browser, wording
from sensecf_core.ui.interventions import answer as intervention_answer, empty_state, evidence
from sensecf_core.ui.page import job_progress, shown_results
from sensecf_core.ui.page.frame import Page


def show(page: Page) -> None:
    """Show what is known about the chosen row, or what keeps it from being read."""
    try:
        _known(page)
    except (InputError, NotReadyError) as error:
        st.error(wording.message(str(error)), icon=":material/database_off:")


def _known(page: Page) -> None:
    now = shown_results.of(page.choice)
    if now.job is not None:
        job_progress.show(page.choice, now.job)
        browser.bring_into_view(job_progress.KEY, now.job)
    answer = answers.find(now.answer) if now.answer else None
    if answer is not None and (answer.cohort, answer.participant_id, answer.row_id) != (
        page.choice.cohort,
        *page.row_key,
    ):
        # An address may name a job about somebody else; nobody is shown another person's answer.
        st.warning(
            "The job in this address was about another participant, so its answer is not shown here.",
            icon=":material/person_off:",
        )
        answer = None
    if answer is not None:
        intervention_answer.show(page, answer)
    elif now.job is None:
        empty_state.show(page, "Generate")
    st.page_link(
        "pages/4_Comparison.py",
        label="Do other methods agree?",
        icon=":material/compare:",
        query_params=page.choice.carried,
    )
    evidence.earlier(page.required_cohort.schema, *page.row_key, now.answer)
