"""The glucose report of one participant on one page, in the standard order of such reports."""

from __future__ import annotations

import streamlit as st

from sensecf_core.aireadi.cohort.stress_task import WITHOUT_DIABETES, group_title
from sensecf_core.aireadi.open_participant import OpenPerson
from sensecf_core.aireadi.report.bands import GOALS, GoalSet
from sensecf_core.aireadi.report.glucose import GOAL_TITLES, GlucoseReport
from sensecf_core.aireadi.report.units import UNITS, GlucoseUnit
from sensecf_core.counterfactuals.checks.red_flags import ACT_FIRST
from sensecf_core.ui.common import browser, charts, wording
from sensecf_core.ui.page.frame import Page
from sensecf_core.ui.sensors.charts import agp_chart, calendar_chart, time_in_range_chart


def unit(page: Page | None = None) -> GlucoseUnit:
    """Ask for the glucose unit, below the bar of ``page`` if it is given; it is kept for the session."""
    place = st.container() if page is None or page.tools is None else page.tools
    chosen: GlucoseUnit = place.radio(
        "Glucose in",
        UNITS,
        horizontal=True,
        key="glucose_unit",
        persist_state="session",
        label_visibility="visible" if page is None or page.tools is None else "collapsed",
    )
    return chosen


def goals() -> GoalSet:
    """The goals chosen beside the bar, which the tiles above it use too."""
    chosen: GoalSet = st.session_state.get("glucose_goals", "standard")
    return chosen


def show(report: GlucoseReport, person: OpenPerson, about: str | None = None) -> None:
    """Show the report below its heading: sufficiency, red flag, tiles, bar, profile, days.

    ``about`` is the line on top, for somebody who is in no study.
    """
    group = person.listed.get("study_group")
    st.caption(wording.plain(about or _about(report, person)))
    show_flag(report)
    _tiles(report)
    if report.day is not None:
        left, right = st.columns([2, 3], gap="medium")
        with left:
            st.subheader("Time in ranges")
            chart = time_in_range_chart.band_bar(report)
            charts.show(chart, "band_bar", caption=time_in_range_chart.CAPTION)
            st.radio(
                "Goals for",
                tuple(GOALS),
                format_func=lambda name: GOAL_TITLES[name],
                horizontal=True,
                key="glucose_goals",
                persist_state="session",
                label_visibility="collapsed",
            )
        with right:
            st.subheader("24-hour glucose profile (AGP-style)")
            charts.show(agp_chart.profile(report.day, report.unit), "modal_day")
        told = report.goals_text(group=group_title(group) if group in WITHOUT_DIABETES else None)
        st.caption(wording.plain(told))
    if any(day is not None and day.recorded for week in report.weeks for day in week):
        st.subheader("Day by day")
        charts.show(
            calendar_chart.calendar(report.weeks, report.unit, short=browser.on_phone()), "glucose_calendar"
        )


def _about(report: GlucoseReport, person: OpenPerson) -> str:
    zone, group = person.worn.zone.key.replace("_", " "), person.listed.get("study_group")
    return f"{report.heading}, times of {zone}, study group: {group_title(group)}. {report.sufficiency}"


def show_flag(report: GlucoseReport) -> None:
    """Show time below 54 mg/dL as what to act on first; nothing where there is none."""
    if report.flag is not None:
        st.error(f"**{ACT_FIRST}.** {wording.plain(report.flag)}", icon=":material/emergency_home:")


def _tiles(report: GlucoseReport) -> None:
    with st.grid("auto", min_column_width=118, gap="small", key="glucose_tiles"):
        for tile in report.tiles:
            with st.container(gap="xsmall"):  # no border: its padding would cut units off
                st.markdown(tile.label, help=tile.explanation)
                st.metric(tile.label, tile.value, label_visibility="collapsed")
                st.caption(tile.note)
