"""What a check of a table found: problems to mend, what looks odd, and how cells were read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import pandas as pd
import streamlit as st

from sensecf_core.cohorts.own.folder import Examined
from sensecf_core.cohorts.own.problems import Note, Problem
from sensecf_core.ui.common import wording

MOST_LINES = 40
"""Lines of a table that are shown; the others are counted."""


def show(examined: Examined) -> None:
    """Show problems in the open, the rest in folds."""
    if examined.problems:
        st.error(
            f"{wording.counted(len(examined.problems), 'problem')} to mend first, in the table or above.",
            icon=":material/error:",
        )
        problems(examined.problems, "Problems of the table")
    if examined.odd:
        with st.expander(
            f"Looks odd, stops nothing ({len(examined.odd)})", icon=":material/help:", expanded=True
        ):
            problems(examined.odd, "What looks odd in the table")
    if examined.notes:
        with st.expander(f"How it was read ({len(examined.notes)})", icon=":material/visibility:"):
            _notes(examined.notes)


def problems(listed: Iterable[Problem], alt: str) -> None:
    """Show problems, one a line, with what mends each."""
    rows = [
        {
            "Column": wording.plain(str(p.column or "–")),
            "Row": wording.plain(str(p.row) if p.row is not None else "–"),
            "Problem": wording.plain(p.problem),
            "Mend": wording.plain(p.mend),
        }
        for p in listed
    ]
    _table(rows, alt)


def _notes(listed: Iterable[Note]) -> None:
    rows = [
        {
            "Column": wording.plain(str(note.column or "–")),
            "Row": wording.plain(str(note.row) if note.row is not None else "–"),
            "Read": wording.plain(note.text),
            "Rows": note.count,
        }
        for note in listed
    ]
    _table(rows, "How the table was read")


def _table(rows: Sequence[Mapping[str, object]], alt: str) -> None:
    st.table(pd.DataFrame(rows[:MOST_LINES]), hide_index=True, alt=alt)
    if len(rows) > MOST_LINES:
        st.caption(f"And {wording.counted(len(rows) - MOST_LINES, 'more line')}.")
