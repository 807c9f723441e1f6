"""A word of caution where the card says that a classifier ranks hardly better than chance."""

from __future__ import annotations

from typing import Any

import streamlit as st

from sensecf_core.cohorts.cohort import Cohort
from sensecf_core.ui.common import data, row_wording
from sensecf_core.ui.prediction import classifier_card

GUESSING = 0.5
"""AUROC of drawing lots."""

WEAK = 0.6
"""AUROC below which an interval that reaches guessing is no accident of few rows."""


def warn(cohort: Cohort) -> None:
    """Say beside a risk, or above options, that the classifier behind it is weak; nothing where it is not."""
    said = caution(cohort)
    if said is not None:
        st.warning(said, icon=":material/balance:")


def caution(cohort: Cohort) -> str | None:
    """Say how the held-out AUROC lies against guessing; None where its interval is above it."""
    card = data.card(cohort)
    if card is None:
        return None
    of, auroc = row_wording.rows(cohort.schema), card["metrics"]["auroc"]
    if auroc is None:
        return f"Too few {of} were held out to say how well this model ranks: read the risk with care."
    ranks = against_chance(auroc)
    if ranks is None:
        return None
    return (
        f"On held-out {of} this model ranks {ranks}, AUROC {classifier_card.number(auroc)}"
        f"{_flags(card['metrics'])}: read the risk with care."
    )


def against_chance(auroc: dict[str, float]) -> str | None:
    """Say how an AUROC lies against guessing; None where its interval is above it."""
    if auroc["low"] > GUESSING:
        return None
    return "hardly better than chance" if auroc["value"] < WEAK else "perhaps no better than chance"


def _flags(metrics: dict[str, Any]) -> str:
    """Say how many it flags of those that it should and of those that it should not."""
    sensitivity, specificity = metrics["sensitivity"], metrics["specificity"]
    if sensitivity is None or specificity is None:
        return ""
    right, wrong = round(100 * sensitivity["value"]), round(100 * (1 - specificity["value"]))
    return f", and flags {wrong} of 100 that it should not ({right} of 100 that it should)"
