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
    """Show one table per group; ``values`` is the participant's row of the people table."""
    for group, group_findings in findings(values).items():
        measured = [finding for finding in group_findings if finding.value is not None]
        st.subheader(group)
        if measured:
            st.table(_table(measured), hide_index=True, alt=f"{group}: value, reference range and its source")
        missing = [finding.spec.label for finding in group_findings if finding.value is None]
        if missing:
            st.caption(f"Not measured: {wording.plain(wording.listed(missing))}.")
    st.caption(
        "Measured at the study visit. A reference range says what is usual, not what is right for this "
        "participant; no clinician has confirmed these ranges. Sex and medicines are not in the public "
        "release."
    )


def _table(measured: list[Finding]) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {
                "Finding": finding.spec.label,
                "Value": _value(finding),
                "Against reference": MARKS[finding.outside] if _compared(finding) else NO_REFERENCE,
                "Reference": finding.spec.reference or "none given",
                "Source": finding.spec.source,
            }
            for finding in measured
        ]
    )


def _value(finding: Finding) -> str:
    text = f"{finding.value:.{finding.spec.decimals}f}"
    unit = "point" if finding.spec.unit == "points" and text == "1" else finding.spec.unit
    if finding.sign == EITHER:
        return f"{text} {unit}, which involves a limit of the assay"
    return f"{finding.sign}{text} {unit}".strip()


def _compared(finding: Finding) -> bool:
    """Whether the finding has a reference bound to compare with."""
    return finding.spec.low is not None or finding.spec.high is not None
