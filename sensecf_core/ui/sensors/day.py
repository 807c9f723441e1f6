"""One participant over their days: the risk of each day, and what an option for a day means."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import numpy as np
import plotly.graph_objects as go
import streamlit as st

from sensecf_core.aireadi.report.wording import day_name
from sensecf_core.ui.common import charts, data, sensors, wording
from sensecf_core.ui.common.charts import Chart, ink
from sensecf_core.ui.common.drawings import DOWN, UP
from sensecf_core.ui.page.frame import Page
from sensecf_core.ui.sensors import daily_traces, day_picker, glucose_report


def show_risks(page: Page) -> None:
    """Show the risk of every day with the threshold; a button or a bar chooses the day."""
    participant, row = page.row_key
    rows = day_picker.rows_of(page.required_cohort, participant)
    all_risks = np.asarray(data.risks(page.required_cohort, page.classifier))
    risks = all_risks[page.required_cohort.rows.index.get_locs([participant])]
    chart = risk_chart(rows, risks.tolist(), page.classifier.threshold, row)
    with st.container(gap="xsmall"):
        st.header("Risk day by day")
        day_picker.show(page.required_cohort, participant, row, label_visibility="collapsed")
        key = f"risks_{participant}_{row}"
        charts.show(chart, key, clicked=lambda: day_picker.clicked(key, rows))


def show_day(page: Page) -> None:
    """Let the day be changed, and say what an option means for a day."""
    participant, row = page.row_key
    day = date.fromisoformat(row)
    day_picker.show(page.required_cohort, participant, row)
    st.caption(
        f"Options describe how this past day ({day_name(day)}) **would have had to differ**; they do not "
        "predict tomorrow."
    )


def show_traces(page: Page) -> None:
    """Show the chosen day in the traces, folded."""
    participant, row = page.row_key
    with st.expander("See this day in the traces", icon=":material/show_chart:"):
        person = sensors.opened(page.required_cohort, participant)
        if person is None:
            return
        unit = glucose_report.unit()
        daily_traces.draw(page, person, daily_traces.single_day(row), unit)


def risk_chart(rows: Sequence[str], risks: Sequence[float], threshold: float, chosen: str) -> Chart:
    """Draw the risk (0 to 1) of each day of :func:`day_picker.rows_of` as a bar, the chosen day framed."""
    of_100 = [round(100 * risk) for risk in risks]
    days = [date.fromisoformat(row) for row in rows]
    flagged = [risk >= threshold for risk in risks]
    mean = float(np.mean(risks))
    figure = go.Figure()
    _bars(figure, days, of_100, flagged, rows.index(chosen))
    _lines(figure, threshold, mean)
    _axes(figure, days, of_100, flagged)
    names = [day_name(day) for day in days]
    return Chart(figure, _sentence(names, risks, flagged, rows.index(chosen), mean))


def _bars(
    figure: Any, days: Sequence[date], of_100: Sequence[int], flagged: Sequence[bool], chosen: int
) -> None:
    """Draw one bar per day: flagged days filled, the others hatched, the chosen one framed."""
    figure.add_bar(
        x=[str(day) for day in days],
        y=of_100,
        customdata=[str(day) for day in days],
        showlegend=False,
        marker={
            "color": [UP if is_flagged else DOWN for is_flagged in flagged],
            "pattern": {"shape": ["" if is_flagged else "/" for is_flagged in flagged], "solidity": 0.25},
            "line": {"color": ink(), "width": [3 if index == chosen else 0 for index in range(len(days))]},
        },
        hovertext=[f"{day_name(day)}: {n} of 100" for day, n in zip(days, of_100, strict=True)],
        hovertemplate="%{hovertext}<extra></extra>",
        selected={"marker": {"opacity": 1}},
        unselected={"marker": {"opacity": 1}},
    )


def _lines(figure: Any, threshold: float, mean: float) -> None:
    """Draw the threshold and the mean over the days as lines."""
    for level, dash, name in (
        (threshold, "solid", f"flags from {wording.of_100(threshold)}"),
        (mean, "dot", f"mean of the days {wording.of_100(mean)}"),
    ):
        figure.add_hline(
            y=100 * level,
            line={"color": ink(), "width": 1.5, "dash": dash},
            name=name,
            showlegend=True,
        )


def _axes(figure: Any, days: Sequence[date], of_100: Sequence[int], flagged: Sequence[bool]) -> None:
    """Write day and risk under each bar, a flagged one with its arrow."""
    marks = zip(days, of_100, flagged, strict=True)
    figure.update_xaxes(
        type="category",
        showgrid=False,
        fixedrange=True,
        tickangle=0,
        tickvals=[str(day) for day in days],
        ticktext=[
            f"{day:%a}<br>{day.day}<br><b>{'▲' if is_flagged else ''}{n}</b>" for day, n, is_flagged in marks
        ],
        tickfont={"color": ink(), "size": 12},
    )
    figure.update_yaxes(title="Risk, out of 100", range=[0, 100], tickvals=[0, 50, 100], fixedrange=True)
    figure.update_layout(
        height=230,
        dragmode=False,
        margin={"l": 8, "r": 8, "t": 36, "b": 8},
        legend={"orientation": "h", "y": 1, "yanchor": "bottom", "x": 0, "font": {"color": ink()}},
        legend_itemclick=False,
        legend_itemdoubleclick=False,
    )


def _sentence(
    names: Sequence[str], risks: Sequence[float], flagged: Sequence[bool], chosen: int, mean: float
) -> str:
    return (
        f"The model flags {sum(flagged)} of {wording.counted(len(names), 'day')} (▲, filled; the others are "
        f"hatched); the mean risk over the days is {wording.of_100(mean)}. The framed day, {names[chosen]}, "
        f"has {wording.of_100(risks[chosen])}. Choose another day by its button or its bar."
    )
