"""The profile of a participant with sensors: glucose in a line, daily traces, laboratory, data quality."""

from __future__ import annotations

import streamlit as st

from sensecf_core.aireadi.open_participant import OpenPerson
from sensecf_core.aireadi.report.glucose import GlucoseReport, glucose_report as glucose_report_of
from sensecf_core.aireadi.report.periods import recorded
from sensecf_core.records.person_state import PersonState
from sensecf_core.ui.common import row_wording, sensors, wording
from sensecf_core.ui.decisions import person as person_decisions
from sensecf_core.ui.page.frame import Page
from sensecf_core.ui.participants import decided, preview, profile
from sensecf_core.ui.sensors import daily_traces, data_quality, glucose_report, laboratory


def show(page: Page) -> None:
    """Show everything about the chosen participant, with the chosen day marked."""
    participant, row = page.row_key
    state = decided.states_or_warning(page.required_cohort.schema.name).get(participant, PersonState())
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        if page.has_classifier:
            preview.links(page)
        preview.edit(page, state)
    person_decisions.show_note(state)
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
    unit = glucose_report.unit(page)
    _glucose(page, glucose_report_of(person, period, unit, glucose_report.goals()))
    st.header("Days")
    daily_traces.show(page, person, period, unit)


def _glucose(page: Page, report: GlucoseReport) -> None:
    """The glucose of the whole recording in a line, and the way to its report."""
    glucose_report.show_flag(report)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(f"**Glucose**, {wording.plain(f'{report.heading}: {report.glance}')}", width="content")
        st.page_link(
            "pages/9_Glucose.py",
            label="Glucose report",
            icon=":material/glucose:",
            query_params=page.choice.carried,
        )
