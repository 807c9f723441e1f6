"""Choose one of a participant's days by a row of buttons; the choice holds on all pages."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Literal

import streamlit as st

from sensecf_core.aireadi.report.wording import day_name
from sensecf_core.cohorts.cohort import Cohort

_KEY = "pick_day"


def rows_of(cohort: Cohort, participant: str) -> list[str]:
    """Row ids of a participant, in cohort order."""
    return [str(row) for row in cohort.rows.loc[participant].index]


def days_of(cohort: Cohort, participant: str) -> list[date]:
    """The days that can be chosen (the rows of participant-days are named by their date)."""
    return [date.fromisoformat(row) for row in rows_of(cohort, participant)]


def show(
    cohort: Cohort,
    participant: str,
    row: str,
    *,
    label_visibility: Literal["visible", "collapsed"] = "visible",
) -> None:
    """Show one button per day, with the chosen day marked; a label that is not seen is still read out."""
    st.session_state[_KEY] = row
    # Not pills: in the dark theme the text of the chosen one is too dark to read (axe).
    st.radio(
        f"Choose a {cohort.schema.row_label}",
        rows_of(cohort, participant),
        format_func=lambda row_id: day_name(date.fromisoformat(row_id)),
        key=_KEY,
        horizontal=True,
        label_visibility=label_visibility,
        on_change=_picked,
    )


def _picked() -> None:
    st.session_state["row"] = st.session_state[_KEY]


def clicked(chart: str, rows: Sequence[str]) -> None:
    """Choose the day of the point that was clicked in a chart; the point's ``customdata`` is the row id."""
    for point in st.session_state[chart]["selection"]["points"]:
        customdata = point.get("customdata")
        row = customdata[0] if isinstance(customdata, list) and customdata else customdata
        if row in rows:
            st.session_state["row"] = row
            return
