"""What the views of a run share: tables with definitions, charts that can be saved, the pick of a measure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd
import streamlit as st

from sensecf_core.evaluation.metrics.definitions import MEASURES
from sensecf_core.queries.methods import METHODS
from sensecf_core.types import JsonView
from sensecf_core.ui.benchmarks import tables as bench
from sensecf_core.ui.common import browser, charts, widgets, wording
from sensecf_core.ui.common.charts import Chart

PHONE_PIXELS, LEGEND_PIXELS = 330, 20
"""Height of a chart on a phone without its legend, and of one line of that."""
FORMATS = ("svg", "png")
FEW = 3
"""At most this many equally good methods are named in a sentence."""


def show_measures(rows: Sequence[JsonView], measures: Sequence[str], key: str) -> None:
    """Show measures of rows; pointing at a heading shows its definition."""
    show_table(bench.measure_table(rows, measures), key, measures)


def show_table(
    frame: pd.DataFrame, key: str, measures: Sequence[str] = (), *, styled: Any = None, row_height: int = 35
) -> None:
    """Show a table of texts with definitions on its headings, and offer it as CSV.

    ``styled`` is shown in its place where numbers have colours and sort as numbers; the CSV has the texts.
    """
    columns: dict[str, Any] = {
        bench.heading(name): st.column_config.Column(help=bench.definition(name)) for name in measures
    }
    columns["Method"] = st.column_config.TextColumn(pinned=True, help=_method_notes())
    st.dataframe(
        frame if styled is None else styled,
        hide_index=True,
        column_config=columns,
        key=f"benchmark_table_{key}",
        height="content",
        row_height=row_height,
        placeholder="–",
        alt=f"Benchmark table: {', '.join(map(str, frame.columns))}",
    )
    widgets.csv_button(
        lambda: bench.as_csv(frame),
        f"benchmark-{key}.csv",
        key=f"benchmark_csv_{key}",
        label="Table as CSV",
        type="tertiary",
    )


def draw(chart: Chart, key: str) -> None:
    """Show the chart of a view, which can be saved for a paper in the format chosen beside it.

    On a phone a legend below has one column, so the chart grows by its lines.
    """
    if browser.on_phone() and chart.figure.layout.legend.entrywidth:
        lines = sum(1 for trace in chart.figure.data if trace.showlegend is not False)
        legend = {"y": -0.3, "yanchor": "top"}
        chart.figure.update_layout(height=PHONE_PIXELS + LEGEND_PIXELS * lines, legend=legend)
    chosen = st.session_state.get("benchmark_format", FORMATS[0])
    charts.show(chart, f"benchmark_{key}", charts.saved_as(chosen, f"benchmark-{key}"))


def format_choice() -> None:
    """Ask for the format that the camera of the view's chart saves; once a view."""
    st.radio(
        "The camera saves charts as", FORMATS, format_func=str.upper, horizontal=True, key="benchmark_format"
    )


def table_under(rows: Sequence[JsonView], measures: Sequence[str]) -> None:
    """Offer the numbers under a chart, with their definitions."""
    with st.expander("Table and definitions", icon=":material/table:"):
        show_measures(rows, measures, measures[0])
        st.markdown(
            "\n".join(
                f"- **{bench.heading(name)}**: {wording.plain(bench.definition(name))}" for name in measures
            )
        )


def pick(label: str, measures: Sequence[str], key: str) -> str:
    """Ask for one of several measures, with their definitions on hover."""
    return st.radio(
        label,
        measures,
        format_func=lambda name: MEASURES[name].label,
        horizontal=True,
        key=f"benchmark_{key}_pick",
        help="  \n".join(f"**{MEASURES[name].label}**: {bench.definition(name)}" for name in measures),
    )


def measured(rows: Sequence[JsonView], measure: str) -> bool:
    """Whether any row has a number for a measure."""
    return any((row["measures"].get(measure) or {}).get("value") is not None for row in rows)


def best_of(rows: Sequence[JsonView], measure: str) -> str:
    """The row with the best mean; if several share it, their names, or their number if they are many."""
    sign = 1 if MEASURES[measure].better == "higher" else -1
    values = {
        bench.title(row["row"]): sign * mean
        for row in rows
        if (mean := (row["measures"].get(measure) or {}).get("value")) is not None
    }
    if not values:
        return "no method"
    top = max(values.values())
    best = [name for name, value in values.items() if value == top]
    return wording.listed(best) if len(best) <= FEW else f"{len(best)} of {len(values)} methods"


def _method_notes() -> str:
    methods = [METHODS[name] for name in wording.in_order(METHODS)]
    return "  \n".join(f"**{method.short_title}**: {method.note}" for method in methods)
