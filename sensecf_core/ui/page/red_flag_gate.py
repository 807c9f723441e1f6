"""Options for a person with a red flag are withheld until somebody says that they have seen it."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from sensecf_core.counterfactuals.checks.red_flags import ACT_FIRST, red_flags
from sensecf_core.queries.answer import RaisedFlag
from sensecf_core.ui.common import row_wording, wording
from sensecf_core.ui.page.frame import Page


def unseen(page: Page) -> tuple[RaisedFlag, ...]:
    """The red flags of the chosen row; none once somebody has said in this session to have seen them."""
    flags = red_flags(page.required_cohort.schema, page.values)
    return () if st.session_state.get(_key(page, flags)) else flags


def _key(page: Page, flags: Sequence[RaisedFlag]) -> str:
    """The session key of having seen these flags of the chosen row."""
    name = page.required_cohort.schema.name
    return "_".join(("red_flag_seen", name, *page.row_key, *(flag.label for flag in flags)))


def stop_until_seen(page: Page) -> None:
    """Stop the page here for a row with a red flag until the button was pressed in this session."""
    schema, flags = page.required_cohort.schema, unseen(page)
    if not flags:
        return
    seen = _key(page, flags)
    with st.container(border=True, key="red_flag_gate"):
        st.header(ACT_FIRST)
        st.markdown(
            f"**{wording.plain(wording.listed(flag.label for flag in flags))}.** "
            f"Options for {row_wording.this_row(schema)} are withheld until you say that you have seen it."
        )
        st.button(
            "I have seen this; show options",
            key="red_flag_seen",
            type="primary",
            icon=":material/visibility:",
            on_click=lambda: st.session_state.update({seen: True}),
        )
    st.stop()
