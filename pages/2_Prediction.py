"""What does the model see, and why? Risk, drivers, what-if, and how good the classifier is."""

from __future__ import annotations

import streamlit as st

from sensecf_core.ui import card_panel, day_panel, drivers_panel, risk_panel, sensors, whatif_panel
from sensecf_core.ui.frame import frame

page = frame("Prediction", "What does the model see, and why?")
if sensors.has_streams(page.known):
    day_panel.show_risks(page)
left, right = st.columns([2, 3], gap="medium")
with left:
    risk_panel.show(page)
with right:
    drivers_panel.show(page)
st.page_link(
    "pages/3_Interventions.py", label="What small change would alter this?", icon=":material/alt_route:"
)
whatif_panel.show(page)
card_panel.show(page.known)
