"""How much changes of behaviour alone can alter a cohort's predictions, if that was measured."""

from __future__ import annotations

from typing import Any

import streamlit as st

from sensecf_core.cohorts.cohort import Cohort
from sensecf_core.evaluation import behaviour_reach
from sensecf_core.ui.common import row_wording, wording


def show(cohort: Cohort) -> None:
    """Show the whole finding on the classifier's card; nothing if it was not measured."""
    finding = behaviour_reach.read(cohort)
    if finding is None or not finding["rows"]:
        return
    st.subheader(f"Can behaviour change alone {_verb(cohort)} this risk?")
    st.markdown(_sentence(cohort, finding))
    st.caption(
        f"Of {wording.counted(finding['participants'], 'held-out person', 'held-out people')}; any number of "
        "behaviours may change, each in its realistic range. An exact search proves for "
        f"{wording.count(finding['proven_impossible'])} of the "
        f"{row_wording.counted_rows(cohort.schema, finding['rows'])} that no such change alters the "
        "prediction."
    )


def warn(cohort: Cohort) -> None:
    """Say beside the form that behaviours alone rarely alter the prediction, in cohorts where that is so."""
    finding = behaviour_reach.read(cohort)
    if finding is not None and finding["rows"] and finding["share"]["value"] < behaviour_reach.FEW:
        st.info(_sentence(cohort, finding), icon=":material/directions_walk:")


def _sentence(cohort: Cohort, finding: dict[str, Any]) -> str:
    share, change = finding["share"], finding["reduction"]
    interval = (
        ""
        if share["low"] is None
        else f" (95 % interval {round(100 * share['low'])} to {round(100 * share['high'])})"
    )
    return (
        f"Changes of behaviours alone would alter the prediction of {round(100 * share['value'])} of 100 "
        f"flagged {row_wording.plural(cohort.schema)}{interval}. The most they {_verb(cohort)} the risk is "
        f"{round(change['median'])} points of 100 for the median {row_wording.singular(cohort.schema)}, and "
        f"{round(change['largest'])} at best. This is about what this classifier has learned."
    )


def _verb(cohort: Cohort) -> str:
    """What an option does to the risk of the cohort's outcome."""
    return "lower" if cohort.schema.task.desired == 0 else "raise"
