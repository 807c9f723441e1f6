"""Widgets that several pages share: a range as two numbers, filters for participants, files to download,
facts by name.

A range is not a slider: in the dark theme the numbers at its ends are too dark to read (axe), because the
theme's primary colour also has to carry white text on buttons.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Literal

import pandas as pd
import streamlit as st

from sensecf_core.access import people, rights
from sensecf_core.cohorts.cohort import Cohort
from sensecf_core.types import Span
from sensecf_core.ui.common import wording
from sensecf_core.ui.server import sign_in

PART_TITLES = {"everyone": "all", "test": "test set", "val": "validation", "train": "training"}
EVERYONE = "everyone"


def people_filters(cohort: Cohort, views: Sequence[str]) -> tuple[str, str]:
    """Ask for one of ``views`` and for a part of the cohort (or :data:`EVERYONE`), as chips; returns both.

    The first of ``views`` includes everyone; where it is the only one, nothing is asked.
    """
    name = cohort.schema.name
    view = views[0]
    if len(views) > 1:
        view = _chips("Show", views, f"view_{name}")
    part = _chips(
        "Data",
        [EVERYONE, *(part for part in PART_TITLES if cohort.parts.eq(part).any())],
        f"part_{name}",
        help="The classifier learned from the training part; what it says about the test set is the fair "
        "picture.",
    )
    return view, part


def _chips(label: str, options: Sequence[str], key: str, help: str | None = None) -> str:
    if st.session_state.get(key) not in (None, *options):
        del st.session_state[key]  # a chip that is not offered any more
    chosen = st.pills(
        label,
        options,
        default=options[0],
        required=True,
        format_func=lambda option: PART_TITLES.get(option, option),
        key=key,
        persist_state="session",
        help=help,
    )
    return chosen or options[0]


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
    download(label, lambda: make().encode("utf-8-sig"), file_name, "text/csv", key=key, type=type)


def download(
    label: str,
    make: Callable[[], bytes | str],
    file_name: str,
    mime: str,
    *,
    key: str,
    icon: str = ":material/download:",
    type: Literal["secondary", "tertiary"] = "secondary",
    refused: str | None = None,
) -> None:
    """Offer the file that ``make`` returns; whoever may not export is told so instead.

    ``make`` is called on a click only, and for whoever looks at the page: Streamlit calls it in a thread
    without one. Their right is asked for once more then. ``refused`` says why there is no such file; the
    button is disabled then.
    """
    if (why := rights.refusal("export")) is not None:
        st.caption(wording.message(why))
        return
    person = sign_in.kept()

    def made() -> bytes | str:
        with people.at_work(person):
            rights.require("export")
            return make()

    st.download_button(
        label,
        made,
        file_name,
        mime,
        icon=icon,
        on_click="ignore",
        key=key,
        type=type,
        disabled=refused is not None,
        help=None if refused is None else wording.message(refused),
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
