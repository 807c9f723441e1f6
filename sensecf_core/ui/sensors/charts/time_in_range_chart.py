"""The five-band bar of time in ranges, from very high down to very low, with the goals on it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import plotly.graph_objects as go

from sensecf_core.aireadi.report.bands import GOALS, BandName
from sensecf_core.aireadi.report.glucose import BandLine, GlucoseReport
from sensecf_core.ui.common.charts import Chart, ink, spread_labels
from sensecf_core.ui.common.wording import html, listed

COLOURS: dict[BandName, str] = {
    "very_high": "#f9b500",
    "high": "#f9f000",
    "target": "#48ba3c",
    "low": "#f92d00",
    "very_low": "#8e1b1b",
}
"""The consensus' five colours, as in iglu; used only for glucose bands."""

PATTERNS: dict[BandName, str] = {"very_high": "x", "high": "/", "target": "", "low": "\\", "very_low": "+"}
"""So that bands can be told apart without colour."""

HEIGHT = 360

LABEL_GAP = 20.5
"""Least distance of two labels, in percent of the bar: three lines of text each."""

CAPTION = (
    "One percent is about a quarter of an hour a day. Marks on the left are the goals: at most so much low, "
    "from the bottom; at most so much high, from the top."
)


def band_bar(report: GlucoseReport) -> Chart:
    """Draw the bands as one bar, each with its label and its goal beside it, and the goals as marks on it."""
    upwards = list(reversed(report.bands))
    figure = go.Figure()
    middles = _stack(figure, upwards, report)
    positions = spread_labels([max(4.0, middles[0]), *middles[1:]], LABEL_GAP, 96.0)
    for line, middle, position in zip(upwards, middles, positions, strict=True):
        detail = f"<b>{line.title}</b><br>{html(report.detail(line))}"
        _name(figure, f"{detail}<br>{line.goal}" if line.goal else detail, middle, position)
    for place in goal_places(report):
        figure.add_scatter(
            x=[-0.66, -0.47],
            y=[place, place],
            mode="lines",
            line={"color": ink(), "width": 3},
            hoverinfo="skip",
        )
    figure.update_xaxes(visible=False, range=[-0.7, 4.2], fixedrange=True)
    figure.update_yaxes(visible=False, range=[-5, 105], fixedrange=True)
    figure.update_layout(
        height=HEIGHT, barmode="overlay", showlegend=False, margin={"l": 0, "r": 0, "t": 4, "b": 4}
    )
    return Chart(figure, _sentence(report))


def goal_places(report: GlucoseReport) -> tuple[float, ...]:
    """Where the bar has a mark, in percent from the bottom: the most that may be low, and high, by the goals.

    High counts from the top, so 25 % stands at 75.
    """
    return tuple(
        100 - goal.percent if goal.metric in ("tar", "tar2") else goal.percent
        for goal in GOALS[report.goals]
        if goal.metric != "tir"
    )


def _stack(figure: Any, upwards: Sequence[BandLine], report: GlucoseReport) -> list[float]:
    """Draw the bands on top of each other; returns where the middle of each lies, in percent."""
    middles, bottom = [], 0.0
    for line in upwards:
        band, percent = line.time.band, line.time.percent
        figure.add_bar(
            x=[0],
            y=[percent],
            base=[bottom],
            width=0.9,
            marker={
                "color": COLOURS[band.name],
                "line": {"width": 0},
                "pattern": {
                    "shape": PATTERNS[band.name],
                    "fillmode": "overlay",
                    "fgcolor": "rgba(10,12,15,.55)",
                    "size": 7,
                },
            },
            hovertemplate=f"{line.title}, {html(band.bounds(report.unit))}<extra></extra>",
        )
        middles.append(bottom + percent / 2)
        bottom += percent
    return middles


def _name(figure: Any, text: str, middle: float, position: float) -> None:
    """Write a band's ``text`` at ``place``, with a line to its ``middle``."""
    figure.add_scatter(
        x=[0.47, 0.58, 0.66],
        y=[middle, position, position],
        mode="lines",
        line={"color": ink(), "width": 1},
        hoverinfo="skip",
    )
    figure.add_annotation(
        x=0.7,
        y=position,
        text=text,
        showarrow=False,
        xanchor="left",
        align="left",
        font={"size": 12, "color": ink()},
    )


def _sentence(report: GlucoseReport) -> str:
    parts = [
        f"{line.time.band.title.lower()} ({line.time.band.bounds(report.unit)}) {line.share}"
        for line in report.bands
    ]
    return f"Share of the time with glucose: {listed(parts)}. {CAPTION}"
