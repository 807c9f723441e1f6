"""Participants of a release without a usable day: how many, why, and (only if nobody is real) who."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from sensecf_core.aireadi.cohort import participants
from sensecf_core.aireadi.cohort.stress_task import group_title
from sensecf_core.aireadi.features.wear import DAY_HOURS, GLUCOSE_DAYS
from sensecf_core.aireadi.tables import Tables
from sensecf_core.cohorts.cohort import Cohort
from sensecf_core.ui.common import wording

UNREADABLE = "with files that cannot be read"
NO_GLUCOSE = f"without {GLUCOSE_DAYS} days of enough glucose"
NO_WEAR = f"without a day of {DAY_HOURS:.0f} hours of heart rate"
NOT_TOGETHER = "without enough heart rate and glucose on one day"
NO_STRESS = "without daytime stress on a day of enough wear"
REASONS = (UNREADABLE, NO_GLUCOSE, NO_WEAR, NOT_TOGETHER, NO_STRESS)
"""In the order in which they are checked; each participant is counted under the first that applies."""

NEEDED = ("glucose", "heart_rate", "stress")
"""Streams without which there is no usable day."""


def show(cohort: Cohort) -> None:
    """Say how many participants are not in the table and why; name them only if nobody is real."""
    tables = participants.tables_of(cohort.schema.name)
    why = reasons(tables, cohort.rows.index.get_level_values(0).unique())
    if why.empty:
        return
    st.caption(sentence(why))
    if cohort.schema.provenance.real:
        return
    with st.expander("Participants without a usable day", icon=":material/person_off:"):
        st.dataframe(
            pd.DataFrame(
                {
                    "Participant": why.index,
                    "Study group": [
                        group_title(group) for group in tables.people["study_group"].loc[why.index]
                    ],
                    "Left out": why.to_numpy(),
                }
            ),
            hide_index=True,
            key="left_out",
            alt="Participants without a usable day, with the reason",
        )


def reason_of(cohort: Cohort, participant: str) -> str | None:
    """Say why a participant of the release has no row; None if they have one or are unknown."""
    if not participants.has_streams(cohort.schema.name):
        return None
    tables = participants.tables_of(cohort.schema.name)
    why = reasons(tables, cohort.rows.index.get_level_values(0).unique())
    if participant not in why.index:
        return None
    return f"Participant {participant!r} has no usable day: {why[participant]}."


def reasons(tables: Tables, shown: pd.Index) -> pd.Series:
    """Return why each participant who is not in ``shown`` has no row, indexed by participant id."""
    excluded = tables.people.loc[~tables.people.index.isin(shown)]
    by_person = tables.days.groupby(level=0)

    def has(column: str) -> pd.Series:
        return by_person[column].any().reindex(excluded.index).fillna(False).astype(bool)

    why = pd.Series(NO_STRESS, index=excluded.index, dtype=object)
    why = why.where(has("enough_wear"), NOT_TOGETHER)
    why = why.where(has("worn"), NO_WEAR)
    why = why.where(excluded["enough_glucose"].fillna(False).astype(bool), NO_GLUCOSE)
    quality = tables.quality
    needed = quality["stream"].isin(NEEDED) & quality["state"].eq("unreadable")
    return why.mask(excluded.index.isin(quality.loc[needed, "participant_id"]), UNREADABLE)


def sentence(why: pd.Series) -> str:
    """Say how many participants are left out for each reason."""
    counts = why.value_counts()
    named = [f"{wording.count(int(counts[reason]))} {reason}" for reason in REASONS if reason in counts]
    have = "participant has" if len(why) == 1 else "participants have"
    return f"{wording.count(len(why))} more {have} no usable day: {wording.listed(named)}."
