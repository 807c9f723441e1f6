"""What does the model see, and why? Risk, drivers, what-if, and the quality of the classifier."""

from __future__ import annotations

import streamlit as st

from sensecf_core.ui.common import sensors
from sensecf_core.ui.page.frame import open_page
from sensecf_core.ui.prediction import classifier_card, risk, shap, what_if
from sensecf_core.ui.sensors import day

page = open_page("Prediction", "What does the model see, and why?")
if sensors.has_streams(page.required_cohort):
    day.show_risks(page)
left, right = st.columns([2, 3], gap="medium")
with left:
    risk.show(page)
with right:
    shap.show(page)
st.page_link(
    "pages/3_Interventions.py", label="What small change would alter this?", icon=":material/alt_route:"
)
what_if.show(page)
with st.expander(
    "How good is this model?", icon=":material/verified:", key="model_card", on_change="rerun"
) as fold:
    if fold.open:
        classifier_card.show(page.required_cohort)
