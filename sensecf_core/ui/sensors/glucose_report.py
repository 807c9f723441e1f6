"""The glucose report of one participant: tiles, time in ranges with goals, and the 24-hour profile."""

from __future__ import annotations

import math

import pandas as pd
import streamlit as st

from sensecf_core.aireadi.features.glucose import HIGH, LOW, TIGHT_HIGH
from sensecf_core.aireadi.open_participant import OpenPerson
from sensecf_core.aireadi.report.bands import GOALS, STABLE_CV, TIGHT_USUAL, Goal, GoalSet, band_times
from sensecf_core.aireadi.report.modal_day import modal_day
from sensecf_core.aireadi.report.periods import GlucoseSummary, Period, summary, trace_of
from sensecf_core.aireadi.report.units import UNITS, GlucoseUnit, measure, number
from sensecf_core.ui.common import charts, sensor_wording, wording
from sensecf_core.ui.sensors import agp_chart, time_in_range_chart

GOAL_TITLES: dict[GoalSet, str] = {
    "standard": "Most adults with diabetes",
    "older": "Older people or high risk",
}
MOST_DECIMALS = 3
SOURCE = "Battelino et al. 2019, doi 10.2337/dci19-0028"


def unit() -> GlucoseUnit:
    """Ask for the glucose unit; the choice is kept for the session."""
    chosen: GlucoseUnit = st.radio(
        "Glucose in", UNITS, horizontal=True, key="glucose_unit", persist_state="session"
    )
    return chosen


def show(person: OpenPerson, period: Period, unit: GlucoseUnit) -> None:
    """Show the report of a period."""
    glucose = summary(person.worn, person.days, period)
    show_note = st.info if glucose.sufficiency == "limited" else st.warning
    if glucose.sufficiency != "full":
        show_note(sensor_wording.sufficiency(glucose), icon=":material/hourglass_bottom:")
    else:
        st.caption(sensor_wording.sufficiency(glucose))
    _tiles(glucose, unit)
    if glucose.sufficiency == "too_little":
        return
    left, right = st.columns([2, 3], gap="medium")
    with left:
        st.subheader("Time in ranges")
        charts.show(time_in_range_chart.band_bar(band_times(glucose.metrics), unit), "band_bar")
    with right:
        st.subheader("24-hour glucose profile (AGP-style)")
        day = modal_day(trace_of(person.worn, period), person.worn.zone)
        charts.show(agp_chart.profile(day, unit), "modal_day")
    _goals(glucose, person, unit)


def _tiles(glucose: GlucoseSummary, unit: GlucoseUnit) -> None:
    with st.grid("auto", min_column_width=118, gap="small", key="glucose_tiles"):
        for label, value, note, explanation in _tile_texts(glucose, unit):
            with st.container(gap="xsmall"):  # no border: its padding would cut units off
                st.markdown(label, help=explanation)
                st.metric(label, value, label_visibility="collapsed")
                st.caption(note)


def _tile_texts(glucose: GlucoseSummary, unit: GlucoseUnit) -> list[tuple[str, str, str, str]]:
    """Label, value, note and explanation of each tile."""
    metrics = glucose.metrics
    enough = glucose.sufficiency != "too_little"
    goal = next(goal_of_set for goal_of_set in GOALS[_goal_set()] if goal_of_set.metric == "tir")
    from_glucose = (
        ("In range", _percent(metrics.tir), f"{_span(LOW, HIGH, unit)}, goal {goal.text}", SOURCE),
        (
            "Tight",
            _percent(metrics.titr),
            _span(LOW, TIGHT_HIGH, unit),
            "Where healthy adults mostly are.",
        ),
        ("Mean", measure(metrics.mean, unit), "all readings", "Mean glucose of the period."),
        (
            "GMI",
            f"{metrics.gmi:.1f} %",
            "estimates HbA1c",
            "Glucose management indicator: 3.31 + 0.02392 × mean in mg/dL (Bergenstal et al. 2018).",
        ),
        (
            "CV",
            _percent(metrics.cv),
            f"stable: {STABLE_CV:.0f} % or less"
            if metrics.cv <= STABLE_CV
            else f"variable: above {STABLE_CV:.0f} %",
            f"Coefficient of variation: 100 × SD / mean ({SOURCE}).",
        ),
    )
    tiles = [
        (label, value if enough else "–", note if enough else "not enough data", explanation)
        for label, value, note, explanation in from_glucose
    ]
    worn = "Five-minute slots with a reading, from the first to the last one."
    tiles.append(("Wear", f"{100 * glucose.active:.0f} %", "of the time a reading", worn))
    days = f"of {glucose.days} have 70 % of their glucose"
    tiles.append(("Days", str(glucose.glucose_days), days, "The consensus asks for 14 days."))
    return tiles


def _span(low: float, high: float, unit: GlucoseUnit) -> str:
    return f"{number(low, unit)}–{measure(high, unit)}"


def _percent(share: float) -> str:
    return "–" if math.isnan(share) else time_in_range_chart.percent(share)


def _goal_set() -> GoalSet:
    """The goals chosen below the charts, which the tiles above use too."""
    chosen: GoalSet = st.session_state.get("glucose_goals", "standard")
    return chosen


def _share_beside_goal(goal: Goal, share: float, chart_text: str | None) -> str:
    """Write a percent as the chart does, with more decimals if it would contradict the mark beside it."""
    text = chart_text or time_in_range_chart.percent(share)
    shown = 0.5 if text == time_in_range_chart.UNDER_ONE else float(text.removesuffix(" %"))
    met, decimals = goal.met_by(share), 0
    while goal.met_by(shown) != met and decimals < MOST_DECIMALS:
        decimals += 1
        shown = round(share, decimals)
        text = f"{shown:.{decimals}f} %"
    return text


def _goals(glucose: GlucoseSummary, person: OpenPerson, unit: GlucoseUnit) -> None:
    st.subheader("Against the consensus goals")
    goals: GoalSet = st.radio(
        "Goals for",
        tuple(GOALS),
        format_func=lambda name: GOAL_TITLES[name],
        horizontal=True,
        key="glucose_goals",
        persist_state="session",
    )
    bands = time_in_range_chart.shares(band_times(glucose.metrics))
    chart_texts = {"tar2": bands["very_high"], "tbr2": bands["very_low"]}  # as the chart has them
    table = pd.DataFrame(
        [
            {
                "Time": goal.title,
                "Here": _share_beside_goal(
                    goal, getattr(glucose.metrics, goal.metric), chart_texts.get(goal.metric)
                ),
                "Goal": goal.text,
                "Met": "✓ met" if goal.met(glucose.metrics) else "✗ not met",
            }
            for goal in GOALS[goals]
        ]
    )
    st.table(table, hide_index=True, alt="Time in ranges against the goals of the consensus")
    group = person.listed.get("study_group")
    caption = f"Goals: {SOURCE}. Each 5 points more in range are of clinical benefit."
    if group in sensor_wording.WITHOUT_DIABETES:
        low, high = TIGHT_USUAL
        caption += (
            f" They are made for people with diabetes; this participant is in the group “"
            f"{sensor_wording.group_title(group)}”. Of healthy adults, the middle half spend {low:.0f}–"
            f"{high:.0f} % of the time within {measure(70, unit)} to {measure(140, unit)} (Shah et "
            f"al. 2019); here it is {time_in_range_chart.percent(glucose.metrics.titr)}."
        )
    st.caption(wording.plain(caption))
