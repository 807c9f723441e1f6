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
    """Ask in which unit glucose is shown; kept for the session."""
    chosen: GlucoseUnit = st.radio(
        "Glucose in", UNITS, horizontal=True, key="glucose_unit", persist_state="session"
    )
    return chosen


def show(person: OpenPerson, period: Period, shown_in: GlucoseUnit) -> None:
    """Show the report of a period."""
    found = summary(person.worn, person.days, period)
    say = st.info if found.sufficiency == "limited" else st.warning
    if found.sufficiency != "full":
        say(sensor_wording.sufficiency(found), icon=":material/hourglass_bottom:")
    else:
        st.caption(sensor_wording.sufficiency(found))
    _tiles(found, shown_in)
    if found.sufficiency == "too_little":
        return
    left, right = st.columns([2, 3], gap="medium")
    with left:
        st.subheader("Time in ranges")
        charts.show(time_in_range_chart.band_bar(band_times(found.metrics), shown_in), "band_bar")
    with right:
        st.subheader("24-hour glucose profile (AGP-style)")
        day = modal_day(trace_of(person.worn, period), person.worn.zone)
        charts.show(agp_chart.profile(day, shown_in), "modal_day")
    _goals(found, person, shown_in)


def _tiles(found: GlucoseSummary, shown_in: GlucoseUnit) -> None:
    with st.grid("auto", min_column_width=118, gap="small", key="glucose_tiles"):
        for label, value, note, more in _tile_texts(found, shown_in):
            with st.container(gap="xsmall"):  # no border: its padding would cut units off
                st.markdown(label, help=more)
                st.metric(label, value, label_visibility="collapsed")
                st.caption(note)


def _tile_texts(found: GlucoseSummary, shown_in: GlucoseUnit) -> list[tuple[str, str, str, str]]:
    """Label, value, note and explanation of each tile."""
    of = found.metrics
    known = found.sufficiency != "too_little"
    goal = next(one for one in GOALS[_goal_set()] if one.metric == "tir")
    from_glucose = (
        ("In range", _percent(of.tir), f"{_span(LOW, HIGH, shown_in)}, goal {goal.text}", SOURCE),
        (
            "Tight",
            _percent(of.titr),
            _span(LOW, TIGHT_HIGH, shown_in),
            "Where healthy adults mostly are.",
        ),
        ("Mean", measure(of.mean, shown_in), "all readings", "Mean glucose of the period."),
        (
            "GMI",
            f"{of.gmi:.1f} %",
            "estimates HbA1c",
            "Glucose management indicator: 3.31 + 0.02392 × mean in mg/dL (Bergenstal et al. 2018).",
        ),
        (
            "CV",
            _percent(of.cv),
            f"stable: {STABLE_CV:.0f} % or less"
            if of.cv <= STABLE_CV
            else f"variable: above {STABLE_CV:.0f} %",
            f"Coefficient of variation: 100 × SD / mean ({SOURCE}).",
        ),
    )
    tiles = [
        (label, value if known else "–", note if known else "not enough data", more)
        for label, value, note, more in from_glucose
    ]
    worn = "Five-minute slots with a reading, from the first to the last one."
    tiles.append(("Wear", f"{100 * found.active:.0f} %", "of the time a reading", worn))
    days = f"of {found.days} have 70 % of their glucose"
    tiles.append(("Days", str(found.glucose_days), days, "The consensus asks for 14 days."))
    return tiles


def _span(low: float, high: float, shown_in: GlucoseUnit) -> str:
    return f"{number(low, shown_in)}–{measure(high, shown_in)}"


def _percent(share: float) -> str:
    return "–" if math.isnan(share) else time_in_range_chart.percent(share)


def _goal_set() -> GoalSet:
    """The goals that are asked for below the charts; the tiles above them go by the same."""
    chosen: GoalSet = st.session_state.get("glucose_goals", "standard")
    return chosen


def _beside(goal: Goal, share: float, written: str | None) -> str:
    """Write a percent as the chart has it, with decimals where it would contradict the mark beside it."""
    text = written or time_in_range_chart.percent(share)
    shown = 0.5 if text == time_in_range_chart.UNDER_ONE else float(text.removesuffix(" %"))
    met, decimals = goal.met_by(share), 0
    while goal.met_by(shown) != met and decimals < MOST_DECIMALS:
        decimals += 1
        shown = round(share, decimals)
        text = f"{shown:.{decimals}f} %"
    return text


def _goals(found: GlucoseSummary, person: OpenPerson, shown_in: GlucoseUnit) -> None:
    st.subheader("Against the consensus goals")
    goals: GoalSet = st.radio(
        "Goals for",
        tuple(GOALS),
        format_func=lambda name: GOAL_TITLES[name],
        horizontal=True,
        key="glucose_goals",
        persist_state="session",
    )
    bands = time_in_range_chart.shares(band_times(found.metrics))
    written = {"tar2": bands["very_high"], "tbr2": bands["very_low"]}  # as the chart has them
    table = pd.DataFrame(
        [
            {
                "Time": goal.title,
                "Here": _beside(goal, getattr(found.metrics, goal.metric), written.get(goal.metric)),
                "Goal": goal.text,
                "Met": "✓ met" if goal.met(found.metrics) else "✗ not met",
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
            f"{high:.0f} % of the time within {measure(70, shown_in)} to {measure(140, shown_in)} (Shah et "
            f"al. 2019); here it is {time_in_range_chart.percent(found.metrics.titr)}."
        )
    st.caption(wording.plain(caption))
