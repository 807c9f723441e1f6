"""What behaviours alone can do about this cohort's predictions, where that was measured."""

from __future__ import annotations

from typing import Any

import streamlit as st

from sensecf_core.cohorts.cohort import Cohort
from sensecf_core.evaluation import behaviour_reach
from sensecf_core.ui.common import row_wording, wording


def show(cohort: Cohort) -> None:
    """Show the whole finding, on the card; nothing where nothing was measured."""
    found = behaviour_reach.read(cohort)
    if found is None or not found["rows"]:
        return
    st.subheader("What can behaviours alone do?")
    st.markdown(_sentence(cohort, found))
    st.caption(
        f"Of {wording.counted(found['participants'], 'held-out person', 'held-out people')}; any number of "
        "behaviours may change, each in its realistic range. An exact search proves for "
        f"{wording.count(found['proven_impossible'])} of the "
        f"{row_wording.counted_rows(cohort.schema, found['rows'])} that no such change alters the prediction."
    )


def warn(cohort: Cohort) -> None:
    """Say beside the question that behaviours alone rarely alter the prediction, where they rarely do."""
    found = behaviour_reach.read(cohort)
    if found is not None and found["rows"] and found["share"]["value"] < behaviour_reach.FEW:
        st.info(_sentence(cohort, found), icon=":material/directions_walk:")


def _sentence(cohort: Cohort, found: dict[str, Any]) -> str:
    share, change = found["share"], found["reduction"]
    interval = (
        ""
        if share["low"] is None
        else f" (95 % interval {round(100 * share['low'])} to {round(100 * share['high'])})"
    )
    way = "lower" if cohort.schema.task.desired == 0 else "raise"
    return (
        f"Changes of behaviours alone would alter the prediction of {round(100 * share['value'])} of 100 "
        f"flagged {row_wording.rows(cohort.schema)}{interval}. The most they {way} the risk is "
        f"{round(change['median'])} points of 100 for the median {row_wording.one(cohort.schema)}, and "
        f"{round(change['largest'])} at best. This is about what this classifier has learned, however well "
        "it ranks."
    )
