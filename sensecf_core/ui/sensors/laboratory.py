"""Laboratory values, blood pressure, body measures and questionnaires of one participant as tables."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
import streamlit as st

from sensecf_core.aireadi.release.clinical import EITHER
from sensecf_core.aireadi.report.findings import Finding, findings
from sensecf_core.ui.common import wording

MARKS = {"above": "▲ above", "below": "▼ below", "": "within", "unknown": "not known"}
NO_REFERENCE = "–"


def show(values: Mapping[str, object]) -> None:
    """Show a table a group; ``values`` is the participant's row of the people table."""
    for group, found in findings(values).items():
        measured = [one for one in found if one.value is not None]
        st.subheader(group)
        if measured:
            st.table(_table(measured), hide_index=True, alt=f"{group}: value, reference range and its source")
        missing = [one.spec.label for one in found if one.value is None]
        if missing:
            st.caption(f"Not measured: {wording.plain(wording.listed(missing))}.")
    st.caption(
        "Measured at the study visit. A reference range says what is usual, not what is right for this "
        "participant; no clinician has confirmed these ranges. Sex and medicines are not in the public "
        "release."
    )


def _table(found: list[Finding]) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {
                "Finding": one.spec.label,
                "Value": _value(one),
                "Against reference": MARKS[one.outside] if _compared(one) else NO_REFERENCE,
                "Reference": one.spec.reference or "none given",
                "Source": one.spec.source,
            }
            for one in found
        ]
    )


def _value(one: Finding) -> str:
    text = f"{one.value:.{one.spec.decimals}f}"
    unit = "point" if one.spec.unit == "points" and text == "1" else one.spec.unit
    if one.sign == EITHER:
        return f"{text} {unit}, which involves a limit of the assay"
    return f"{one.sign}{text} {unit}".strip()


def _compared(one: Finding) -> bool:
    """Whether there is a bound that the value could lie beyond."""
    return one.spec.low is not None or one.spec.high is not None
