"""Choose the arm that a view looks at."""

from __future__ import annotations

import streamlit as st

from sensecf_core.augmentation.findings import words
from sensecf_core.augmentation.findings.cell_view import GROUPS, CellView
from sensecf_core.ui.augmentation.chosen import Chosen
from sensecf_core.ui.choice import kept_picks


def choose(chosen: Chosen, view: CellView, question: str) -> str | None:
    """Show a view's question, and ask for an arm; at first the counterfactual one with the highest gain.

    None where there is none.
    """
    left, right = st.columns([3, 2], vertical_alignment="bottom")
    left.header(question)
    arms = [arm for group in GROUPS for arm in view.of_groups([group]) if arm not in ("full", "full-weights")]
    if not arms:
        return None
    with right:
        return kept_picks.selectbox(
            "Arm",
            "arm",
            arms,
            lambda arm: words.arm_name(arm, chosen.titles),
            default=chosen.best_arm,
            note="What is done about the scarce labels. At first: the counterfactuals with the highest gain.",
        )
