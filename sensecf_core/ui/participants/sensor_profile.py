"""The profile of a participant with sensors: glucose report, daily traces, laboratory, data quality."""

from __future__ import annotations

import streamlit as st

from sensecf_core.aireadi.open_participant import OpenPerson
from sensecf_core.aireadi.report.periods import recorded
from sensecf_core.records.person_state import PersonState
from sensecf_core.ui.common import row_wording, sensor_wording, sensors, wording
from sensecf_core.ui.decisions import person as person_decisions
from sensecf_core.ui.page.frame import Page
from sensecf_core.ui.participants import decided, preview, profile
from sensecf_core.ui.sensors import compare_periods, daily_traces, data_quality, glucose_report, laboratory


def show(page: Page) -> None:
    """Show everything about the chosen participant, with the chosen day marked."""
    participant, row = page.row_key
    state = decided.states_or_warning(page.required_cohort.schema.name).get(participant, PersonState())
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        if page.has_classifier:
            preview.links(page)
        preview.edit(page, state)
    person_decisions.show_note(state)
    st.header(f"Glucose report of {wording.plain(participant)}")
    person = sensors.opened(page.required_cohort, participant)
    if person is not None:
        _sensors(page, person)
    with st.expander("Laboratory, blood pressure, questionnaires", icon=":material/labs:"):
        laboratory.show(sensors.person_row(page.required_cohort, participant).to_dict())
    if person is not None:
        with st.expander("How complete are the data?", icon=":material/rule:"):
            data_quality.show(person.quality, person.notes)
    cards = st.expander(
        f"Every measurement of {row_wording.row_name(page.required_cohort.schema, row)} beside the cohort's "
        "days",
        icon=":material/view_module:",
        key="day_cards",
        on_change="rerun",  # dozens of charts, drawn only when the section is opened
    )
    if cards.open:
        with cards:
            profile.show(page)


def _sensors(page: Page, person: OpenPerson) -> None:
    period = recorded(person.worn)
    if period is None:
        st.warning("No sensor of this participant recorded anything.", icon=":material/sensors_off:")
        return
    with st.container(horizontal=True, vertical_alignment="bottom", gap="large"):
        unit = glucose_report.unit()
        st.caption(
            f"{sensor_wording.period_name(period)}, times of {person.worn.zone.key.replace('_', ' ')} · "
            f"study group: {sensor_wording.group_title(person.listed.get('study_group'))}",
            width="content",
        )
    glucose_report.show(person, period, unit)
    st.header("Days")
    daily_traces.show(page, person, period, unit)
    with st.expander("Compare two periods", icon=":material/compare:"):
        compare_periods.show(person, period, unit)
