"""Which language model answers? Adapters, fine-tuning for a cohort, and the base models."""

from __future__ import annotations

import streamlit as st

from sensecf_core.ui.jobs import train_classifier
from sensecf_core.ui.models import adapters, base_models, fine_tuning, readings
from sensecf_core.ui.page.frame import open_page

page = open_page("Models", "Which language model answers here, and how good is it?", needs="nothing")
cohort_section = st.container()
# Filled first: without a classifier, the section above it stops the page.
base_models.show(page.cohort)
readings.show()
with cohort_section:
    if page.cohort is not None:
        train_classifier.require_classifier(page.cohort)
        adapters.show(page.cohort)
        fine_tuning.show(page.cohort)
