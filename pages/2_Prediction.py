"""How does the model rate this person, and why? Risk, drivers, the best options; what it rests on, folded."""

from __future__ import annotations

import streamlit as st

from sensecf_core.ui.common import sensors
from sensecf_core.ui.page.frame import open_page
from sensecf_core.ui.prediction import best_options, classifier_card, risk, shap, weak_classifier_note
from sensecf_core.ui.sensors import day

page = open_page("Prediction", "How does the model rate this person, and why?")
weak_classifier_note.warn(page.required_cohort)
drivers = shap.drivers(page)
left, right = st.columns(2, gap="medium")
with left:
    risk.show(page)
with right:
    shap.show(page, drivers)
best_options.show(page)
if sensors.has_streams(page.required_cohort):
    day.show_risks(page)
with st.container(gap="xsmall"):
    shap.folds(page, drivers)
    with st.expander(
        "How good is this model?", icon=":material/verified:", key="model_card", on_change="rerun"
    ) as fold:
        if fold.open:
            classifier_card.show(page.required_cohort)
