"""A table in which one row can be chosen; choosing it chooses the participant everywhere."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pandas as pd
import streamlit as st

from sensecf_core.cohorts.schema import Schema
from sensecf_core.records import audit, exports
from sensecf_core.ui.choice import people_order, selection
from sensecf_core.ui.choice.people_order import Key
from sensecf_core.ui.common import widgets

HOW = "Choose a row by its box on the left, or by the selector at the top; click a heading to sort."


def show(
    table: pd.DataFrame,
    keys: Sequence[Key],
    chosen: Key | None,
    *,
    schema: Schema,
    name: str,
    columns: dict[Any, Any],
    alt: str,
    pictures: Sequence[Any] = (),
    beside: Callable[[], None] = lambda: None,
    said: str = "",
) -> None:
    """Show ``table`` with the chosen row marked, and offer it as CSV; ``keys`` names each row.

    Parameters
    ----------
    schema : the cohort's schema; the CSV says where the rows are from.
    name : identifies the set of rows, so that each set has its own grid.
    columns : column settings by position or name.
    pictures : columns that hold drawings, which the CSV leaves out.
    beside : draws what stands below the table, before the button for the CSV.
    said : what is said of the rows, after it.
    """
    st.session_state["table_rows"] = list(keys)
    people_order.listed(schema.name, keys)
    st.dataframe(
        table.reset_index(drop=True),
        key=_grid_key(name, chosen),
        hide_index=True,
        height=360,
        row_height=32,
        on_select=_picked,
        selection_mode="single-row",
        selection_default=_marked(keys, chosen),  # type: ignore[arg-type]
        column_config=columns,
        placeholder="not measured",
        alt=alt,
    )
    _below(table[[column for column in table.columns if column not in pictures]], schema, beside, said)


def _below(table: pd.DataFrame, schema: Schema, beside: Callable[[], None], said: str) -> None:
    """Draw the line below the grid: what the page puts there, the button for the CSV, what is said."""

    def csv() -> str:
        audit.record(audit.Entry("exported", cohort=schema.name, detail={"format": "csv"}))
        return exports.table_csv(table, exports.origin_columns(schema))

    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        beside()
        widgets.csv_button(
            csv,
            f"sensecf-{schema.name}-participants.csv",
            key="download_people",
        )
        if said:
            st.caption(said, help=HOW)


def _grid_key(name: str, chosen: Key | None) -> str:
    """Key of the grid: a new one for other rows or a participant chosen elsewhere, else the same."""
    state = st.session_state
    state.setdefault("table_turn", 0)
    if state.get("table_pick") != chosen:
        state["table_turn"] += 1
        state["table_pick"] = chosen
    key = f"table_{name}_{state['table_turn']}"
    state["table_key"] = key
    return key


def _marked(keys: Sequence[Key], chosen: Key | None) -> dict[str, Any] | None:
    if chosen is None or chosen not in keys:
        return None
    return {"selection": {"rows": [list(keys).index(chosen)]}}


def _picked() -> None:
    """Choose the row whose box was ticked; unticking keeps the participant."""
    state = st.session_state
    rows = state[state["table_key"]]["selection"]["rows"]
    if rows:
        state["table_pick"] = state["table_rows"][rows[0]]
        selection.choose(*state["table_pick"])
