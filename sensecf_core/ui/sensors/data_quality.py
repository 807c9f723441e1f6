"""How complete one participant's sensor data are, stream by stream."""

from __future__ import annotations

from datetime import timedelta

import pandas as pd
import streamlit as st

from sensecf_core.aireadi.release.streams import STREAMS
from sensecf_core.ui.common import wording

LABELS = {stream.name: stream.label.capitalize() for stream in STREAMS}


def show(quality: pd.DataFrame, notes: tuple[str, ...] = ()) -> None:
    """Show one row per stream (see :mod:`sensecf_core.aireadi.features.quality`), and notes on the clock."""
    st.table(table(quality), hide_index=True, alt="Per sensor stream: state, valid share, days of wear, gaps")
    st.caption(
        "Valid: share of the records inside the recording's days that hold a usable value; Garmin gives no "
        "stress in motion, so about half of it is missing on a good day. A gap is a pause longer than the "
        "stream should have; shorter pauses are no gaps."
    )
    for note in notes:
        st.caption(wording.plain(f"{note[:1].upper()}{note[1:]}."))


def table(quality: pd.DataFrame) -> pd.DataFrame:
    """Put the quality rows into words."""
    return pd.DataFrame(
        [
            {
                "Stream": LABELS.get(str(row["stream"]), str(row["stream"])),
                "State": row["state"],
                "Valid": _share(row["valid_share"]),
                "Days": f"{_whole(row['wear_days'])} of {_whole(row['days'])}",
                "Gaps": _whole(row["gaps"]),
                "Longest gap": _gap(row["longest_gap_hours"]) if row["gaps"] > 0 else "",
                "Notes": row["notes"] or "",
            }
            for row in quality.to_dict("records")
        ]
    )


def _share(value: float) -> str:
    return "nothing" if pd.isna(value) else f"{100 * value:.0f} %"


def _whole(value: float) -> str:
    return "0" if pd.isna(value) else wording.count(int(value))


def _gap(hours: float) -> str:
    if pd.isna(hours):
        return ""
    minutes = int(timedelta(hours=float(hours)).total_seconds() // 60)
    return f"{minutes} min" if minutes < 120 else f"{hours:.0f} h"
