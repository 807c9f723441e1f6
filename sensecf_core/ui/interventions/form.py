"""What is asked, as one line of chips above the answer; each opens its fields, and Find options asks."""

from __future__ import annotations

import streamlit as st
from streamlit.elements.lib.mutable_popover_container import PopoverContainer

from sensecf_core.access import rights
from sensecf_core.counterfactuals.problem.fitted_cohort import load_fitted
from sensecf_core.errors import InputError, NotReadyError
from sensecf_core.jobs import model_worker
from sensecf_core.jobs.ask_list import request_of
from sensecf_core.language.models import default_model
from sensecf_core.queries.methods import asks_language_model
from sensecf_core.queries.request import ExplainRequest
from sensecf_core.ui.choice import shown_results
from sensecf_core.ui.choice.selection import Choice
from sensecf_core.ui.common import wording
from sensecf_core.ui.interventions import method_picker
from sensecf_core.ui.limits import feature_boxes, limits_fields, own_words
from sensecf_core.ui.page import keyboard
from sensecf_core.ui.page.frame import Page

BUTTON = "Find options"
_OPENED, _WAITING = "options_opened", "asked_on_opening"


def show(page: Page) -> None:
    """Show the line; the button queues a job and shows it.

    Chips say what is set. Their fields are drawn only while they are open: a field in a closed one is not in
    the browser, would not hear of a value that the program sets, and would put its own back.
    """
    schema = page.required_cohort.schema
    own_words.take_back_from_others(page)
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall", key="ask"):
        with _chip("Say it", own_words.CHIP, ":material/chat:") as chip:
            if chip.open:
                own_words.show(page, _asked(page))
        with _chip(
            wording.PROFILE_SHORT[limits_fields.profile_now(schema)], "chip_limits", ":material/tune:"
        ) as chip:
            if chip.open:
                limits_fields.profile_of(page)
                if schema.limits_note and limits_fields.profile_now(schema) != "behaviour":
                    st.caption(wording.plain(schema.limits_note))
        profile = limits_fields.profile_now(schema)
        with _chip(
            limits_fields.changes_now(limits_fields.desired_class(page, profile)), "chip_numbers"
        ) as chip:
            if chip.open:
                limits_fields.counts(*st.columns(2))
                limits_fields.goal_of(page, profile)
                limits_fields.more_settings()
        with _chip(_capital(feature_boxes.summary(page, profile)), "chip_fixed") as chip:
            if chip.open:
                st.markdown("**What may change**")
                feature_boxes.show(page, profile, folded=False)
        with _chip(
            wording.method_title(method_picker.method_now(page)[0]), "chip_method", ":material/smart_toy:"
        ) as chip:
            if chip.open:
                method_picker.choose_method(page)
                method_picker.choose_model(page.required_cohort, method_picker.method_now(page)[0])
        method = method_picker.method_now(page)[0]
        model_name = method_picker.model_now(page.required_cohort, method)
        ready = _is_ready(method, model_name)
        refused = rights.refusal("ask")
        pressed = st.button(
            BUTTON,
            type="primary",
            icon=":material/play_arrow:",
            disabled=not ready or refused is not None,
            help=None if refused is None else wording.message(refused),
            key="generate",
            shortcut=keyboard.letter(keyboard.ASK),
        )
    if not ready:
        st.error(
            f"{wording.message(default_model.status().message)} Until then, only the controls can be asked.",
            icon=":material/download:",
        )
    method_picker.warn(page, method, model_name)
    own_words.say_what_was_set(page, _asked(page))
    if pressed or (limits_fields.take_ask_at_once() and ready):
        submit(page, _question(page))


def asks_on_opening(page: Page) -> str | None:
    """Ask about the chosen row because its page was opened; returns the job, None if nothing is asked.

    When a row is opened for the first time in a session, for whoever may ask, and this machine's own model
    alone: nobody's data go to a server because a page was opened. Only the question that stands there before
    anything is set: limits that were set for one person are not taken for the next.
    """
    opened: set[Choice] = st.session_state.setdefault(_OPENED, set())
    if page.choice in opened:
        return None
    opened.add(page.choice)
    request = _question(page)
    if request.model is not None or not _is_ready(request.method, None) or rights.refusal("ask") is not None:
        return None
    if request != request_of(load_fitted(request.cohort), page.row_key, method=request.method):
        return None
    try:
        _give_up_waiting()
        job = model_worker.worker().submit(request)
    except (InputError, NotReadyError):
        return None  # the button says why
    st.session_state[_WAITING] = page.choice, job
    shown_results.show_now(page.choice, "job", job)
    return job


def _give_up_waiting() -> None:
    """Cancel what opening a page asked last if it still waits: whoever goes on leaves no queue behind.

    Its row counts as not opened again. What is being answered already is answered, and kept.
    """
    choice, job_id = st.session_state.pop(_WAITING, (None, None))
    worker = model_worker.worker()
    if job_id is not None and (job := worker.view(job_id)) is not None and job.state == "queued":
        worker.cancel(job_id)
        shown_results.forget_job(choice)
        st.session_state[_OPENED].discard(choice)


def _question(page: Page) -> ExplainRequest:
    """What the button asks: the fields, the model chosen, and answers of what a person does beside."""
    profile = limits_fields.profile_now(page.required_cohort.schema)
    model = method_picker.model_now(page.required_cohort, method_picker.method_now(page)[0])
    return _asked(page).model_copy(update={"model": model, "behaviours_too": profile == "intervention"})


def _asked(page: Page) -> ExplainRequest:
    """The request that the fields make as they are set, drawn or not."""
    profile = limits_fields.profile_now(page.required_cohort.schema)
    method, may_move = method_picker.method_now(page)[0], feature_boxes.as_set(page, profile)
    return limits_fields.made(page, method, profile, limits_fields.numbers_now(), may_move)


def _chip(label: str, key: str, icon: str | None = None) -> PopoverContainer:
    """A chip that says what is set, once it is closed: another label would be another chip, and close it."""
    said = f"{key}_says"
    if not st.session_state.get(key):
        st.session_state[said] = label
    return st.popover(st.session_state.setdefault(said, label), icon=icon, key=key, on_change="rerun")


def _needs_default_model(method: str, model: str | None) -> bool:
    return asks_language_model(method) and model is None


def _is_ready(method: str, model: str | None) -> bool:
    """Whether what would answer is on this machine."""
    return default_model.status().ready or not _needs_default_model(method, model)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def submit(page: Page, request: ExplainRequest) -> None:
    """Queue a request and show its job; or say why the request is refused."""
    try:
        limits_fields.check(page, request)
        _give_up_waiting()
        job = model_worker.worker().submit(request)
    except (InputError, NotReadyError) as error:
        limits_fields.refuse(page, error)
        return
    shown_results.show_next(page.choice, job=job)
    st.rerun()
