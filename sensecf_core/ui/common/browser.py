"""The visitor's browser: whether it is a phone, and scrolling it to a part of the page."""

from __future__ import annotations

import streamlit as st

_SCROLL = """<script>
document.querySelector('.st-key-{key}')?.scrollIntoView({{block: 'center'}});
</script>"""


def on_phone() -> bool:
    """Whether the browser says that it runs on a phone, where long lists start folded."""
    return "Mobi" in (st.context.headers.get("User-Agent") or "")


def bring_into_view(key: str, turn: str) -> None:
    """Scroll to the container ``key``, once for each ``turn``: a result may be off the screen."""
    if st.session_state.get("brought_into_view") == turn:
        return
    st.session_state["brought_into_view"] = turn
    st.html(_SCROLL.format(key=key), unsafe_allow_javascript=True)
