"""The form that asks for interventions: mode, how many, what may change, ranges; and Generate."""

from __future__ import annotations

import streamlit as st

from sensecf_core.errors import InputError, NotReadyError
from sensecf_core.jobs import model_worker
from sensecf_core.language.models import default_model
from sensecf_core.queries.methods import asks_language_model
from sensecf_core.queries.request import ExplainRequest
from sensecf_core.ui.common import browser, wording
from sensecf_core.ui.interventions import limits_fields, method_picker, model_picker
from sensecf_core.ui.page import shown_results
from sensecf_core.ui.page.frame import Page


def show(page: Page) -> None:
    """Show the form in a fold above the options; on a phone it closes once something was asked."""
    now = shown_results.of(page.choice)
    asked = bool(now.answer or now.job)
    with st.expander(
        f"{'Ask again: mode' if asked else 'Mode'}, limits, what may change",
        expanded=not (asked and browser.on_phone()),
        icon=":material/edit:",
    ):
        _form(page)


def _form(page: Page) -> None:
    """The form; Generate queues a job and follows it."""
    schema = page.required_cohort.schema
    method = method_picker.show(page)
    asked = model_picker.show(page.required_cohort, method)
    profile = limits_fields.profile_of(page)
    if schema.limits_note:
        st.caption(wording.plain(schema.limits_note))
    model = default_model.status()
    needed = asks_language_model(method) and asked is None
    if needed and not model.ready:
        st.error(
            f"{wording.message(model.message)} Until then, only the random control can be asked.",
            icon=":material/download:",
        )
    elif needed and st.runtime.exists():
        model_worker.warm(schema.name)
    ready = model.ready or not needed
    with st.form(key=f"ask_{profile}_{'_'.join(page.row_key)}", border=True):
        left, right = st.columns(2)
        # Above the long list, so that what Generate shows is beside it.
        pressed = st.form_submit_button(
            "Generate",
            type="primary",
            icon=":material/play_arrow:",
            width="stretch",
            disabled=not ready,
            key="generate",
        )
        request = limits_fields.request(page, method, profile, left, right).model_copy(
            update={"model": asked}
        )
    if pressed or (limits_fields.asked_at_once() and ready):
        submit(page, request)


def submit(page: Page, request: ExplainRequest) -> None:
    """Queue a request that can be answered, and follow its job; else say what is wrong with it."""
    try:
        limits_fields.check(page, request)
        job = model_worker.worker().submit(request)
    except (InputError, NotReadyError) as error:
        limits_fields.refuse(page, error)
        return
    shown_results.follow(page.choice, job=job)
    st.rerun()
