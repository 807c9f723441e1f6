"""The mode: which method proposes changes, and which adapter the fine-tuned model uses."""

from __future__ import annotations

import streamlit as st

from sensecf_core.language.models import adapters, default_model
from sensecf_core.language.models.adapters import Adapter
from sensecf_core.queries.request import METHODS
from sensecf_core.ui.common import wording
from sensecf_core.ui.page.frame import Page

TUNED = "lm-fine-tuned"
METHOD_ORDER = (TUNED, "lm-few-shot", "lm-zero-shot", "random")
_PICKED = "method_picked"


def show(page: Page) -> str:
    """Ask for the mode; the default is the best one that this cohort has."""
    adapter = adapters.chosen(page.required_cohort)
    options = [m for m in METHOD_ORDER if m in METHODS and (m != TUNED or adapter is not None)]
    # The pick is kept apart from the widget, since other cohorts have other options.
    picked = st.session_state.get(_PICKED)
    st.session_state["method"] = picked if picked in options else options[0]
    method = st.selectbox(
        "Mode",
        options,
        format_func=lambda name: wording.METHOD_TITLES[name],
        key="method",
        on_change=lambda: st.session_state.update({_PICKED: st.session_state["method"]}),
        help="  \n".join(f"{wording.METHOD_TITLES[m]}: {wording.METHOD_NOTES[m]}" for m in METHOD_ORDER),
    )
    _say_which(page, adapter, method)
    return method


def _say_which(page: Page, adapter: Adapter | None, method: str) -> None:
    """Say which adapter answers, with its warning if it has one; or how to get an adapter."""
    if adapter is None and default_model.status().ready:
        if adapters.adapters(page.required_cohort):
            st.caption("None of this cohort's fine-tuned language models can answer as things are.")
            _to_models(page, "See why, or fine-tune again")
        else:
            st.caption("No language model is fine-tuned for this cohort yet.")
            _to_models(page, "Fine-tune one")
    elif adapter is not None and method == TUNED:
        st.caption(f"Trained on this cohort: adapter {wording.plain(adapter.card.name)}.")
        if (warning := adapters.other_classifier(adapter.card, page.classifier.sha256)) is not None:
            st.warning(wording.message(warning), icon=":material/warning:")
            _to_models(page, "See its card, or fine-tune again")


def _to_models(page: Page, label: str) -> None:
    st.page_link(
        "pages/7_Models.py",
        label=label,
        icon=":material/model_training:",
        query_params={"cohort": page.required_cohort.schema.name},
    )
