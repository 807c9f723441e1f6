"""Who is in this cohort? The table of participants, and the profile of the chosen one."""

from __future__ import annotations

import streamlit as st

from sensecf_core.ui.common import sensors
from sensecf_core.ui.page.frame import open_page
from sensecf_core.ui.participants import profile, sensor_profile, sensor_table, table

page = open_page("Participants", "Who is in this cohort?", needs="cohort")
with_sensors = sensors.has_streams(page.required_cohort)
(sensor_table if with_sensors else table).show(page)
if page.key is None:
    st.info((sensor_table if with_sensors else table).CHOOSE)
else:
    if page.has_classifier:
        st.page_link(
            "pages/2_Prediction.py",
            label="What does the model make of this person?",
            icon=":material/monitoring:",
        )
    (sensor_profile if with_sensors else profile).show(page)
