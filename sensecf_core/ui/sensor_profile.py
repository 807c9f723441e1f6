"""The profile of a participant with sensors: glucose report, daily traces, and what else is known."""

from __future__ import annotations

import streamlit as st

from sensecf_core.cohorts.aireadi.opening import OpenPerson
from sensecf_core.cohorts.aireadi.report.periods import recorded
from sensecf_core.ui import (
    findings_panel,
    glucose_panel,
    periods_panel,
    profile,
    quality_panel,
    row_words,
    sensor_words,
    sensors,
    traces_panel,
    words,
)
from sensecf_core.ui.frame import Frame


def show(frame: Frame) -> None:
    """Show everything about the chosen participant; the chosen day is marked in it."""
    participant, row = frame.row_key
    st.header(f"Glucose report of {words.plain(participant)}")
    person = sensors.opened(frame.known, participant)
    if person is not None:
        _sensors(frame, person)
    with st.expander("Laboratory, blood pressure, questionnaires", icon=":material/labs:"):
        findings_panel.show(sensors.person_row(frame.known, participant).to_dict())
    if person is not None:
        with st.expander("How complete are the data?", icon=":material/rule:"):
            quality_panel.show(person.quality, person.notes)
    cards = st.expander(
        f"Every measurement of {row_words.row_name(frame.known.schema, row)} beside the cohort's days",
        icon=":material/view_module:",
        key="day_cards",
        on_change="rerun",  # dozens of pictures, drawn only when they are asked for
    )
    if cards.open:
        with cards:
            profile.show(frame)


def _sensors(frame: Frame, person: OpenPerson) -> None:
    period = recorded(person.worn)
    if period is None:
        st.warning("No sensor of this participant recorded anything.", icon=":material/sensors_off:")
        return
    with st.container(horizontal=True, vertical_alignment="bottom", gap="large"):
        shown_in = glucose_panel.unit()
        st.caption(
            f"{sensor_words.period_name(period)}, times of {person.worn.zone.key.replace('_', ' ')} · study "
            f"group: {sensor_words.group_title(person.listed.get('study_group'))}",
            width="content",
        )
    glucose_panel.show(person, period, shown_in)
    st.header("Days")
    traces_panel.show(frame, person, period, shown_in)
    with st.expander("Compare two periods", icon=":material/compare:"):
        periods_panel.show(person, period, shown_in)
