"""Choosing one of a participant's rows by a row of buttons; it sets the row everywhere."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import streamlit as st

from sensecf_core.cohorts.cohort import Cohort
from sensecf_core.ui.common import wording

_KEY = "pick_day"


def rows_of(cohort: Cohort, participant: str) -> list[str]:
    """Row ids of a participant, in cohort order."""
    return [str(row) for row in cohort.rows.loc[participant].index]


def days_of(cohort: Cohort, participant: str) -> list[date]:
    """The days that can be chosen: rows of a cohort of participant-days are named by their day."""
    return [date.fromisoformat(row) for row in rows_of(cohort, participant)]


def show(cohort: Cohort, participant: str, row: str) -> None:
    """Show a button a day, the chosen one marked."""
    st.session_state[_KEY] = row
    # Not pills: in the dark theme the chosen one's letters are too dark to read (axe).
    st.radio(
        f"Choose a {cohort.schema.row_label}",
        rows_of(cohort, participant),
        format_func=lambda one: wording.day_name(date.fromisoformat(one)),
        key=_KEY,
        horizontal=True,
        on_change=_picked,
    )


def _picked() -> None:
    st.session_state["row"] = st.session_state[_KEY]


def clicked(chart: str, rows: Sequence[str]) -> None:
    """Choose the day of the point that was clicked in a chart; its ``customdata`` names the row."""
    for point in st.session_state[chart]["selection"]["points"]:
        named = point.get("customdata")
        row = named[0] if isinstance(named, list) and named else named
        if row in rows:
            st.session_state["row"] = row
            return
