"""A warning for classifiers that rank hardly better than chance according to their card."""

from __future__ import annotations

from typing import Any

import streamlit as st

from sensecf_core.classifiers.evaluation.metrics import against_chance
from sensecf_core.cohorts.cohort import Cohort
from sensecf_core.ui.common import data, row_wording, wording
from sensecf_core.ui.prediction import classifier_card


def warn(cohort: Cohort) -> None:
    """Warn beside a risk, or above options, if the classifier is weak."""
    text = caution(cohort)
    if text is not None:
        st.warning(text, icon=":material/balance:")


def caution(cohort: Cohort) -> str | None:
    """Say how the held-out AUROC compares with guessing; None if its interval is above guessing."""
    card = data.card(cohort)
    if card is None:
        return None
    noun, auroc = row_wording.plural(cohort.schema), card["metrics"]["auroc"]
    if auroc is None:
        return f"Too few {noun} were held out to say how well this model ranks: read the risk with care."
    verdict = against_chance(auroc)
    if verdict is None:
        return None
    return (
        f"On held-out {noun} this model ranks {verdict}, AUROC {classifier_card.number(auroc)}"
        f"{_flags(cohort, card['metrics'])}: read the risk with care."
    )


def _flags(cohort: Cohort, metrics: dict[str, Any]) -> str:
    """Say how often the classifier flags wrongly and rightly (1 - specificity, sensitivity)."""
    sensitivity, specificity = metrics["sensitivity"], metrics["specificity"]
    if sensitivity is None or specificity is None:
        return ""
    hits, false_alarms = round(100 * sensitivity["value"]), round(100 * (1 - specificity["value"]))
    noun, task = row_wording.plural(cohort.schema), cohort.schema.task
    useless = ", so a flag carries no information" if hits <= false_alarms else ""
    return (
        f"; it flags {false_alarms} % of {noun} with “{wording.plain(task.class_0)}” and {hits} % of "
        f"those with “{wording.plain(task.class_1)}”{useless}"
    )
