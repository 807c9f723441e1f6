"""What Interventions and Comparison show before anything was asked about a row."""

from __future__ import annotations

import streamlit as st

from sensecf_core.counterfactuals.checks.sentences import points
from sensecf_core.ui.common import data, row_wording, wording
from sensecf_core.ui.interventions import answer, limits_fields
from sensecf_core.ui.page.frame import Page


def first_sentence(page: Page) -> str | None:
    """Say what the feasibility map has for the chosen row under the cohort's own limits; None without one."""
    cohort = page.required_cohort
    lines = data.feasible(cohort, page.classifier, cohort.schema.default_limits)
    if lines is None or page.row_key not in lines.index:
        return None
    line = lines.loc[[page.row_key]].iloc[0]
    if line["cross"] == "solid":
        return "A search of the model finds changes that would alter this prediction and can be relied on."
    if line["lower"] == "none found":
        return "No realistic change alters this prediction, or moves its risk in a way that can be relied on."
    crossing = (
        "It is proven that no realistic change alters this prediction."
        if line["cross"] == "proven none"
        else "No change was found that alters this prediction and can be relied on."
    )
    best = f"**{points(float(line['reliable_reduction']))}**"
    sure = "" if line["lower"] == "solid" else " The second judge does not confirm it, or it is small."
    return f"{crossing} Its risk can be moved by {best} in nine of ten retrained models.{sure}"


def show(page: Page, button: str) -> None:
    """Say what pressing ``button`` would do for the chosen row."""
    task = page.required_cohort.schema.task
    flagged = int(page.risk >= page.classifier.threshold)
    if st.session_state.get(limits_fields.profile_key(page.required_cohort.schema)) == "contrast":
        other_class = task.class_0 if flagged else task.class_1
        st.info(
            f"No answer yet. Press {button} to see what would tip the prediction to "
            f"“{wording.plain(other_class)}”. It explains the model and is not advice.",
            icon=":material/compare_arrows:",
        )
    elif flagged == task.desired:
        desired_class = task.class_1 if task.desired else task.class_0
        st.info(
            f"The model already says “{wording.plain(desired_class)}” for "
            f"{row_wording.this_row(page.required_cohort.schema)}, "
            "so there is nothing to change. You can still ask what would tip the prediction.",
            icon=":material/check_circle:",
        )
        answer.offer_contrast(page.required_cohort.schema)
    else:
        if (told := first_sentence(page)) is not None:
            st.markdown(told)
        st.info(
            f"No answer yet. Choose what may change, then press {button}: changes are proposed, and each one "
            "is checked before you see it.",
            icon=":material/play_arrow:",
        )
