"""How hard an option is for the person: a default that says that it is one, and fields to replace it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import streamlit as st

from sensecf_core.cohorts.cohort import Cohort
from sensecf_core.cohorts.schema import Schema
from sensecf_core.counterfactuals.checks.effort import EFFORTS, default_efforts, of_option
from sensecf_core.queries.answer import Answer, Counterfactual, Effort
from sensecf_core.records import decisions
from sensecf_core.records.kept_options import KeptOption
from sensecf_core.ui.common import data
from sensecf_core.ui.decisions import who

DEFAULT = "default"
NOT_KNOWN = "not estimated"
BASIS = (
    "The default says how far a value moves, not how hard that is for this person: how many people of the "
    "cohort it passes, and how many times the smallest meaningful change it is, whichever is the harder. A "
    "change of category is not estimated; beside other changes it counts as moderate."
)


def show(cohort: Cohort, asked: Answer, shown: KeptOption, own: Mapping[str, Effort], key: str) -> None:
    """Show the effort of an option as a button that opens one field a change.

    ``own`` is what somebody said about the person, by feature. An option that was stored
    before there were defaults gets them now.
    """
    schema, option = cohort.schema, shown.option
    if not option.effort:
        known = {name: change for name, change in option.changes.items() if name in schema.positions}
        default = default_efforts(schema, data.training_domain(cohort), known)
        option = option.model_copy(update={"effort": default})
    key = f"effort_{shown.number}_{asked.answer_id}{key}"
    with st.popover(
        label(option, own),
        icon=":material/fitness_center:",
        key=f"{key}_open",
        on_change="rerun",
    ) as opened:
        if opened.open:
            _fields(schema, asked, option, own, key)
    who.tell_problem(key)


def label(option: Counterfactual, own: Mapping[str, Effort]) -> str:
    """The effort of an option in a few words; a default says that it is one."""
    level = of_option(option.changes, option.effort, own)
    default = "" if level is None or set(own) & set(option.changes) else " (default)"
    return f"Effort: {level or NOT_KNOWN}{default}"


def _fields(
    schema: Schema, asked: Answer, option: Counterfactual, own: Mapping[str, Effort], key: str
) -> None:
    """One field a change: as by default, or what is said for this person."""
    fields = {name: f"{key}_{name}_{own.get(name)}" for name in option.changes if name in schema.positions}
    with st.form(f"{key}_form", border=False):
        for name, field in fields.items():
            st.selectbox(
                schema.feature(name).label,
                (DEFAULT, *EFFORTS),
                index=1 + EFFORTS.index(own[name]) if name in own else 0,
                format_func=partial(_choice, option.effort.get(name)),
                key=field,
            )
        st.caption(BASIS)
        who.ask(key)
        keep = partial(_keep, asked, fields, own)
        st.form_submit_button(
            "For this person", key=key, type="primary", on_click=who.decide, args=(key, keep)
        )


def _choice(default: Effort | None, level: str) -> str:
    return f"As by default ({default or NOT_KNOWN})" if level == DEFAULT else level.capitalize()


def _keep(asked: Answer, fields: Mapping[str, str], own: Mapping[str, Effort], by: str) -> None:
    """Store what was changed in the fields."""
    for name, field in fields.items():
        chosen: str = st.session_state[field]
        level = next((one for one in EFFORTS if one == chosen), None)
        about = (asked.cohort, asked.participant_id, name)
        if level is not None and level != own.get(name):
            decisions.set_effort(*about, level, by=by)
        elif level is None and name in own:
            decisions.forget_effort(*about, by=by)
