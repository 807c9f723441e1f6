"""What Interventions and Comparison show before anything was asked about a row."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from sensecf_core.counterfactuals.checks.sentences import points, risk, risk_beside
from sensecf_core.counterfactuals.feasibility.cohort_map import nothing
from sensecf_core.ui.common import data, row_wording, wording
from sensecf_core.ui.interventions import answer, card, lifting
from sensecf_core.ui.limits import limits_fields
from sensecf_core.ui.page.frame import Page

_SKELETON = """<style>
.placeholder > div {
  border: 1px solid color-mix(in srgb, currentColor 20%, transparent); border-radius: 0.5rem;
  padding: 1rem; margin-bottom: 1rem; height: 165px; box-sizing: border-box;
}
.placeholder i { display: block; height: 0.9rem; border-radius: 0.3rem; margin-bottom: 0.8rem;
  background: color-mix(in srgb, currentColor 12%, transparent); }
.placeholder i:nth-child(1) { width: 30%; }
.placeholder i:nth-child(2) { width: 85%; }
.placeholder i:nth-child(3) { width: 60%; }
@media (prefers-reduced-motion: no-preference) {
  .placeholder i { animation: placeholder 1.6s ease-in-out infinite alternate; }
  @keyframes placeholder { from { opacity: 1; } to { opacity: 0.45; } }
}
</style>
<div class="placeholder" aria-hidden="true">
<div><i></i><i></i><i></i></div><div><i></i><i></i><i></i></div>
</div>"""


def first_sentence(page: Page) -> str | None:
    """Say what the feasibility map has for the chosen row under the cohort's own limits; None without one."""
    line = _line(page)
    if line is None:
        return None
    if line["cross"] == "solid":
        return "A search of the model finds changes that would alter this prediction and can be relied on."
    gap = _gap(page, line)
    if line["cross"] == "fragile" and line["lower"] == "none found":
        return (
            "A search of the model finds changes that would alter this prediction, but none to be relied on."
        )
    if line["lower"] == "none found":
        said = "No realistic change alters this prediction, or moves its risk in a way that can be relied on"
        return f"{said}{gap}."
    crossing = (
        "It is proven that no realistic change alters this prediction"
        if line["cross"] == "proven none"
        else "No change was found that alters this prediction and can be relied on"
    )
    best = f"**{points(float(line['reliable_reduction']))}**"
    sure = "" if line["lower"] == "solid" else " The second model does not confirm it, or it is small."
    return f"{crossing}{gap}. The risk can be moved by {best} in 90 % of retrained models.{sure}"


def may_find(page: Page) -> bool:
    """Whether asking about the chosen row may find something to act on, so that opening the page asks.

    Not where the model sees nothing to change, nor where a search has shown that nothing can be moved.
    """
    schema = page.required_cohort.schema
    flagged = int(page.risk >= page.classifier.threshold)
    if flagged == schema.task.desired:
        return False
    line = _line(page)
    return line is None or not nothing(line.to_frame().T).item()


def skeleton() -> None:
    """Draw where options will stand while the first answer about a row is made."""
    st.html(_SKELETON)


def _line(page: Page) -> pd.Series | None:
    """The chosen row's line of the feasibility map under the cohort's own limits."""
    cohort = page.required_cohort
    lines = data.feasible(cohort, page.classifier, cohort.schema.default_limits)
    if lines is None or page.row_key not in lines.index:
        return None
    return lines.loc[[page.row_key]].iloc[0]


def _nothing_crosses(line: pd.Series) -> bool:
    return line["cross"] in ("none found", "proven none")


def _gap(page: Page, line: pd.Series) -> str:
    """How far the line stays, where nothing crosses it."""
    if not _nothing_crosses(line):
        return ""
    best, threshold = float(line["best_probability"]), page.classifier.threshold
    return f": best reachable {risk_beside(best, threshold)}, line {risk(threshold)} of 100"


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
        if (line := _line(page)) is not None and _nothing_crosses(line):
            card.risk_bar(
                page.required_cohort.schema,
                page.risk,
                float(line["best_probability"]),
                page.classifier.threshold,
            )
            lifting.buttons(page.required_cohort.schema, lifting.searched(page))
        st.info(
            f"No answer yet. Press {button}: changes are proposed, and each one is checked before you see "
            "it.",
            icon=":material/play_arrow:",
        )
