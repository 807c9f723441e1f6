"""The button that offers a table as CSV."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import streamlit as st


def show(
    make: Callable[[], str],
    file_name: str,
    *,
    key: str,
    label: str = "Download CSV",
    type: Literal["secondary", "tertiary"] = "secondary",
) -> None:
    """Offer the CSV that ``make`` returns; it is called only on a click.

    The file starts with a byte-order mark: without it, spreadsheets garble arrows and dashes.
    """
    st.download_button(
        label,
        lambda: make().encode("utf-8-sig"),
        file_name,
        "text/csv",
        icon=":material/download:",
        on_click="ignore",
        key=key,
        type=type,
    )
