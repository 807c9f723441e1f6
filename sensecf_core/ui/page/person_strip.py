"""The person strip under the banner, and examples to choose from when nobody is chosen."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

import numpy as np
import streamlit as st

from sensecf_core.classifiers.classifier import Classifier
from sensecf_core.cohorts.cohort import MOST_COMPARED, Cohort
from sensecf_core.cohorts.encoding import to_codes, to_values
from sensecf_core.counterfactuals.checks.red_flags import ACT_FIRST, raised_flags, red_flags
from sensecf_core.counterfactuals.checks.sentences import measure
from sensecf_core.queries.answer import RaisedFlag
from sensecf_core.types import RowKey
from sensecf_core.ui.common import data, row_wording, sensors, wording
from sensecf_core.ui.page import selection

MOST_FACTS = 4
NO_BREAK = "\u00a0"
"""Non-breaking space, keeps each fact of the strip on one line."""


def strip(cohort: Cohort, classifier: Classifier | None, key: RowKey) -> None:
    """Show red flags, then the chosen person in one line: id, headline facts, risk, completeness.

    The risk is left out if there is no classifier.
    """
    schema = cohort.schema
    values = to_values(schema, data.codes(cohort, key))
    _red_flags(red_flags(schema, values))
    facts = [
        f"{wording.plain(feature.label)} {wording.plain(measure(feature, values[feature.name]))}"
        for feature in schema.features
        if feature.headline
    ]
    who = f"**{wording.plain(key[0])}**"
    if schema.row_column:
        who += f" ({wording.plain(schema.row_label)} {wording.plain(row_wording.row_name(schema, key[1]))})"
    measured = sum(value is not None for value in values.values())
    parts = [f":material/person: {who}", *facts[:MOST_FACTS]]
    if classifier is not None:
        risk = data.risks(cohort, classifier)[cohort.rows.index.get_loc(key)]
        low, high = data.risk_interval(cohort, classifier, key)
        parts += [f"risk **{wording.of_100(risk)}**", f"retrained models {wording.interval(low, high)}"]
    parts.append(f"{measured} of {len(values)} measured")
    with st.container(key="strip", border=True):
        st.markdown(" · ".join(part.replace(" ", NO_BREAK) for part in parts))
        if note := sensors.unit_note(cohort):
            st.caption(note)


def _red_flags(flags: Sequence[RaisedFlag]) -> None:
    for flag in flags:
        checked = "" if flag.confirmed else "; no clinician has confirmed this rule"
        st.error(
            f"**{ACT_FIRST}: {wording.plain(flag.label)}.** {wording.plain(flag.text)}  \n"
            f":small[{wording.plain(flag.source)}{checked}.]",
            icon=":material/emergency_home:",
        )


def offer_examples(cohort: Cohort, classifier: Classifier, mistyped: str | None) -> None:
    """Offer buttons: near matches of a mistyped id, or one flagged and one not flagged test participant."""
    offers: dict[str, tuple[str, str | None]]
    if mistyped:
        people = cohort.rows.index.get_level_values(0).unique()[:MOST_COMPARED]
        near = difflib.get_close_matches(mistyped, people, n=3, cutoff=0.4)
        offers = {f"Participant {name}": (name, None) for name in near}
    else:
        flagged = np.asarray(data.risks(cohort, classifier)) >= classifier.threshold
        calm = ~flagged
        raised = raised_flags(cohort.schema, to_codes(cohort.schema, cohort.rows)).any(axis=1)
        test = cohort.parts.eq("test").to_numpy() & ~raised  # their options would be withheld
        worth_it = data.with_options(cohort, classifier)
        if (flagged & test & worth_it).any():
            flagged &= worth_it
        offers = {
            f"A {row_wording.singular(cohort.schema)} the model {verb}": cohort.rows.index[mask.argmax()]
            for verb, mask in (("flags", flagged & test), ("does not flag", calm & test))
            if mask.any()
        }
    with st.container(horizontal=True):
        for label, key in offers.items():
            st.button(
                wording.plain(label),
                key=f"offer_{label}",
                icon=":material/person:",
                on_click=selection.choose,
                args=key,
            )
