"""The answer: one sentence over all scenarios, a light for each, and the figures behind the picked one."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from sensecf_core.augmentation.findings import cell_view, sentences, words
from sensecf_core.augmentation.findings.cell_view import CellView
from sensecf_core.augmentation.findings.verdict import LIGHTS, Light, Verdict
from sensecf_core.ui.augmentation import run_picker
from sensecf_core.ui.augmentation.chosen import Chosen
from sensecf_core.ui.common import wording

BADGES: Mapping[Light, tuple[str, str]] = {
    "helps": ("blue", "check_circle"),
    "level": ("blue", "drag_handle"),
    "likely": ("gray", "help"),
    "unclear": ("gray", "help"),
    "no": ("orange", "cancel"),
    "nothing": ("gray", "do_not_disturb_on"),
    "refused": ("gray", "group_off"),
    "absent": ("gray", "block"),
}
"""Colour and icon of a light; the words beside them say the same."""

MEANING = (
    "**Helps beyond controls**: the corrected 95 % intervals of the gain, and of the difference to the "
    "best control, are above 0.  \n"
    "**Helps, as controls do**: the gain is sure; that it is more than the best control's is not.  \n"
    "**May help**: the plain interval is above 0, the corrected one is not.  \n"
    "**Cannot tell yet**: the interval of the gain, or 2 standard errors of the loss, hold 0.  \n"
    "**Does not help**: the best counterfactual arm gains nothing.  \n"
    "**Nothing to recover**: the loss is below 0.02 or 2 standard errors, or a moved threshold returns it."
)


def show(chosen: Chosen) -> None:
    """Show the answer and the lights."""
    verdicts = chosen.verdicts
    sentence = sentences.headline(verdicts, chosen.removed, chosen.student, chosen.measure_name)
    with st.container(key="augment_answer", gap="xxsmall"):
        st.markdown(f"**{wording.plain(sentence)}**")
        with st.container(key="augment_lights"):
            for column, scenario in zip(st.columns(3, gap="small"), verdicts, strict=True):
                view, found = chosen.view_of(scenario), verdicts[scenario]
                with column.container(gap="xxsmall"):
                    _head(scenario, found)
                    said = _where_else(chosen, scenario) if view is None else sentences.brief(view, found)
                    st.caption(wording.plain(said))
        if chosen.view is not None:
            _picked(chosen, chosen.view)


def _where_else(chosen: Chosen, scenario: str) -> str:
    others = run_picker.others_with(chosen, scenario)
    return f"It is in another run: {wording.listed(others, 'or')}." if others else "–"


def light(scenario: str, found: Verdict, view: CellView | None) -> None:
    """Show the light of one scenario with all its figures."""
    _head(scenario, found)
    if view is not None:
        st.caption(wording.plain(f"{_labels(view)} {sentences.detail(view, found)}"))


def _head(scenario: str, found: Verdict) -> None:
    colour, icon = BADGES[found.light]
    with st.container(horizontal=True, gap="xsmall", vertical_alignment="center"):
        st.markdown(f"**{scenario}** {words.SCENARIOS[scenario]}", width="content")
        st.badge(LIGHTS[found.light], icon=f":material/{icon}:", color=colour, help=MEANING)  # type: ignore[arg-type]


def _labels(view: CellView) -> str:
    left = view.cell["counts"]["train"]
    return (
        f"{wording.count(round(left['zeros'] + left['ones']))} training labels left, "
        f"{wording.count(round(left['ones']))} of class 1."
    )


def _picked(chosen: Chosen, view: CellView) -> None:
    """The figures behind the light of the picked scenario, and the best model there."""
    best = cell_view.best_model(view.cell, chosen.titles, chosen.measure)
    overall = sentences.best_sentence(best, chosen.titles, chosen.measure, chosen.measure_name)
    text = f"{_labels(view)} {sentences.detail(view, chosen.verdicts[chosen.scenario])} {overall}"
    st.markdown(f"**{chosen.scenario}**: {wording.plain(text)}")
