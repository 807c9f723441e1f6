"""What small change would alter the prediction? Ask a proposer, see every checked option."""

from __future__ import annotations

import streamlit as st

from sensecf_core.ui import (
    ask_panel,
    behaviour_panel,
    day_panel,
    ranking_panel,
    results_panel,
    risk_panel,
    sensors,
)
from sensecf_core.ui.frame import frame

page = frame("Interventions", "What small change would alter the prediction?", follows="answer")
if sensors.has_streams(page.known):
    day_panel.show_day(page)
ranking_panel.warn(page.known)
risk_panel.warn(page)
behaviour_panel.warn(page.known)
left, right = st.columns([2, 3], gap="medium")
with left:
    ask_panel.show(page)
with right:
    results_panel.show(page)
