"""The adapters of a cohort: which one answers, choosing another, deleting own ones, their cards."""

from __future__ import annotations

from typing import get_args

import streamlit as st

from sensecf_core.access import rights
from sensecf_core.classifiers import store
from sensecf_core.cohorts.cohort import Cohort
from sensecf_core.errors import InputError
from sensecf_core.language.models import adapter_choice, adapters, default_model
from sensecf_core.language.models.adapters import Adapter
from sensecf_core.queries.methods import METHODS, Prompt, of_prompt
from sensecf_core.ui.common import wording
from sensecf_core.ui.models import adapter_card, adapter_rates

FOR_EVERY_COHORT = "It learned from invented schemas, and answers where a cohort has no adapter of its own."
_FAILED = "adapter_failed"


def show(cohort: Cohort) -> None:
    """Show the adapters of a cohort, the one that answers first."""
    title = wording.plain(cohort.schema.title)
    st.header(f"Fine-tuned for {title}")
    if failed := st.session_state.pop(_FAILED, None):
        st.error(wording.plain(failed), icon=":material/error:")
    for damage in dict.fromkeys(filter(None, (adapter_choice.problem(cohort), *adapters.broken(cohort)))):
        st.error(wording.message(damage), icon=":material/error:")
    own, answering = adapters.adapters(cohort), adapter_choice.chosen(cohort)
    base = default_model.status().sha256
    every = [one for one in adapters.for_every_cohort() if adapters.unfit(one.card, cohort, base) is None]
    available = (*own, *every)
    if not own:
        few_shot = f"“{wording.method_title('lm-few-shot')}”"
        until = few_shot if answering is None else wording.plain(answering.card.name)
        st.info(
            "No language model was fine-tuned for this cohort yet. Start it below: it runs by itself on this "
            f"machine. Until then {until} answers.",
            icon=":material/model_training:",
        )
    if own or answering is not None:
        _who_answers(cohort, answering)
    for adapter in sorted(available, key=lambda adapter: adapter != answering):
        with st.container(border=True, key=f"adapter_{_key(adapter)}"):
            _adapter(cohort, adapter, answering)


def _who_answers(cohort: Cohort, answering: Adapter | None) -> None:
    if answering is None:
        st.warning(
            "None of these adapters can answer as things are; each one says why below. Fine-tune again to "
            "have one that can.",
            icon=":material/link_off:",
        )
        return
    first = adapters.prompt_of(answering.card)
    for prompt in (first, *(other for other in get_args(Prompt) if other != first)):
        if (adapter := adapter_choice.chosen(cohort, prompt=prompt)) is not None:
            default = ", the default" if prompt == first else ""
            st.markdown(
                f"“{wording.method_title(of_prompt(prompt))}” on the page Options is answered by "
                f"**{wording.plain(adapter.card.name)}**{default}."
            )
    st.page_link("pages/3_Interventions.py", label="Ask it for options", icon=":material/alt_route:")


def _adapter(cohort: Cohort, adapter: Adapter, answering: Adapter | None) -> None:
    card = adapter.card
    unfit = adapters.unfit(card, cohort, default_model.status().sha256)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.subheader(wording.plain(card.name), width="content")
        prompt = adapters.prompt_of(card)
        answers = adapter in (answering, adapter_choice.chosen(cohort, prompt=prompt))
        if answers:
            how = "Default" if adapter == answering else "Answers now"
            st.badge(how, icon=":material/check_circle:", color="blue")
        st.badge(wording.method_short(of_prompt(prompt)), color="gray", help=METHODS[of_prompt(prompt)].note)
        origin = "trained on this machine" if adapter.own else "came with the program"
        st.badge(origin, color="gray")
        if card.cohort == adapters.ANY:
            st.badge("for every cohort", color="gray", help=FOR_EVERY_COHORT)
    st.markdown(adapter_rates.headline(cohort, card))
    if (told := adapter_rates.shown(cohort, card, store.load(cohort).sha256)) is not None:
        st.markdown(told)
    if unfit is not None:
        st.warning(wording.message(unfit), icon=":material/link_off:")
        if card.base != default_model.DEFAULT_MODEL:
            st.markdown(
                f"If it was trained on {wording.plain(card.base)}, it answers with that model from a "
                f"terminal: `explain --method {of_prompt(prompt)} --model NAME`."
            )
    elif (warning := adapters.other_classifier(card, store.load(cohort).sha256)) is not None:
        st.warning(wording.message(warning), icon=":material/warning:")
    refused = rights.refusal("models")
    with st.container(horizontal=True):
        if adapter != answering and unfit is None:
            st.button(
                "Make it the default" if answers else f"Let {wording.plain(card.name)} answer",
                icon=":material/swap_horiz:",
                key=f"use_{_key(adapter)}",
                on_click=_choose,
                args=(cohort, adapter),
                disabled=refused is not None,
                help=None if refused is None else wording.message(refused),
            )
        if adapter.own and refused is None:
            _deleting(adapter)
    with st.expander("Made from, learning curve, rates", icon=":material/badge:"):
        adapter_card.show(cohort, adapter)


def _deleting(adapter: Adapter) -> None:
    name = wording.plain(adapter.card.name)
    with st.popover(f"Delete {name} …", icon=":material/delete:"):
        st.markdown(
            f"**{name}** and its checkpoints are deleted from this disk for good{_for_whom(adapter)}. "
            "Its answers and the pairs it learned from stay. Training it again takes as long as it did."
        )
        st.button(
            f"Delete {name} for good",
            type="primary",
            icon=":material/delete_forever:",
            key=f"delete_{_key(adapter)}",
            on_click=_delete,
            args=(adapter,),
        )


def _choose(cohort: Cohort, adapter: Adapter) -> None:
    try:
        adapter_choice.choose(cohort, adapter)
    except InputError as error:
        st.session_state[_FAILED] = str(error)
    except OSError as error:
        st.session_state[_FAILED] = f"The choice could not be kept: {error}."


def _delete(adapter: Adapter) -> None:
    try:
        adapters.delete(adapter)
    except FileNotFoundError:  # another visitor deleted it first
        pass
    except InputError as error:
        st.session_state[_FAILED] = str(error)
    except OSError as error:
        st.session_state[_FAILED] = f"The adapter {adapter.card.name} could not be deleted: {error}."


def _for_whom(adapter: Adapter) -> str:
    return ", for every cohort" if adapter.card.cohort == adapters.ANY else ""


def _key(adapter: Adapter) -> str:
    every = "every_" if adapter.card.cohort == adapters.ANY else ""
    return f"{'own' if adapter.own else 'given'}_{every}{adapter.folder.name}"
