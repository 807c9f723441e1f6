"""The name of who decides: the login, or asked with the first decision of a session, and kept."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st
from streamlit.elements.lib.mutable_popover_container import PopoverContainer

from sensecf_core.access import people, rights
from sensecf_core.errors import InputError, NotReadyError
from sensecf_core.records.decisions import LONGEST_NAME, checked_name
from sensecf_core.ui.common import wording
from sensecf_core.ui.page import keyboard

_NAME = "decides"
_PROBLEM = "decision_problem"


def name() -> str | None:
    """The login, or the name that was given in this session, if any."""
    given: str | None = st.session_state.get(_NAME)
    return people.current().login or given


def ask(key: str) -> None:
    """Ask for the name within a form, unless it is known; say here who may not decide."""
    if (why := rights.refusal("decide")) is not None:
        st.caption(wording.message(why))
    elif name() is None:
        st.text_input(
            "Your name",
            key=_field(key),
            max_chars=LONGEST_NAME,
            placeholder="Asked once; stands beside what you decide",
        )


def button(
    label: str,
    key: str,
    icon: str,
    act: Callable[[str], object],
    help_text: str = "",
    *,
    refused: str | None = None,
    shortcut: str | None = None,
) -> None:
    """A button that decides: ``act`` gets the name; where none was given yet, it asks for it first.

    ``refused`` says why whoever is at work may not do it, where that is more than their role. ``shortcut``
    is one of the single keys of :mod:`~sensecf_core.ui.page.keyboard`.
    """
    if (why := rights.refusal("decide") or refused) is not None:
        st.button(label, key=key, icon=icon, help=wording.message(why), disabled=True)
    elif name() is not None:
        pressed_by = None if shortcut is None else keyboard.letter(shortcut)
        st.button(
            label,
            key=key,
            icon=icon,
            help=help_text or None,
            shortcut=pressed_by,
            on_click=decide,
            args=(key, act),
        )
    else:
        with (
            popover(label, f"{key}_open", icon, help_text=help_text, shortcut=shortcut),
            st.form(f"{key}_form", border=False),
        ):
            ask(key)
            st.form_submit_button(label, key=key, type="primary", on_click=decide, args=(key, act))
    tell_problem(key)


def popover(
    label: str, key: str, icon: str, *, help_text: str = "", shortcut: str | None = None
) -> PopoverContainer:
    """A button that opens what it asks first; with a ``shortcut``, a single key opens it too."""
    if shortcut is None:
        return st.popover(label, icon=icon, help=help_text or None, key=key)
    keyboard.opens(key, shortcut)
    told = f"{help_text} Key: {shortcut}".strip()
    return st.popover(label, icon=icon, help=told, key=key, on_change="rerun")


def decide(key: str, act: Callable[[str], object]) -> None:
    """Decide under the name that was given, and keep it (for callbacks); the next run tells a refusal."""
    try:
        by = checked_name(name() or str(st.session_state.get(_field(key), "")))
        act(by)
        st.session_state[_NAME] = by
        if f"{key}_open" in st.session_state:  # one whose state is kept does not close by itself
            st.session_state[f"{key}_open"] = False
    except (InputError, NotReadyError) as error:
        st.session_state[_PROBLEM] = (key, str(error))


def tell_problem(key: str) -> None:
    """Say once why the last decision of this button was refused."""
    of, text = st.session_state.get(_PROBLEM, (None, ""))
    if of == key:
        del st.session_state[_PROBLEM]
        st.error(wording.message(text), icon=":material/error:")


def show_name(key: str) -> None:
    """Say under which name decisions are kept, and let it be changed; nothing before it was given."""
    if (given := name()) is None:
        return
    if people.current().login is not None:  # a login is no name to choose
        st.badge(wording.plain(given), icon=":material/badge:", color="gray")
        return
    with (
        st.popover(given, icon=":material/badge:", key=f"{key}_open"),
        st.form(f"{key}_form", border=False),
    ):
        st.text_input("Who decides from now on", value=given, key=_field(key), max_chars=LONGEST_NAME)
        st.form_submit_button("Use this name", key=key, on_click=_rename, args=(key,))
    tell_problem(key)


def _rename(key: str) -> None:
    try:
        st.session_state[_NAME] = checked_name(str(st.session_state[_field(key)]))
    except InputError as error:
        st.session_state[_PROBLEM] = (key, str(error))


def _field(key: str) -> str:
    return f"{key}_by"
