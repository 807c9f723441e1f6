"""What the page Models shows, as text to look for."""

from __future__ import annotations

from streamlit.testing.v1 import AppTest


def facts(at: AppTest) -> str:
    return " ".join(
        str(cell)
        for table in at.get("table")
        for cell in [*table.value.columns, *table.value.to_numpy().ravel()]
    )


def warnings(at: AppTest) -> str:
    return "\n".join(warning.value.replace("\\", "") for warning in at.warning)
