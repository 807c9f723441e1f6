"""The method that proposes changes and, if there is a choice, the language model that answers."""

from __future__ import annotations

import streamlit as st

from sensecf_core.cohorts.cohort import Cohort
from sensecf_core.counterfactuals.proposers.registry import default_method
from sensecf_core.counterfactuals.proposers.resolve_model import REMOTE_METHOD
from sensecf_core.language.models import adapter_choice, adapters, default_model, registry
from sensecf_core.language.models.adapters import Adapter
from sensecf_core.language.models.registry import ModelSpec
from sensecf_core.language.remote import allow_list
from sensecf_core.queries.methods import METHODS
from sensecf_core.ui.common import wording
from sensecf_core.ui.models import base_models
from sensecf_core.ui.page.frame import Page

MODES = tuple(method for method in METHODS.values() if method.samples)
"""What is offered: language models and their controls. Searches are on the page Comparison."""
ANY_MODEL = tuple(mode.name for mode in MODES if mode.asks_language_model and not mode.needs_adapter)
"""The modes that work with every model (an adapter belongs to one model)."""
_PICKED_METHOD, _PICKED_MODEL = "method_picked", "model_picked"


def method_now(page: Page) -> tuple[str, list[str]]:
    """The method that would be asked, and those that are offered; the default is the best one there is."""
    cohort = page.required_cohort
    options = [
        mode.name
        for mode in MODES
        if not mode.needs_adapter or adapter_choice.chosen(cohort, prompt=mode.adapter) is not None
    ]
    # The pick is kept apart from the widget, since other cohorts have other options.
    picked = st.session_state.get(_PICKED_METHOD)
    best = default_method(cohort)
    return picked if picked in options else best if best in options else options[0], options


def choose_method(page: Page) -> None:
    """Ask for the method."""
    st.session_state["method"], options = method_now(page)
    method = st.selectbox(
        "Method",
        options,
        format_func=wording.method_title,
        key="method",
        on_change=lambda: st.session_state.update({_PICKED_METHOD: st.session_state["method"]}),
        help="  \n".join(f"{mode.title}: {mode.note}" for mode in MODES),
    )
    _say_which(page, adapter_choice.chosen(page.required_cohort, prompt=METHODS[method].adapter), method)


def _say_which(page: Page, adapter: Adapter | None, method: str) -> None:
    """Say which adapter answers, or how to get one."""
    if adapter is None and default_model.status().ready:
        if adapters.adapters(page.required_cohort):
            st.caption("None of this cohort's fine-tuned language models can answer as things are.")
            _to_models(page, "See why, or fine-tune again")
        else:
            st.caption("No language model is fine-tuned for this cohort yet.")
            _to_models(page, "Fine-tune one")
    elif adapter is not None and METHODS[method].needs_adapter:
        what = "For every cohort" if adapter.card.cohort == adapters.ANY else "Trained on this cohort"
        st.caption(f"{what}: adapter {wording.plain(adapter.card.name)}.")


def warn(page: Page, method: str, model: str | None) -> None:
    """Warn beside the button: an adapter of another classifier, a model that is not on this machine."""
    prompt, others = METHODS[method].adapter, _other_models(page.required_cohort, method)
    adapter = None if prompt is None else adapter_choice.chosen(page.required_cohort, prompt=prompt)
    other_classifier = notice = None
    if adapter is not None:
        other_classifier = adapters.other_classifier(adapter.card, page.classifier.sha256)
    if model is not None:
        notice = allow_list.notice(others[model])
    if other_classifier is not None:
        st.warning(wording.message(other_classifier), icon=":material/warning:")
        _to_models(page, "See its card, or fine-tune again")
    if notice is not None:
        st.warning(wording.message(notice), icon=":material/cloud_upload:")


def _to_models(page: Page, label: str) -> None:
    st.page_link(
        "pages/7_Models.py",
        label=label,
        icon=":material/model_training:",
        query_params={"cohort": page.required_cohort.schema.name},
    )


def model_now(cohort: Cohort, method: str) -> str | None:
    """The name of the model that would answer, or None for the default model."""
    picked: str | None = st.session_state.get(_PICKED_MODEL)
    return picked if picked in _other_models(cohort, method) else None


def choose_model(cohort: Cohort, method: str) -> None:
    """Ask which model answers, if there is a choice."""
    others = _other_models(cohort, method)
    if not others:
        return
    names = [registry.DEFAULT, *others]
    # The pick is kept apart from the widget, since other methods and cohorts have other options.
    st.session_state["model"] = model_now(cohort, method) or names[0]
    st.selectbox(
        "Language model",
        names,
        key="model",
        on_change=lambda: st.session_state.update({_PICKED_MODEL: st.session_state["model"]}),
        help="Models that are on this machine and fit it, and servers that are allowed for this cohort. The "
        "page Models says what is missing for the others.",
    )


def _other_models(cohort: Cohort, method: str) -> dict[str, ModelSpec]:
    """The models, apart from the default one, that this method can ask about the cohort now."""
    if method not in ANY_MODEL:
        return {}
    return {
        name: spec
        for name, spec in base_models.others(cohort).items()
        if method == REMOTE_METHOD or not spec.is_remote
    }
