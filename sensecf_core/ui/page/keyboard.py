"""The keys of the pages: one list of them, the buttons that they press, and the help that names them.

Keys are Streamlit's own shortcuts of buttons: none fires while somebody types in a field, apart from Ctrl-K.
Single letters can be switched off, since software that speaks or listens may send them (WCAG 2.1.4).
"""

from __future__ import annotations

from typing import Final

import streamlit as st

from sensecf_core.cohorts.cohort import Cohort
from sensecf_core.ui.choice import people_order, selection
from sensecf_core.ui.common import browser
from sensecf_core.ui.page import navigation

FIND: Final = "Ctrl+K"
NEXT, PREVIOUS, ASK, KEEP, REJECT, WHAT_IF, NOTE, STAR = "N", "P", "G", "K", "X", "W", "M", "S"
LETTERS: Final = {
    NEXT: "the next person of the list",
    PREVIOUS: "the previous person",
    ASK: "find options (Options)",
    KEEP: "keep the first option that is not decided (Options)",
    REJECT: "reject it, with a reason",
    WHAT_IF: "open it in what-if",
    NOTE: "write a note (Options, Participants)",
    STAR: "star, or take the star away",
}
"""What each single key does."""
_ON, _FIND, _OPENED, _FOCUS = "single_keys", "find_person", "opened_by_key", "focus_what_opened"


def letter(key: str) -> str | None:
    """A single key as the shortcut of a button; None while single keys are switched off."""
    return key if st.session_state.get(_ON, True) else None


def opens(popover: str, key: str) -> None:
    """Let a single key open a popover that keeps its state (a ``key`` and ``on_change``).

    Popovers have no shortcut of their own, so it is that of a button which nobody sees or reaches by Tab.
    """
    with st.container(key=f"key_{key}"):
        st.button(
            f"Open {popover}",
            key=f"press_{key}",
            shortcut=letter(key),
            on_click=_open,
            args=(popover,),
        )


def _open(popover: str) -> None:
    """Open a popover, close the one that a key opened before, and put the focus into it."""
    before: str | None = st.session_state.get(_OPENED)
    if before is not None and before in st.session_state:
        st.session_state[before] = False
    st.session_state.update({popover: True, _OPENED: popover, _FOCUS: True})


def show(page: str, cohort: Cohort | None) -> None:
    """Show the buttons that find people, and the help, below the pages in the sidebar."""
    single = page not in navigation.WITHOUT_LETTERS
    with st.sidebar, st.container(key="keyboard", gap="xxsmall"):
        st.caption("People")
        find = cohort is not None and st.button(
            "Find", icon=":material/person_search:", key="find", type="tertiary", shortcut=FIND
        )
        if cohort is not None:
            _step("Next", ":material/arrow_downward:", letter(NEXT) if single else None, cohort, 1)
            _step("Previous", ":material/arrow_upward:", letter(PREVIOUS) if single else None, cohort, -1)
        with st.popover("Keyboard", icon=":material/keyboard:", type="tertiary", key="keys"):
            _help()
    if single:
        browser.keep_keys_quiet_while_busy("key_guard")
    if find and cohort is not None:
        _find(page, cohort)
    if find or st.session_state.pop(_FOCUS, False):
        browser.focus_what_opens("key_focus")


def _step(label: str, icon: str, shortcut: str | None, cohort: Cohort, by: int) -> None:
    st.button(
        label,
        icon=icon,
        key=f"step_{by}",
        type="tertiary",
        shortcut=shortcut,
        help="In the order of the list on Participants, with its filters. Sorting it by a heading does not "
        "change this order.",
        on_click=people_order.step,
        args=(cohort.schema.name, by),
    )


def _help() -> None:
    lines = {FIND.replace("+", "-"): "find a person", **LETTERS}
    lines |= {
        "Tab": "every control in turn; Enter or Space presses it",
        "arrows": "move among chips, in fields, and in the list, where Shift-Space chooses the row",
        "Esc": "close what is open; in the list, let Tab go on to what follows it",
    }
    st.markdown("\n".join(f"- **{key}**: {does}" for key, does in lines.items()))
    st.caption("No key does anything while you type in a field, except Ctrl-K. Your data has no single keys.")
    st.toggle("Single keys", value=True, key=_ON, persist_state="session")


@st.dialog("Find a person")
def _find(page: str, cohort: Cohort) -> None:
    people: list[str] = list(cohort.rows.index.get_level_values(0).unique())
    picked = st.selectbox(
        "Participant",
        people,
        key=_FIND,
        index=None,
        placeholder="Type an id, then Enter",
        filter_mode="contains",
        on_change=_found,
        args=(cohort.schema.name,),
    )
    if picked is None:
        return
    if page not in navigation.SHOW_A_PERSON:
        st.switch_page(navigation.PERSON["Participants"].file)
    st.rerun()


def _found(cohort: str) -> None:
    if (person := st.session_state[_FIND]) is not None:
        selection.choose(person, cohort=cohort)
