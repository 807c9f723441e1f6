"""The form of Comparison: methods, the limits that all of them get, and Run all."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from sensecf_core.access import rights
from sensecf_core.cohorts.cohort import Cohort
from sensecf_core.counterfactuals.proposers.registry import default_method
from sensecf_core.errors import InputError, NotReadyError
from sensecf_core.jobs import compare_methods, model_worker
from sensecf_core.language.models import adapter_choice, default_model
from sensecf_core.queries.methods import METHODS, Method, asks_language_model, needs_adapter
from sensecf_core.queries.request import ExplainRequest
from sensecf_core.records import comparisons
from sensecf_core.ui.choice import shown_results
from sensecf_core.ui.common import wording
from sensecf_core.ui.limits import limits_fields, own_words
from sensecf_core.ui.page.frame import Page

FIRST_CHOICE = ("nice-sparsity", "dice-random", "lm-few-shot", "random", "lm-zero-shot")
"""Methods compared until a visitor chooses: the cohort's default, and the first of these that can answer."""
_FIELD = "compare_methods"
_CHOSEN = "methods_compared"
_FILLED = "comparison_filled_in"


def show(page: Page) -> None:
    """Show the form; Run all asks every method and shows the comparison. The form then folds away."""
    own_words.take_back_from_others(page)
    _fill(page)
    if shown_results.shown_for(page.choice).comparison is not None:
        with st.expander("Compare again: methods and limits", icon=":material/edit:"):
            _form(page)
    else:
        _form(page)


def offered(page: Page) -> list[str]:
    """The methods that can be asked about this cohort here, in order."""
    ready = default_model.status().ready

    def able(method: Method) -> bool:
        if not method.asks_language_model or not method.needs_adapter:
            return ready or not method.asks_language_model
        return ready and adapter_choice.chosen(page.required_cohort, prompt=method.adapter) is not None

    return wording.in_order(name for name, method in METHODS.items() if able(method))


def _form(page: Page) -> None:
    schema = page.required_cohort.schema
    profile = limits_fields.profile_of(page)
    if schema.limits_note and profile != "behaviour":
        st.caption(wording.plain(schema.limits_note))
    methods = offered(page)
    _say_what_is_missing(methods)
    with st.form(key=f"compare_{profile}_{'_'.join(page.row_key)}", border=True):
        chosen = _methods(page.required_cohort, methods)
        with st.expander("The same limits for every method", icon=":material/tune:"):
            left, right = st.columns(2)
            request = limits_fields.request(page, "", profile, left, right)
        st.caption(wording.plain(limits_fields.summary(schema, request)))
        refused = rights.refusal("ask")
        pressed = st.form_submit_button(
            "Run all",
            type="primary",
            icon=":material/play_arrow:",
            key="run_all",
            disabled=not methods or refused is not None,
            help=None if refused is None else wording.message(refused),
        )
    if any(asks_language_model(name) for name in chosen) and st.runtime.exists():
        model_worker.warm(schema.name)
    if pressed or (limits_fields.take_ask_at_once() and methods):
        start(page, request, chosen)


def _methods(cohort: Cohort, methods: Sequence[str]) -> list[str]:
    # The choice is kept apart from the widget, since other cohorts have other methods.
    preselected = st.session_state.get(_FIELD, st.session_state.get(_CHOSEN))
    if preselected is None:
        first = dict.fromkeys((default_method(cohort), *FIRST_CHOICE))
        preselected = wording.in_order([name for name in first if name in methods][:3])
    st.session_state[_FIELD] = [name for name in preselected if name in methods]
    notes = (f"{METHODS[name].title}: {METHODS[name].note}" for name in methods)
    chosen = st.multiselect(
        "Methods",
        list(methods),
        format_func=wording.method_title,
        key=_FIELD,
        placeholder="Choose methods",
        help="  \n".join(notes),
    )
    st.session_state[_CHOSEN] = chosen
    return chosen


def start(page: Page, request: ExplainRequest, methods: Sequence[str]) -> None:
    """Ask every method and show the comparison; or say why the question cannot be asked."""
    try:
        limits_fields.check(page, request)
        comparison = compare_methods.start(
            page.required_cohort, page.classifier, request, wording.in_order(methods)
        )
    except (InputError, NotReadyError) as error:
        limits_fields.refuse(page, error)
        return
    shown_results.show_next(page.choice, comparison=comparison.comparison_id)
    st.session_state[_FILLED] = comparison.comparison_id
    st.rerun()


def _fill(page: Page) -> None:
    """Take over the methods and limits of a comparison that a link opened, once."""
    comparison_id = shown_results.shown_for(page.choice).comparison
    if comparison_id is None or st.session_state.get(_FILLED) == comparison_id:
        return
    st.session_state[_FILLED] = comparison_id
    try:
        comparison = comparisons.find(comparison_id)
    except (InputError, NotReadyError):  # the results say so
        return
    if comparison is not None:
        limits_fields.fill(page.required_cohort.schema, comparison.request)
        st.session_state[_FIELD] = [member.method for member in comparison.members]


def _say_what_is_missing(methods: Sequence[str]) -> None:
    """Say why language models are not offered."""
    model = default_model.status()
    if not model.ready:
        st.warning(
            f"{wording.message(model.message)} Until then, no language model can be compared.",
            icon=":material/download:",
        )
    elif not any(map(needs_adapter, methods)):
        st.caption("No fine-tuned language model can answer for this cohort as things are (see Models).")
