"""The daily traces with day selection: choosing a day here chooses it on all pages."""

from __future__ import annotations

from datetime import date
from typing import Literal

import streamlit as st

from sensecf_core.aireadi.open_participant import OpenPerson
from sensecf_core.aireadi.report.periods import Period
from sensecf_core.aireadi.report.traces import traces
from sensecf_core.aireadi.report.units import GlucoseUnit
from sensecf_core.ui.common import browser, charts
from sensecf_core.ui.page.frame import Page
from sensecf_core.ui.sensors import day_picker
from sensecf_core.ui.sensors.charts import daily_trace_chart

View = Literal["all", "day"]
VIEWS: dict[View, str] = {"all": "All days", "day": "The chosen day"}


def show(page: Page, person: OpenPerson, period: Period, unit: GlucoseUnit) -> None:
    """Show day buttons, the choice between all days and the chosen one, and the traces."""
    participant, row = page.row_key
    day_picker.show(page.required_cohort, participant, row)
    view: View = st.radio(
        "Show",
        tuple(VIEWS),
        horizontal=True,
        format_func=lambda name: VIEWS[name],
        key="traces_view",
        persist_state="session",
    )
    draw(page, person, period if view == "all" else single_day(row), unit)


def draw(page: Page, person: OpenPerson, period: Period, unit: GlucoseUnit) -> None:
    """Draw the traces of a period; a click on a day in the strip above them chooses it."""
    participant, row = page.row_key
    days = day_picker.days_of(page.required_cohort, participant)
    period_traces = traces(person.worn, period)
    chart = daily_trace_chart.trace_chart(
        period_traces, unit, days, date.fromisoformat(row), not browser.on_phone()
    )
    key = f"traces_{participant}_{row}_{period.first}_{period.last}"
    charts.show(
        chart, key, daily_trace_chart.ZOOMABLE, lambda: day_picker.clicked(key, [str(day) for day in days])
    )


def single_day(row: str) -> Period:
    """The row's day as a period."""
    day = date.fromisoformat(row)
    return Period(day, day)
