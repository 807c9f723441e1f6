"""Which language model answers here? Adapters, fine-tuning for a cohort, and the base models there are."""

from __future__ import annotations

import streamlit as st

from sensecf_core.ui import adapters_panel, models_panel, training, tuning_panel
from sensecf_core.ui.frame import frame

page = frame("Models", "Which language model answers here, and how good is it?", needs="nothing")
of_the_cohort = st.container()
# Filled first, since what is above it ends the page where the cohort has no classifier yet.
models_panel.show(page.cohort)
with of_the_cohort:
    if page.cohort is not None:
        training.guard(page.cohort)
        adapters_panel.show(page.cohort)
        tuning_panel.show(page.cohort)
