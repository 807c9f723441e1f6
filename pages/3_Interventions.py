"""What small change would alter the prediction? Ask a method, see every checked option."""

from __future__ import annotations

import streamlit as st

from sensecf_core.ui.common import sensors
from sensecf_core.ui.interventions import form, red_flag_gate, results
from sensecf_core.ui.page.frame import open_page
from sensecf_core.ui.prediction import behaviour_note, risk, weak_classifier_note
from sensecf_core.ui.sensors import day

page = open_page("Interventions", "What small change would alter the prediction?", shows="answer")
red_flag_gate.stop_until_seen(page)
if sensors.has_streams(page.required_cohort):
    day.show_day(page)
weak_classifier_note.warn(page.required_cohort)
risk.warn(page)
behaviour_note.warn(page.required_cohort)
left, right = st.columns([2, 3], gap="medium")
with left:
    form.show(page)
with right:
    results.show(page)
