"""Below the line that asks: the job under way, the answer, or what to do first; then what else there is."""

from __future__ import annotations

import streamlit as st

from sensecf_core.errors import InputError, NotReadyError
from sensecf_core.queries.answer import Answer
from sensecf_core.records import answers
from sensecf_core.ui.choice import shown_results
from sensecf_core.ui.common import browser, wording
from sensecf_core.ui.decisions import history
from sensecf_core.ui.interventions import (
    answer as intervention_answer,
    empty_state,
    evidence,
    form,
    method_picker,
    own_options,
)
from sensecf_core.ui.jobs import job_progress
from sensecf_core.ui.page.frame import Page


def show(page: Page) -> None:
    """Show the job and the answer about the chosen row, or why they cannot be read."""
    try:
        _show_results(page)
    except (InputError, NotReadyError) as error:
        st.error(wording.message(str(error)), icon=":material/database_off:")


def _show_results(page: Page) -> None:
    job, answer = shown_results.shown_for(page.choice).job, _answer(page)
    if job is None and answer is None and empty_state.may_find(page):
        job = form.asks_on_opening(page)
    if job is not None:
        job_progress.show(page.choice, job)
        browser.bring_into_view(job_progress.KEY, job)
    if answer is not None:
        intervention_answer.show(page, answer)
    elif job is None:
        empty_state.show(page, form.BUTTON)
    elif job_progress.under_way(job):
        empty_state.skeleton()
    current = None if answer is None else answer.answer_id
    own_options.show(page, current)
    evidence.earlier(page.required_cohort.schema, *page.row_key, current)
    history.show(page.required_cohort.schema, page.row_key[0])
    st.page_link(
        "pages/4_Comparison.py",
        label="Do other methods agree?",
        icon=":material/compare:",
        query_params=page.choice.carried,
    )


def _answer(page: Page) -> Answer | None:
    """The answer to show: the one chosen, else the one that stands for the row."""
    shown = shown_results.shown_for(page.choice)
    if shown.answer is None:
        if shown.job:
            return None
        method = method_picker.method_now(page)[0]
        kept = answers.standing(page.required_cohort.schema.name, *page.row_key, of_method=method)
        if kept:
            shown_results.show_now(page.choice, "answer", kept[0].answer_id)
        return kept[0] if kept else None
    answer = answers.find(shown.answer)
    if answer is None or (
        (answer.participant_id, answer.row_id) == page.row_key and (answer.cohort == page.choice.cohort)
    ):
        return answer
    # An address may name a job about somebody else; never show another person's answer.
    st.warning(
        "The job in this address was about another participant, so its answer is not shown here.",
        icon=":material/person_off:",
    )
    return None
