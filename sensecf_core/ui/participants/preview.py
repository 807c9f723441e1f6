"""The chosen person in a few lines: risk, what is out of range, drivers, options, decision."""

from __future__ import annotations

from html import escape

import streamlit as st

from sensecf_core.cohorts.clinical import reference_ends
from sensecf_core.cohorts.feature import Feature
from sensecf_core.counterfactuals.checks.sentences import measure
from sensecf_core.records.found import Found
from sensecf_core.records.person_state import PersonState
from sensecf_core.ui.common import data, drawings, wording
from sensecf_core.ui.decisions import person
from sensecf_core.ui.page import bar
from sensecf_core.ui.page.frame import Page
from sensecf_core.ui.participants import decided

_STYLE = """<style>
.decided { font-size: 0.875rem; }
.decided p { margin: 0 0 0.25rem; font-size: inherit; overflow-wrap: anywhere; }
.decided summary { cursor: pointer; display: flex; gap: 0.35rem; }
.decided summary::before { content: "▸" / ""; }
.decided [open] summary::before { content: "▾" / ""; }
.decided summary span { overflow-wrap: anywhere; white-space: pre-line; }
.decided details:not([open]) summary span {
  display: -webkit-box; -webkit-box-orient: vertical; -webkit-line-clamp: 2; overflow: hidden;
}
</style>"""
"""The note has two lines until it is opened; then it has all of them, and who wrote it."""
MOST = 3
"""Most values out of range, and most drivers, that are named."""


def show(page: Page, state: PersonState, options: str, found: Found | None) -> None:
    """Show the preview of the chosen row.

    ``options`` is what the feasibility map says of it, or empty; ``found`` what its newest answer found.
    """
    with st.container(border=True, key="preview", gap="small"):
        with st.container(horizontal=True, gap="xsmall", vertical_alignment="center"):
            st.markdown(f"**{wording.plain(page.row_key[0])}**", width="content")
            edit(page, state)
        if page.has_classifier:
            _risk(page)
        lines = [_outside(page)]
        if page.has_classifier:
            lines.append(_drivers(page))
        lines.append(_options(options, found))
        st.markdown("  \n".join(f":small[{line}]" for line in lines if line))
        if decision := decided_html(state):
            st.html(decision)
        if page.has_classifier:
            links(page)


def _options(options: str, found: Found | None) -> str:
    """What the map says, and what was found when somebody asked."""
    parts = [f"**Options:** {options}"] if options else []
    if found is not None:
        parts.append(f"**Asked:** {decided.found_sentence(found)}")
    return " · ".join(parts)


def decided_html(state: PersonState) -> str:
    """The newest decision and the beginning of the note as HTML; the note opens. Empty without both."""
    said = []
    if (decision := decided.latest(state)) is not None:
        several = len(state.kept) + len(state.rejected) + len(state.shortlisted) > 1
        before = f"Decisions:</strong> {decided.counts(state)}. Latest:" if several else "Decision:</strong>"
        said.append(f"<p><strong>{before} {escape(decided.sentence(decision))}.</p>")
    if state.note is not None and state.note.note:
        by = f"{state.note.who}, {wording.moment(state.note.created)}"
        said.append(
            f"<details><summary><span><strong>Note:</strong> {escape(state.note.note)}</span></summary>"
            f"<p>{escape(by)}</p></details>"
        )
    return f'{_STYLE}<div class="decided">{"".join(said)}</div>' if said else ""


def edit(page: Page, state: PersonState) -> None:
    """The buttons for the star and the note of the chosen person."""
    cohort, participant = page.required_cohort.schema.name, page.row_key[0]
    with st.container(
        horizontal=True, gap="xsmall", vertical_alignment="center", key="about_person", width="content"
    ):
        person.star(cohort, participant, state)
        person.note(cohort, participant, state)


def _risk(page: Page) -> None:
    threshold = page.classifier.threshold
    said = bar.verdict(page.risk, threshold)
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        st.image(
            drawings.risk_bar(page.risk, threshold),
            alt=f"{said}; the line is at {wording.of_100(threshold)}",
            width=150,
        )
        st.markdown(f":small[**{said}**, {wording.distance(page.risk, threshold)}]")


def _outside(page: Page) -> str:
    """Name the values furthest from their reference range, and how many others there are."""
    schema = page.required_cohort.schema
    found = [f for f in schema.features if wording.against_reference(f, page.values)]
    if not found:
        return "**Out of range:** nothing"
    found.sort(key=lambda feature: -_how_far(page, feature))
    named = [
        f"{wording.plain(f.label)} {wording.plain(measure(f, page.values[f.name]))} "
        f"{wording.against_reference(f, page.values)[0]}"
        for f in found[:MOST]
    ]
    more = f", {len(found) - MOST} more" if len(found) > MOST else ""
    return f"**Out of range:** {', '.join(named)}{more}"


def _how_far(page: Page, feature: Feature) -> float:
    """Distance from the reference range, in widths of the cohort's 1st to 99th percentile."""
    value = page.values[feature.name]
    assert isinstance(value, int | float)
    domain = data.whole_domain(page.required_cohort)
    position = page.required_cohort.schema.positions[feature.name]
    width = float(domain.high[position] - domain.low[position]) or 1.0
    low, high = reference_ends(feature.reference, page.values)
    return max(
        0.0 if high is None else (value - high) / width,
        0.0 if low is None else (low - value) / width,
    )


def _drivers(page: Page) -> str:
    """Name what moves the risk of this row most, against the average row."""
    schema = page.required_cohort.schema
    values = data.shap_values(page.required_cohort, page.classifier, page.row_key).values[0]
    strongest = sorted(zip(schema.features, values, strict=True), key=lambda pair: -abs(pair[1]))[:MOST]
    named = [f"{wording.plain(feature.label)} {wording.arrow(float(value))}" for feature, value in strongest]
    return f"**Drives the risk** (▲ up, ▼ down): {', '.join(named)}"


def links(page: Page) -> None:
    """Link to what the model says of the chosen row, and to its options."""
    with st.container(horizontal=True, gap="xxsmall", width="content"):
        st.page_link(
            "pages/2_Prediction.py",
            label="See this person's risk",
            icon=":material/monitoring:",
            query_params=page.choice.carried,
        )
        st.page_link(
            "pages/3_Interventions.py",
            label="Find options",
            icon=":material/alt_route:",
            query_params=page.choice.carried,
        )
