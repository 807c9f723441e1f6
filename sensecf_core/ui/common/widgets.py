"""Widgets that several pages share: a range as two numbers, filters for participants, a CSV button,
facts by name.

A range is not a slider: in the dark theme the numbers at its ends are too dark to read (axe), because the
theme's primary colour also has to carry white text on buttons.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Literal

import pandas as pd
import streamlit as st

from sensecf_core.cohorts.cohort import Cohort
from sensecf_core.types import Span
from sensecf_core.ui.common import wording

PART_TITLES = {"test": "held out", "val": "validation", "train": "training"}
EVERYONE = "everyone"


def people_filters(cohort: Cohort, views: Sequence[str], *, has_classifier: bool) -> tuple[str, str]:
    """Ask for one of ``views`` and for a part of the cohort (or :data:`EVERYONE`); returns both.

    The first of ``views`` includes everyone; without a classifier it is used without asking.
    """
    name = cohort.schema.name
    with st.container(horizontal=True, gap="large"):
        view = views[0]
        if has_classifier:
            view = st.radio(
                "The model's view", views, horizontal=True, key=f"view_{name}", persist_state="session"
            )
        part = st.radio(
            "Part of the cohort",
            [EVERYONE, *(part for part in PART_TITLES if cohort.parts.eq(part).any())],
            format_func=lambda part: PART_TITLES.get(part, part),
            horizontal=True,
            key=f"part_{name}",
            persist_state="session",
            help="The classifier learned from the training part; what it says about held-out people is the "
            "fair picture.",
        )
    return view, part


def number_range(
    label: str, span: Span, key: str, *, step: float, decimals: int, note: str | None = None
) -> Span:
    """Ask for a range within ``span``; the ends may be given in any order, and an empty end is open."""
    for column, end, name in zip(st.columns(2), span, keys(key), strict=True):
        entered = st.session_state.get(name)
        st.session_state[name] = end if entered is None else min(max(float(entered), span[0]), span[1])
        column.number_input(
            f"{label} {name.rsplit('_', 1)[1]}",
            *span,
            step=step,
            format=f"%.{decimals}f",
            key=name,
            persist_state="session",
            help=note,
        )
    return span_now(span, key, decimals=decimals)


def span_now(span: Span, key: str, *, decimals: int) -> Span:
    """The range that the fields hold, as :func:`number_range` returns it; also where they are not drawn."""
    ends = []
    for end, name in zip(span, keys(key), strict=True):
        entered = st.session_state.get(name)
        number = end if entered is None else min(max(float(entered), span[0]), span[1])
        ends.append(number if number in span else round(number, decimals))
    return min(ends), max(ends)


def keys(key: str) -> tuple[str, str]:
    """The session keys of both ends."""
    return f"{key}_from", f"{key}_to"


def fill(key: str, span: Span | None) -> None:
    """Write a range into the fields before they are shown; None clears them."""
    for number, name in enumerate(keys(key)):
        if span is not None:
            st.session_state[name] = span[number]
        elif name in st.session_state:
            del st.session_state[name]


def csv_button(
    make: Callable[[], str],
    file_name: str,
    *,
    key: str,
    label: str = "Download CSV",
    type: Literal["secondary", "tertiary"] = "secondary",
) -> None:
    """Offer the CSV that ``make`` returns; it is called only on a click.

    The file starts with a byte-order mark: without it, spreadsheets garble arrows and dashes.
    """
    st.download_button(
        label,
        lambda: make().encode("utf-8-sig"),
        file_name,
        "text/csv",
        icon=":material/download:",
        on_click="ignore",
        key=key,
        type=type,
    )


def facts_table(facts: Mapping[str, str], alt: str) -> None:
    """Show facts by name, a line each; ``alt`` names the table for whoever cannot see it."""
    st.table(
        pd.DataFrame({"": list(facts), " ": [wording.plain(value) for value in facts.values()]}),
        hide_index=True,
        hide_header=True,
        border="horizontal",
        alt=alt,
    )
