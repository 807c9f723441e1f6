"""Who is in this cohort? The table of participants, and the profile of the one who is chosen."""

from __future__ import annotations

import streamlit as st

from sensecf_core.ui import people_table, profile, sensor_people, sensor_profile, sensors
from sensecf_core.ui.frame import frame

page = frame("Participants", "Who is in this cohort?", needs="cohort")
with_sensors = sensors.has_streams(page.known)
(sensor_people if with_sensors else people_table).show(page)
if page.key is None:
    st.info((sensor_people if with_sensors else people_table).CHOOSE)
else:
    if page.judged:
        st.page_link(
            "pages/2_Prediction.py",
            label="What does the model make of this person?",
            icon=":material/monitoring:",
        )
    (sensor_profile if with_sensors else profile).show(page)
