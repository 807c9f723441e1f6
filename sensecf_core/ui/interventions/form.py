"""What is asked, as one line of chips above the answer; each opens its fields, and Find options asks."""

from __future__ import annotations

import streamlit as st

from sensecf_core.errors import InputError, NotReadyError
from sensecf_core.jobs import model_worker
from sensecf_core.language.models import default_model
from sensecf_core.queries.methods import asks_language_model
from sensecf_core.queries.request import ExplainRequest
from sensecf_core.ui.common import wording
from sensecf_core.ui.interventions import feature_boxes, limits_fields, method_picker
from sensecf_core.ui.page import shown_results
from sensecf_core.ui.page.frame import Page

BUTTON = "Find options"


def show(page: Page) -> None:
    """Show the line; the button queues a job and shows it. Chips say what is set before they are opened."""
    schema = page.required_cohort.schema
    profile = limits_fields.profile_now(schema)
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall", key="ask"):
        with st.popover(wording.PROFILE_SHORT[profile], icon=":material/tune:", key="chip_limits"):
            profile = limits_fields.profile_of(page)
            if schema.limits_note and profile != "behaviour":
                st.caption(wording.plain(schema.limits_note))
        with st.popover(limits_fields.changes_now(), key="chip_numbers"):
            k, max_changes = limits_fields.counts(*st.columns(2))
            numbers = limits_fields.Numbers(k, max_changes, *limits_fields.more_settings())
        with st.popover(_capital(feature_boxes.summary(page, profile)), key="chip_fixed"):
            st.markdown("**What may change**")
            may_move = feature_boxes.show(page, profile, folded=False)
        title = wording.method_title(method_picker.method_now(page)[0])
        with st.popover(title, icon=":material/smart_toy:", key="chip_method"):
            method = method_picker.choose_method(page)
            model_name = method_picker.choose_model(page.required_cohort, method)
        model = default_model.status()
        needs_default_model = asks_language_model(method) and model_name is None
        ready = model.ready or not needs_default_model
        pressed = st.button(
            BUTTON, type="primary", icon=":material/play_arrow:", disabled=not ready, key="generate"
        )
    if needs_default_model and not model.ready:
        st.error(
            f"{wording.message(model.message)} Until then, only the controls can be asked.",
            icon=":material/download:",
        )
    elif needs_default_model and st.runtime.exists():
        model_worker.warm(schema.name)
    if pressed or (limits_fields.take_ask_at_once() and ready):
        request = limits_fields.made(page, method, profile, numbers, may_move)
        both = {"model": model_name, "behaviours_too": profile == "intervention"}
        submit(page, request.model_copy(update=both))


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


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
