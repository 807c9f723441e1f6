"""One participant's measurements: what is out of range first, then the rest by role, a line each."""

from __future__ import annotations

import streamlit as st

from sensecf_core.cohorts.clinical import reference_ends
from sensecf_core.cohorts.domain import Domain
from sensecf_core.cohorts.feature import Feature
from sensecf_core.counterfactuals.checks.sentences import measure, number
from sensecf_core.ui.common import data, sensors, wording
from sensecf_core.ui.page.frame import Page
from sensecf_core.ui.participants import distributions, profile_table
from sensecf_core.ui.participants.profile_table import Line, Range

SECTIONS = {"behaviour": "Behaviour", "clinical": "Clinical measurements"}
BACKGROUND = "Background (not changeable)"
OUTSIDE = "Outside the reference range"


def show(page: Page) -> None:
    """Show the chosen row: two columns of tables, the background folded, distributions on request."""
    schema = page.required_cohort.schema
    missing = [feature.label for feature in schema.features if page.values[feature.name] is None]
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        st.header(f"Profile of {wording.plain(page.row_key[0])}", width="content")
        asked = st.toggle(
            "Show the distribution of each value",
            key=f"distributions_{schema.name}",
            persist_state="session",
        )
    if missing:
        st.caption(f"Not measured: {wording.plain(wording.listed(missing))}.")
    if note := sensors.unit_note(page.required_cohort):
        st.caption(note)
    lines = {f.name: line(page, f) for f in schema.features if page.values[f.name] is not None}
    outside = [f.name for f in schema.features if wording.against_reference(f, page.values)]
    columns = st.columns(2, gap="medium")
    lengths = [0, 0]
    for title, names in sections(page, outside):
        shorter = lengths.index(min(lengths))
        lengths[shorter] += 1 + sum(lines[name].lines for name in names)
        with columns[shorter]:
            st.subheader(title, anchor=False)
            st.html(profile_table.html([lines[name] for name in names], title))
    background = [f.name for f in schema.features if f.role == "context" and f.name in lines]
    if background := [name for name in background if name not in outside]:
        shorter = lengths.index(min(lengths))
        with columns[shorter], st.expander(BACKGROUND, icon=":material/badge:"):
            st.html(profile_table.html([lines[name] for name in background], BACKGROUND))
    if asked:
        distributions.show(page)


def sections(page: Page, outside: list[str]) -> list[tuple[str, list[str]]]:
    """Title and measured features of each section: what is ``outside`` its range, then what is not, by role.

    Background features stay out unless they are out of range.
    """
    features = [f for f in page.required_cohort.schema.features if page.values[f.name] is not None]
    found = [(f"{OUTSIDE}: {len(outside)}", outside)] if outside else []
    for role, title in SECTIONS.items():
        names = [f.name for f in features if f.role == role and f.name not in outside]
        if names:
            found.append((title, names))
    return found


def line(page: Page, feature: Feature) -> Line:
    """One measured feature of the chosen row as a line of the table."""
    schema = page.required_cohort.schema
    domain, position = data.whole_domain(page.required_cohort), schema.positions[feature.name]
    outside = wording.against_reference(feature, page.values)
    reference = "" if feature.reference is None else feature.reference.text
    return Line(
        label=feature.label,
        description=" ".join(
            text for text in (feature.description, reference and f"Reference: {reference}.") if text
        ),
        value=measure(feature, page.values[feature.name]),
        outside=outside and _outside(outside, _ends(feature, page)),
        reference="" if outside else _ends(feature, page, "ref. ", "≥ ", "≤ "),
        range=_range(page, feature, domain, position),
        place=_place(page, feature, domain, position),
    )


def _outside(side: str, ends: str) -> str:
    """Where a value lies: "▲ above 120", or "▲ outside 18.5–24.9" where the range has two ends."""
    side = side.removesuffix(" reference")
    return f"{side[0]} outside {ends}" if "–" in ends else f"{side} {ends}"


def _ends(feature: Feature, page: Page, begin: str = "", least: str = "", most: str = "") -> str:
    """The reference range as short as it goes: "ref. ≤ 120", "ref. 18.5–24.9"; empty without ends.

    ``begin`` stands before it, ``least`` or ``most`` before the only end of one that is open.
    """
    low, high = reference_ends(feature.reference, page.values)

    def end(value: float) -> str:
        return number(feature, value).removesuffix(".0")

    if low is not None and high is not None:
        return f"{begin}{end(low)}–{end(high)}"
    if low is not None:
        return f"{begin}{least}{end(low)}"
    return "" if high is None else f"{begin}{most}{end(high)}"


def _range(page: Page, feature: Feature, domain: Domain, position: int) -> Range | None:
    """The value on a line from the cohort's 1st to its 99th percentile; None for levels."""
    low, high = float(domain.low[position]), float(domain.high[position])
    if feature.named or feature.kind == "binary" or not low < high:
        return None

    def at(value: float) -> float:
        return (value - low) / (high - low)

    ends = reference_ends(feature.reference, page.values)
    return Range(
        own=at(float(page.codes[position])),
        low=None if ends[0] is None else at(ends[0]),
        high=None if ends[1] is None else at(ends[1]),
        median=at(float(domain.median[position])),
    )


def _place(page: Page, feature: Feature, domain: Domain, position: int) -> str:
    column, code = domain.sorted_columns[position], float(page.codes[position])
    text = distributions.place(feature, column, domain.percentile(position, code), code)
    return text.removesuffix(" of the cohort")
