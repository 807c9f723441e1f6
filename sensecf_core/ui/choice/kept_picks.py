"""What is picked on one page besides the participant: kept in the session, and in the page's address.

As with the choice of a participant, the address wins where a visitor opened or changed it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import streamlit as st

_PICKS = "kept_picks"
_WRITTEN = "mirrored_picks"


def adopt(names: Sequence[str]) -> dict[str, str | None]:
    """Take over what the address names, and return everything that is kept under ``names``."""
    picks, written = _dictionary(_PICKS), _dictionary(_WRITTEN)
    for name in names:
        value = st.query_params.get(name)
        if value and value != written.get(name):
            picks[name] = value
    kept = {name: picks.get(name) for name in names}
    written.update({name: value for name, value in kept.items() if value})
    return kept


def kept(name: str) -> str | None:
    """What is kept under a name, unchecked."""
    return _dictionary(_PICKS).get(name)


def keep(name: str, value: str) -> None:
    """Keep a pick, and write it into the address."""
    _dictionary(_PICKS)[name] = _dictionary(_WRITTEN)[name] = value
    if st.query_params.get(name) != value:
        st.query_params[name] = value


def forget(name: str) -> None:
    """Drop a pick, also from the address."""
    for kept_under in (_dictionary(_PICKS), _dictionary(_WRITTEN)):
        kept_under.pop(name, None)
    if name in st.query_params:
        del st.query_params[name]


def selectbox(
    label: str,
    name: str,
    options: Sequence[str],
    format_func: Callable[[str], str],
    *,
    default: str | None = None,
    note: str | None = None,
) -> str:
    """Ask for one of ``options``; what is kept is chosen, else ``default``, else the first."""
    key, known = f"pick_{name}", kept(name)
    first = default if default in options else options[0]
    st.session_state[key] = known if known in options else first
    value = st.selectbox(
        label, options, format_func=format_func, key=key, help=note, on_change=_picked, args=(name, key)
    )
    keep(name, value)
    return value


def tabs(name: str, titles: Mapping[str, str]) -> tuple[str, Any]:
    """Show tabs, and return the name and the container of the open one; only that one is drawn.

    ``titles`` maps the names that the address knows to what stands on the tabs.
    """
    names, key = list(titles), f"pick_{name}"
    known = kept(name)
    opened = known if known is not None and known in titles else names[0]
    st.session_state[key] = titles[opened]
    shown = st.tabs(list(titles.values()), key=key, on_change=_opened, args=(name, key, dict(titles)))
    keep(name, opened)
    return opened, shown[names.index(opened)]


def _picked(name: str, key: str) -> None:
    _dictionary(_PICKS)[name] = st.session_state[key]


def _opened(name: str, key: str, titles: Mapping[str, str]) -> None:
    label = st.session_state[key]
    _dictionary(_PICKS)[name] = next(short for short, title in titles.items() if title == label)


def _dictionary(name: str) -> dict[str, str]:
    found: dict[str, str] = st.session_state.setdefault(name, {})
    return found
