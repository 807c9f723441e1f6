"""The participants of a release who have no usable day: how many, why, and who where nobody is real."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from sensecf_core.aireadi.cohort import participants
from sensecf_core.aireadi.features.wear import DAY_HOURS, GLUCOSE_DAYS
from sensecf_core.aireadi.tables import Tables
from sensecf_core.cohorts.cohort import Cohort
from sensecf_core.ui.common import sensor_wording, wording

UNREADABLE = "with files that cannot be read"
NO_GLUCOSE = f"without {GLUCOSE_DAYS} days of enough glucose"
NO_WEAR = f"without a day of {DAY_HOURS:.0f} hours of heart rate"
NOT_TOGETHER = "without enough heart rate and glucose on one day"
NO_STRESS = "without daytime stress on a day of enough wear"
REASONS = (UNREADABLE, NO_GLUCOSE, NO_WEAR, NOT_TOGETHER, NO_STRESS)
"""In the order in which they are asked; who fails several is counted under the first."""

NEEDED = ("glucose", "heart_rate", "stress")
"""Streams without which there is no usable day."""


def show(cohort: Cohort) -> None:
    """Say how many participants the table lacks and why; name them only where nobody is real."""
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
                        sensor_wording.group_title(one) for one in tables.people["study_group"].loc[why.index]
                    ],
                    "Left out": why.to_numpy(),
                }
            ),
            hide_index=True,
            key="left_out",
            alt="Participants without a usable day, with the reason",
        )


def reason_of(cohort: Cohort, participant: str) -> str | None:
    """Say why a participant of the release has no row; None for one who has, and for nobody that is known."""
    if not participants.has_streams(cohort.schema.name):
        return None
    tables = participants.tables_of(cohort.schema.name)
    found = reasons(tables, cohort.rows.index.get_level_values(0).unique())
    if participant not in found.index:
        return None
    return f"Participant {participant!r} has no usable day: {found[participant]}."


def reasons(tables: Tables, shown: pd.Index) -> pd.Series:
    """Return why each participant who is not in ``shown`` has no row, indexed by their id."""
    out = tables.people.loc[~tables.people.index.isin(shown)]
    by_person = tables.days.groupby(level=0)

    def has(column: str) -> pd.Series:
        return by_person[column].any().reindex(out.index).fillna(False).astype(bool)

    why = pd.Series(NO_STRESS, index=out.index, dtype=object)
    why = why.where(has("enough_wear"), NOT_TOGETHER)
    why = why.where(has("worn"), NO_WEAR)
    why = why.where(out["enough_glucose"].fillna(False).astype(bool), NO_GLUCOSE)
    quality = tables.quality
    needed = quality["stream"].isin(NEEDED) & quality["state"].eq("unreadable")
    return why.mask(out.index.isin(quality.loc[needed, "participant_id"]), UNREADABLE)


def sentence(why: pd.Series) -> str:
    """Say how many are left out for each reason that occurs."""
    counts = why.value_counts()
    named = [f"{wording.count(int(counts[one]))} {one}" for one in REASONS if one in counts]
    have = "participant has" if len(why) == 1 else "participants have"
    return f"{wording.count(len(why))} more {have} no usable day: {wording.listed(named)}."
