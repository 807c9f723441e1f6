"""What is known about the visitor's screen."""

from __future__ import annotations

import streamlit as st


def on_phone() -> bool:
    """Whether the browser says that it runs on a phone, where long lists start folded."""
    return "Mobi" in (st.context.headers.get("User-Agent") or "")
