"""Examples to choose from when nobody is chosen: people about whom there is something to say."""

from __future__ import annotations

import difflib

import numpy as np
import streamlit as st

from sensecf_core.classifiers.classifier import Classifier
from sensecf_core.cohorts.cohort import MOST_COMPARED, Cohort
from sensecf_core.cohorts.encoding import to_codes
from sensecf_core.counterfactuals.checks.red_flags import raised_flags
from sensecf_core.types import Mask, RowKey
from sensecf_core.ui.choice import selection
from sensecf_core.ui.common import data, row_wording, wording


def offer(cohort: Cohort, classifier: Classifier, mistyped: str | None) -> None:
    """Offer buttons: near matches of a mistyped id, or one flagged and one not flagged test participant."""
    offers: dict[str, tuple[str, str | None]] = {}
    if mistyped:
        people = cohort.rows.index.get_level_values(0).unique()[:MOST_COMPARED]
        near = difflib.get_close_matches(mistyped, people, n=3, cutoff=0.4)
        offers = {f"Participant {name}": (name, None) for name in near}
    else:
        one = row_wording.singular(cohort.schema)
        if (flagged := best(cohort, classifier)) is not None:
            offers[f"A {one} the model flags"] = flagged
        calm = ~_flagged(cohort, classifier) & _presentable(cohort)
        if calm.any():
            offers[f"A {one} the model does not flag"] = cohort.rows.index[calm.argmax()]
    with st.container(horizontal=True):
        for label, key in offers.items():
            st.button(
                wording.plain(label),
                key=f"offer_{label}",
                icon=":material/person:",
                on_click=selection.choose,
                args=key,
            )


def best(cohort: Cohort, classifier: Classifier) -> RowKey | None:
    """The flagged held-out row that makes the best example; None if nobody there is flagged.

    Whom a solid option brings below the line comes first, then whose risk behaviours alone move reliably
    (Options shows these first), then about whom the model is right, then whose risk can be moved reliably
    at all (by the cohort's map), the largest movement first. Without a map it is the first flagged row.
    """
    candidates = _flagged(cohort, classifier) & _presentable(cohort)
    if not candidates.any():
        return None
    keys = cohort.rows.index[candidates]
    lines = data.feasible(cohort, classifier, cohort.schema.default_limits)
    if lines is not None:
        alone = data.feasible(cohort, classifier, "behaviour")
        lines = lines.reindex(keys)
        best_first = {
            "crosses": lines["cross"] == "solid",
            "behaviours": False if alone is None else alone["lower"].reindex(keys) == "solid",
            "right": cohort.target.loc[keys] == 1,
            "lowers": lines["lower"] == "solid",
            "reliable_reduction": lines["reliable_reduction"],
        }
        order = lines.assign(**best_first).sort_values([*best_first], ascending=False, kind="stable")
        keys = order.index
    person, row = keys[0]
    return str(person), str(row)


def _flagged(cohort: Cohort, classifier: Classifier) -> Mask:
    return np.asarray(data.risks(cohort, classifier) >= classifier.threshold)


def _presentable(cohort: Cohort) -> Mask:
    """Rows that the classifier has not seen, without a red flag, whose options would be withheld."""
    raised = raised_flags(cohort.schema, to_codes(cohort.schema, cohort.rows)).any(axis=1)
    return np.asarray(cohort.parts.eq("test").to_numpy() & ~raised)
