"""Options for a person with a red flag are withheld until somebody says that they have seen it."""

from __future__ import annotations

import streamlit as st

from sensecf_core.counterfactuals.checks.red_flags import ACT_FIRST, red_flags
from sensecf_core.ui.common import row_wording, wording
from sensecf_core.ui.page.frame import Page


def stop_until_seen(page: Page) -> None:
    """Stop the page here for a row with a red flag until the button was pressed in this session."""
    schema = page.required_cohort.schema
    flags = red_flags(schema, page.values)
    if not flags:
        return
    seen = "_".join(("red_flag_seen", schema.name, *page.row_key, *(flag.label for flag in flags)))
    if st.session_state.get(seen):
        return
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
