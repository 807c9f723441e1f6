"""What the judges say of the values that are tried: both risks, the second model, changes, broken limits."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from sensecf_core.cohorts.encoding import Value
from sensecf_core.cohorts.feature import Feature
from sensecf_core.counterfactuals.by_hand.trial import Judged, Trial
from sensecf_core.counterfactuals.checks.sentences import risk as in_hundred
from sensecf_core.ui.common import data, row_wording, wording
from sensecf_core.ui.interventions import card
from sensecf_core.ui.page.frame import Page
from sensecf_core.ui.prediction import risk


def pinned(page: Page, judged: Judged, *, changed: bool) -> None:
    """Show the risk before and after on a line with the cut-off; it stays in sight."""
    before, after, threshold = page.risk, judged.probability, page.classifier.threshold
    with st.container(key="whatif_risk", horizontal=True, vertical_alignment="center", gap="small"):
        title = wording.risk_change(before, after, threshold) if changed else wording.of_100(before)
        st.header(f"Risk {title}", anchor=False, width="content")
        card.risk_bar(page.required_cohort.schema, before, after, threshold)
        flagged = after >= threshold
        st.badge(
            _flag(before >= threshold, flagged),
            icon=":material/flag:" if flagged else ":material/outlined_flag:",
            color="orange" if flagged else "blue",
        )


def _flag(before: bool, after: bool) -> str:
    return {
        (True, False): "No longer flagged",
        (False, True): "Now flagged",
        (True, True): "Flagged",
        (False, False): "Not flagged",
    }[before, after]


def explained(page: Page, trial: Trial, judged: Judged, edits: Mapping[str, Value]) -> None:
    """Say what the models make of the changes, which these are, and what they break."""
    schema = trial.schema
    if not edits:
        st.info(
            "Nothing is changed yet: move a slider. This asks the model; it does not predict what a change "
            "does.",
            icon=":material/tune:",
        )
        return
    st.markdown(_verdict(page, judged))
    st.markdown("\n".join(f"- {_change(schema.feature(n), page.values[n], v)}" for n, v in edits.items()))
    for violation in judged.violations:
        text = wording.plain(wording.labelled(schema, violation))
        st.warning(f"Beyond the limits or rules: {text}", icon=":material/warning:")
    if not judged.violations:
        st.caption("These changes break no rule and no limit of this cohort.")
    with st.expander(
        "Both risks as 100 people" if schema.row_column is None else f"Both risks as 100 {schema.row_label}s",
        icon=":material/grid_view:",
        key="whatif_icons",
        on_change="rerun",
    ) as fold:
        if fold.open:
            _icons(page, judged.probability)


def _icons(page: Page, after: float) -> None:
    schema, before = page.required_cohort.schema, page.risk
    with st.container(horizontal=True, gap="large"):
        for title, shown in (("As measured", before), ("With your changes", after)):
            with st.container(width=220):
                st.markdown(f"**{title}**: {wording.of_100(shown)}")
                meaning = f"{title}, {schema.task.class_1}"
                risk.icons(shown, meaning, noun=row_wording.plural(schema))


def _change(feature: Feature, before: Value, after: Value) -> str:
    return f"{wording.plain(feature.label)}: **{wording.plain(wording.change(feature, before, after))}**"


def _verdict(page: Page, judged: Judged) -> str:
    """Say whether the model would flag, and whether the second one agrees, or said so before any change."""
    threshold, own_line = page.classifier.threshold, page.classifier.second_threshold
    flagged_before, flagged = page.risk >= threshold, judged.probability >= threshold
    text = {
        (True, False): "The model would **no longer flag**",
        (False, True): "The model **would flag**",
        (True, True): "The model would **still flag**",
        (False, False): "The model would **still not flag**",
    }[flagged_before, flagged]
    row = data.one_row(page.required_cohort, page.row_key)
    second_before = float(page.classifier.second_probability(row)[0])
    second = judged.second_probability
    moved = f"{wording.risk_change(second_before, second)}; its own line: {in_hundred(own_line)}"
    if (second >= own_line) != flagged:
        says = "**disagrees**"
    elif flagged_before != flagged and (second_before >= own_line) == flagged:
        says = "said so before any change"
    else:
        says = "agrees"
    return (
        f"{text} {row_wording.this_row(page.required_cohort.schema)}: it flags from "
        f"{wording.of_100(threshold)}, and this risk is {wording.distance(judged.probability, threshold)}. "
        f"A second, simpler model {says} ({moved})."
    )
