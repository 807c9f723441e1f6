"""The form that asks for interventions: mode, how many, what may change, ranges; and Generate."""

from __future__ import annotations

import streamlit as st

from sensecf_core.errors import InputError, NotReadyError
from sensecf_core.jobs import model_lane
from sensecf_core.language import weights
from sensecf_core.queries.request import ExplainRequest, asks_language_model
from sensecf_core.ui import followed, limits_form, method_picker, model_picker, screen, words
from sensecf_core.ui.frame import Frame


def show(frame: Frame) -> None:
    """Show the form in a fold above the options; on a phone it closes once something was asked."""
    now = followed.of(frame.choice)
    asked = bool(now.answer or now.job)
    with st.expander(
        f"{'Ask again: mode' if asked else 'Mode'}, limits, what may change",
        expanded=not (asked and screen.on_phone()),
        icon=":material/edit:",
    ):
        _form(frame)


def _form(frame: Frame) -> None:
    """The form; Generate queues a job and follows it."""
    schema = frame.known.schema
    method = method_picker.show(frame)
    asked = model_picker.show(frame.known, method)
    profile = limits_form.profile_of(frame)
    if schema.limits_note:
        st.caption(words.plain(schema.limits_note))
    model = weights.status()
    needed = asks_language_model(method) and asked is None
    if needed and not model.ready:
        st.error(
            f"{words.message(model.message)} Until then, only the random control can be asked.",
            icon=":material/download:",
        )
    elif needed and st.runtime.exists():
        model_lane.warm(schema.name)
    ready = model.ready or not needed
    with st.form(key=f"ask_{profile}_{'_'.join(frame.row_key)}", border=True):
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
        request = limits_form.request(frame, method, profile, left, right).model_copy(update={"model": asked})
    if pressed or (limits_form.asked_at_once() and ready):
        submit(frame, request)


def submit(frame: Frame, request: ExplainRequest) -> None:
    """Queue a request that can be answered, and follow its job; else say what is wrong with it."""
    try:
        limits_form.check(frame, request)
        job = model_lane.lane().submit(request)
    except (InputError, NotReadyError) as error:
        limits_form.refuse(frame, error)
        return
    followed.follow(frame.choice, job=job)
    st.rerun()
