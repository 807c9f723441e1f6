"""Who is in this cohort? The table of participants, and the profile of the chosen one."""

from __future__ import annotations

import streamlit as st

from sensecf_core.ui.common import sensors
from sensecf_core.ui.page.frame import open_page
from sensecf_core.ui.participants import profile, sensor_profile, sensor_table, table

page = open_page("Participants", "Who is in this cohort?", needs="cohort")
if sensors.has_streams(page.required_cohort):
    sensor_table.show(page)
    if page.key is None:
        st.info(sensor_table.CHOOSE)
    else:
        sensor_profile.show(page)
else:
    table.show(page)
    if page.key is not None:
        profile.show(page)
