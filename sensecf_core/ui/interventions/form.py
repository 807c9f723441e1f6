"""The form that asks for interventions: mode, how many, what may change, ranges; and Generate."""

from __future__ import annotations

import streamlit as st

from sensecf_core.errors import InputError, NotReadyError
from sensecf_core.jobs import model_worker
from sensecf_core.language.models import default_model
from sensecf_core.queries.methods import asks_language_model
from sensecf_core.queries.request import ExplainRequest
from sensecf_core.ui.common import browser, wording
from sensecf_core.ui.interventions import limits_fields, method_picker
from sensecf_core.ui.page import shown_results
from sensecf_core.ui.page.frame import Page


def show(page: Page) -> None:
    """Show the form in an expander; on a phone it closes once something was asked."""
    shown = shown_results.shown_for(page.choice)
    has_result = bool(shown.answer or shown.job)
    with st.expander(
        f"{'Ask again: mode' if has_result else 'Mode'}, limits, what may change",
        expanded=not (has_result and browser.on_phone()),
        icon=":material/edit:",
    ):
        _form(page)


def _form(page: Page) -> None:
    """Show the form; Generate queues a job and shows it."""
    schema = page.required_cohort.schema
    method = method_picker.choose_method(page)
    model_name = method_picker.choose_model(page.required_cohort, method)
    profile = limits_fields.profile_of(page)
    if schema.limits_note and profile != "behaviour":
        st.caption(wording.plain(schema.limits_note))
    model = default_model.status()
    needs_default_model = asks_language_model(method) and model_name is None
    if needs_default_model and not model.ready:
        st.error(
            f"{wording.message(model.message)} Until then, only the controls can be asked.",
            icon=":material/download:",
        )
    elif needs_default_model and st.runtime.exists():
        model_worker.warm(schema.name)
    ready = model.ready or not needs_default_model
    with st.form(key=f"ask_{profile}_{'_'.join(page.row_key)}", border=True):
        left, right = st.columns(2)
        # Above the long list, so that the result of Generate appears beside it.
        pressed = st.form_submit_button(
            "Generate",
            type="primary",
            icon=":material/play_arrow:",
            width="stretch",
            disabled=not ready,
            key="generate",
        )
        request = limits_fields.request(page, method, profile, left, right).model_copy(
            update={"model": model_name, "behaviours_too": profile == "intervention"}
        )
    if pressed or (limits_fields.take_ask_at_once() and ready):
        submit(page, request)


def submit(page: Page, request: ExplainRequest) -> None:
    """Queue a request and show its job; or say why the request is refused."""
    try:
        limits_fields.check(page, request)
        job = model_worker.worker().submit(request)
    except (InputError, NotReadyError) as error:
        limits_fields.refuse(page, error)
        return
    shown_results.show_next(page.choice, job=job)
    st.rerun()
