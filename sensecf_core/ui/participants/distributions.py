"""How each measurement is distributed over the cohort, and where one participant lies: a card each."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import streamlit as st

from sensecf_core.cohorts.domain import Domain
from sensecf_core.cohorts.encoding import Value
from sensecf_core.cohorts.feature import Feature
from sensecf_core.counterfactuals.checks.sentences import measure
from sensecf_core.ui.common import data, drawings, row_wording, wording
from sensecf_core.ui.page.frame import Page

BINS = 24


def show(page: Page) -> None:
    """Show a card for each measurement: how it is distributed, and where the chosen row lies."""
    schema = page.required_cohort.schema
    domain = data.whole_domain(page.required_cohort)
    st.caption(
        f"The blue bar with the triangle is {row_wording.this_row(schema)}; the grey bars are all "
        f"{row_wording.plural(schema)} of the cohort."
    )
    for role in wording.roles(schema):
        st.subheader(wording.ROLE_HEADINGS[role])
        with st.grid("auto", min_column_width=210, gap="small", key=f"cards_{role}"):
            for feature in schema.features:
                if feature.role == role:
                    position = schema.positions[feature.name]
                    _card(feature, page.values, page.codes[position], domain, position)


def _card(feature: Feature, values: Mapping[str, Value], code: float, domain: Domain, position: int) -> None:
    value, column = values[feature.name], domain.sorted_columns[position]
    with st.container(border=True, height="stretch", gap="xsmall"):
        st.markdown(wording.plain(feature.label), help=wording.plain(feature.description) or None)
        text = "not measured" if value is None else wording.plain(measure(feature, value))
        st.markdown(f"**{text}**")
        st.caption(" · ".join(_notes(feature, values, code, domain, position)))
        if len(column):
            counts, own = bars(feature, column, code)
            st.image(
                drawings.distribution(counts, own),
                alt=_picture_text(feature, value, column),
                width="stretch",
            )


def _notes(
    feature: Feature, values: Mapping[str, Value], code: float, domain: Domain, position: int
) -> list[str]:
    value, notes = values[feature.name], []
    if feature.reference is not None:
        outside = wording.against_reference(feature, values)
        notes.append(
            f"reference {wording.plain(feature.reference.text)}" + (f" **{outside}**" if outside else "")
        )
    column = domain.sorted_columns[position]
    if not len(column):
        notes.append("nobody in this cohort was measured")
    elif value is None:
        notes.append(f"measured in {wording.counted(len(column), 'other')}")
    else:
        notes.append(place(feature, column, domain.percentile(position, code), code))
    return notes


def place(feature: Feature, column: npt.NDArray[np.float64], percent: float, code: float) -> str:
    """Say where a measured value lies in its cohort: "higher than 80 % of the cohort", "53 % of the cohort".

    ``column`` holds the measured codes of the cohort, ``percent`` is the percentile of ``code`` in it.
    """
    if feature.named or feature.kind == "binary":
        return f"{100 * float(np.mean(column == code)):.0f}\u00a0% of the cohort"
    return f"higher than {min(max(round(percent), 1), 99)}\u00a0% of the cohort"


def bars(feature: Feature, column: npt.NDArray[np.float64], code: float) -> tuple[list[int], int | None]:
    """Count measured values into bars, and return the index of the bar of ``code`` (None: not measured).

    Named and binary features get one bar per level; numbers get ``BINS`` bars from the 1st to the 99th
    percentile, and the outermost bars also hold the values beyond.
    """
    if feature.named or feature.kind == "binary":
        levels = len(feature.levels) or 2
        counts = np.bincount(column.astype(int), minlength=levels)
        return counts.tolist(), None if np.isnan(code) else int(code)
    low, high = np.percentile(column, [1, 99])
    if high <= low:
        low, high = low - 0.5, high + 0.5
    edges = np.linspace(low, high, BINS + 1)
    counts, _ = np.histogram(np.clip(column, low, high), edges)
    own = None if np.isnan(code) else int(np.clip(np.searchsorted(edges, code, "right") - 1, 0, BINS - 1))
    return counts.tolist(), own


def _picture_text(feature: Feature, value: Value, column: npt.NDArray[np.float64]) -> str:
    if feature.named or feature.kind == "binary":
        names = feature.levels or ("no", "yes")
        shares = ", ".join(f"{name} {np.mean(column == i):.0%}" for i, name in enumerate(names))
        return f"{feature.label} in this cohort: {shares}. This participant: {measure(feature, value)}."
    low, middle, high = (measure(feature, float(v)) for v in np.percentile(column, [5, 50, 95]))
    return (
        f"{feature.label} in this cohort: middle {middle}, nine of ten from {low} to {high}. "
        f"This participant: {measure(feature, value)}."
    )
