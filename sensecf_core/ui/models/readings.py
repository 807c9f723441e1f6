"""How well limits in people's own words are read: by rules, and by the language model (docs/wishes.md)."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from sensecf_core.evaluation import wish_scores
from sensecf_core.types import Json

SENTENCES = {
    "adapter": "Written before the rules",
    "adapter-after": "Written after the rules",
    "adapter-generated": "Made by patterns",
}
"""Committed results, and what their sentences are."""


def show() -> None:
    """Show the measured shares; nothing where they are not there, as in an installation."""
    found = {title: wish_scores.committed(name) for name, title in SENTENCES.items()}
    rows = [_row(title, result) for title, result in found.items() if result is not None]
    if not rows:
        return
    st.header("Reading your own words")
    st.markdown(WHO_READS)
    st.table(pd.DataFrame(rows), hide_index=True, border="horizontal", alt="How well wishes are read")
    st.caption(
        "Percent of sentences, with 95 % intervals. Exact: read as meant, no limit too many or too few. "
        "Wrong: something is kept, or let move, that was not said."
    )


WHO_READS = (
    "“Say it” on the page Options is read by rules unless a larger model is named there: the small one that "
    "was trained for it, alone or where the rules leave words, reads more of them wrongly."
)
"""Which reader was measured to be the better one."""


def _row(title: str, found: Json) -> dict[str, Any]:
    number = found["all"]["exact"]["n"]
    return {
        "Sentences": f"{title} ({number:,})",
        "Rules": _said(found["rules"]),
        "Language model": _said(found["all"]),
        "Both": _said(found["together"]),
    }


def _said(shares: Json) -> str:
    exact, wrong = (shares[name] for name in ("exact", "wrong"))
    ends = f"{100 * exact['low']:.0f}–{100 * exact['high']:.0f}"
    return f"exact {100 * exact['value']:.0f} ({ends}), wrong {100 * wrong['value']:.0f}"
