"""Which language model is asked if there is a choice: models that fit this machine, and allowed servers."""

from __future__ import annotations

import streamlit as st

from sensecf_core.cohorts.cohort import Cohort
from sensecf_core.counterfactuals.proposers.resolve_model import REMOTE_METHOD
from sensecf_core.errors import InputError
from sensecf_core.language.models import hardware, registry
from sensecf_core.language.models.registry import ModelSpec
from sensecf_core.language.remote import allow_list
from sensecf_core.ui.common import wording
from sensecf_core.ui.models import base_models

_PICKED = "model_picked"
ANY_MODEL = ("lm-few-shot", "lm-zero-shot")
"""The modes that work with every model (an adapter belongs to one model)."""


def show(cohort: Cohort, method: str) -> str | None:
    """Ask which model answers if there is a choice; returns its name, or None for the default model."""
    others = offered(cohort, method)
    if not others:
        return None
    names = [registry.DEFAULT, *others]
    # The pick is kept apart from the widget, since other modes and cohorts have other options.
    picked = st.session_state.get(_PICKED)
    st.session_state["model"] = picked if picked in names else names[0]
    name: str = st.selectbox(
        "Language model",
        names,
        key="model",
        on_change=lambda: st.session_state.update({_PICKED: st.session_state["model"]}),
        help="Models that are on this machine and fit it, and servers that are allowed for this cohort. The "
        "page Models says what is missing for the others.",
    )
    if name == names[0]:
        return None
    notice = allow_list.notice(others[name])
    if notice is not None:
        st.warning(wording.message(notice), icon=":material/cloud_upload:")
    return name


def offered(cohort: Cohort, method: str) -> dict[str, ModelSpec]:
    """The models, apart from the default one, that this method can ask about the cohort now."""
    if method not in ANY_MODEL:
        return {}
    try:
        specs = registry.registry()
    except InputError:  # the page Models says what is wrong with the user's file
        return {}
    return {
        name: spec
        for name, spec in specs.items()
        if name != registry.DEFAULT and _can_be_asked(spec, cohort, method)
    }


def _can_be_asked(spec: ModelSpec, cohort: Cohort, method: str) -> bool:
    if spec.kind == "endpoint":
        return method == REMOTE_METHOD and base_models.refused(spec, cohort) is None
    fit = hardware.fits(spec, base_models.this_machine())
    return fit.ok and fit.here
