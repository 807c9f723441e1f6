"""Cohorts with sensor streams: one participant's streams, and the tables about all participants."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from sensecf_core.aireadi.cohort import participants
from sensecf_core.aireadi.cohort.stress_task import STRESS, shown
from sensecf_core.aireadi.open_participant import OpenPerson
from sensecf_core.cohorts.cohort import Cohort
from sensecf_core.errors import InputError, NotReadyError
from sensecf_core.types import RowKey
from sensecf_core.ui.common import wording

MOST_OPEN = 8
"""Participants kept in memory, about 3 MB each."""


def has_streams(cohort: Cohort) -> bool:
    """Whether the cohort's rows are participant-days with sensor streams behind them."""
    return participants.has_streams(cohort.schema.name)


def opened(cohort: Cohort, participant: str) -> OpenPerson | None:
    """Return a participant's streams, read on first use with a spinner.

    Returns None, and shows why, if the release can no longer be read.
    """
    try:
        with st.spinner(f"Reading the sensor streams of participant {participant} …"):
            return _opened(cohort.schema.name, cohort.data_sha256, participant)
    except (InputError, NotReadyError) as error:
        st.error(wording.message(str(error)), icon=":material/sensors_off:")
        return None


def measured_stress(cohort: Cohort, key: RowKey) -> str | None:
    """Return the daytime stress (0-100) that decided a day's outcome; None in other cohorts."""
    if not has_streams(cohort):
        return None
    days = participants.tables_of(cohort.schema.name).days
    return f"{shown(days.loc[[key], STRESS]).iloc[0]:.1f}"


def unit_note(cohort: Cohort) -> str | None:
    """Say that the model keeps its own unit if glucose is shown in another one; else None."""
    if not has_streams(cohort) or st.session_state.get("glucose_unit") != "mmol/L":
        return None
    return "What the model works with stays in its own unit, mg/dL: 1 mmol/L is 18 mg/dL."


def person_row(cohort: Cohort, participant: str) -> pd.Series:
    """Return a participant's row of the people table (see :class:`sensecf_core.aireadi.tables.Tables`)."""
    return participants.tables_of(cohort.schema.name).people.loc[participant]


@st.cache_resource(max_entries=MOST_OPEN, show_spinner=False)
def _opened(name: str, data_sha256: str, participant: str) -> OpenPerson:
    person = participants.open_participant(name, participant)
    # Computed here once, not on each run of a page.
    _ = (person.worn.trace, person.worn.sleeps, person.worn.nights)
    return person


@st.cache_data(max_entries=8, show_spinner=False)
def overview(name: str, data_sha256: str) -> pd.DataFrame:
    """Return one row per participant of a cohort's tables, indexed by their id.

    Columns: ``study_group`` (the release's text), ``age`` (years), ``wear`` (percent of days with the band
    worn), ``active`` (percent of time with a glucose reading), ``glucose`` (mg/dL) and ``stress`` (0-100).
    The last two are lists of daily means; days without a mean are left out.
    """
    tables = participants.tables_of(name)
    people = tables.people
    table = people[["study_group", "age"]].copy()
    table["wear"] = (
        100 * people["wear_days"].astype(float) / people["days"].where(people["days"] > 0).astype(float)
    )
    table["active"] = 100 * people["glucose_active"].astype(float)
    by_person = tables.days.groupby(level=0)
    for column, daily in (("glucose", "glucose_mean"), ("stress", "stress_mean")):
        lists = by_person[daily].agg(lambda values: values.dropna().round(1).tolist())
        table[column] = lists.reindex(table.index)
    return table
