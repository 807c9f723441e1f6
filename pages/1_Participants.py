"""Who is in this cohort? The table of participants, and the profile of the one who is chosen."""

from __future__ import annotations

import streamlit as st

from sensecf_core.ui import people_table, profile
from sensecf_core.ui.frame import frame

page = frame("Participants", "Who is in this cohort?", needs="classifier")
people_table.show(page)
if page.key is None:
    st.info(
        "Choose a row to see who it is: every measurement, its reference range and its place in the cohort."
    )
else:
    st.page_link(
        "pages/2_Prediction.py",
        label="What does the model make of this person?",
        icon=":material/monitoring:",
    )
    profile.show(page)
