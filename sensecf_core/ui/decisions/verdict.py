"""What was decided about one option, and the buttons that decide: Keep, Reject with a reason, Undo."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from itertools import chain

import streamlit as st

from sensecf_core.access import rights
from sensecf_core.cohorts.schema import Schema
from sensecf_core.counterfactuals.checks.sentences import measure
from sensecf_core.errors import InputError
from sensecf_core.records import decisions
from sensecf_core.records.kept_options import KeptOption
from sensecf_core.records.person_state import REASONS, Decision, Kind, PersonState
from sensecf_core.ui.common import wording
from sensecf_core.ui.decisions import who
from sensecf_core.ui.page import keyboard

_SAID: dict[Kind, tuple[str, str]] = {
    "keep": ("Kept", ":material/bookmark_added:"),
    "edit": ("Kept with other values", ":material/bookmark_added:"),
    "reject": ("Rejected", ":material/thumb_down:"),
    "shortlist": ("To come back to", ":material/schedule:"),
}


def standing(state: PersonState, answer_id: str, shown: KeptOption) -> Decision | None:
    """What was decided last about an option of an answer; None if nothing of it counts.

    Decisions are found by what the option changes: an answer that was asked again may number them anew.
    """
    changes = shown.option.model_dump(mode="json", by_alias=True)["changes"]
    for decision in chain(state.kept, state.rejected, state.shortlisted):
        if decision.answer_id == answer_id and decision.changes == changes:
            return decision
    return None


def show(
    schema: Schema,
    answer_id: str,
    shown: KeptOption,
    decided: Decision | None,
    key: str,
    *,
    with_keys: bool = False,
) -> None:
    """Show the buttons of one option, or what was decided about it with Undo.

    ``with_keys``: the keys that decide are about this option.
    """
    key = f"{shown.number}_{answer_id}{key}"
    if decided is not None:
        said, icon = _SAID[decided.kind]
        colour = "green" if decided.kind in ("keep", "edit") else "gray"
        text = wording.plain(f"{said} by {decided.who}, {wording.moment(decided.created)}")
        st.badge(text, icon=icon, color=colour)  # type: ignore[arg-type]
        undo = partial(_undo, decided.decision_id)
        refused = rights.refusal_of("undo", decided.login)
        help_text = "Adds a row; nothing is deleted."
        who.button("Undo", f"undo_{key}", ":material/undo:", undo, help_text, refused=refused)
        return
    keep = partial(_keep, answer_id, shown.number)
    keys = (keyboard.KEEP, keyboard.REJECT) if with_keys else (None, None)
    who.button("Keep", f"keep_{key}", ":material/bookmark_add:", keep, shortcut=keys[0])
    _reject(schema, answer_id, shown, f"reject_{key}", keys[1])


def why(schema: Schema, decided: Decision) -> str | None:
    """What was given with a decision: the reason and what it is about, other values, a note; else None."""
    labels = {feature.name: feature.label for feature in schema.features}
    parts = []
    if decided.reason is not None:
        about = [labels.get(name, name) for name in decided.features or ()]
        parts.append(REASONS[decided.reason] + (f" ({wording.listed(about)})" if about else ""))
    if decided.edited is not None:
        known = {name: value for name, value in decided.edited.items() if name in schema.positions}
        parts += [f"{labels[n]} {measure(schema.feature(n), value)}" for n, value in known.items()]
    if decided.effort is not None:
        about = [labels.get(name, name) for name in decided.features or ()]
        parts.append(f"{wording.listed(about)}: {decided.effort}")
    if decided.note is not None:
        parts.append(decided.note)
    return wording.plain(" · ".join(parts)) if parts else None


def _keep(answer_id: str, number: int, by: str) -> Decision:
    return decisions.keep(answer_id, number, by=by)


def _undo(decision_id: str, by: str) -> Decision:
    return decisions.undo(decision_id, by=by)


def _reject(schema: Schema, answer_id: str, shown: KeptOption, key: str, shortcut: str | None) -> None:
    """Ask why, and about which of the changes."""
    changed = [name for name in shown.option.changes if name in schema.positions]
    with who.popover("Reject", f"{key}_open", ":material/thumb_down:", shortcut=shortcut):
        with st.form(f"{key}_form", border=False):
            st.selectbox(
                "Why?",
                list(REASONS),
                index=None,
                format_func=lambda code: REASONS[code],
                placeholder="Choose a reason",
                key=f"{key}_reason",
            )
            if len(changed) > 1:
                st.multiselect(
                    "Which change is it about?",
                    changed,
                    format_func=lambda name: schema.feature(name).label,
                    placeholder="All of them",
                    key=f"{key}_about",
                    help="A reason about the person keeps these from being asked for again.",
                )
            st.text_input("In words", key=f"{key}_note", max_chars=decisions.LONGEST_NOTE)
            who.ask(key)
            reject = partial(_reject_for, answer_id, shown.number, key)
            st.form_submit_button("Reject", key=key, type="primary", on_click=who.decide, args=(key, reject))
        who.tell_problem(key)


def _reject_for(answer_id: str, number: int, key: str, by: str) -> Decision:
    reason: str | None = st.session_state[f"{key}_reason"]
    if reason is None:
        raise InputError("Choose a reason first.")
    about: Sequence[str] = st.session_state.get(f"{key}_about") or ()
    return decisions.reject(
        answer_id,
        number,
        reason,
        by=by,
        note=st.session_state[f"{key}_note"].strip() or None,
        features=about or None,
    )
