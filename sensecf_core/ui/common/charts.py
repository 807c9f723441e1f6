"""Plotly figures. Colours work in light and dark; each figure has one sentence that says what it shows."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import plotly.graph_objects as go
import streamlit as st

from sensecf_core.ui.common.drawings import DOWN, GREY, UP
from sensecf_core.ui.common.wording import plain

CONFIG = {"displaylogo": False, "displayModeBar": False, "responsive": True}


@dataclass(frozen=True)
class Chart:
    """A figure, and the sentence under it (also its accessible description)."""

    figure: Any
    sentence: str


@dataclass(frozen=True)
class Contribution:
    """One bar of the waterfall: a feature's label and its SHAP value in log-odds."""

    label: str
    log_odds: float


@dataclass(frozen=True)
class Pair:
    """One line of a dumbbell chart: the method, the position now and the positions after, 0 to 1."""

    label: str
    now: float
    then: tuple[float, ...]


@dataclass(frozen=True)
class Dumbbells:
    """One feature of a dumbbell chart, with a line for each method that changes it."""

    title: str
    pairs: tuple[Pair, ...]


def saved_as(image_format: str, name: str) -> dict[str, Any]:
    """Settings of a chart whose camera button saves it in the browser as ``name``.svg or .png."""
    return CONFIG | {
        "displayModeBar": True,
        "modeBarButtons": [["toImage"]],
        "toImageButtonOptions": {"format": image_format, "filename": name, "scale": 3},
    }


def show(
    chart: Chart,
    key: str,
    config: dict[str, Any] = CONFIG,
    clicked: Callable[[], None] | None = None,
    *,
    caption: str | None = None,
) -> None:
    """Show a chart and the sentence under it, or ``caption`` where the chart's own texts say the rest.

    ``clicked`` is called when a point is selected.
    """
    st.plotly_chart(
        readable(chart.figure),
        key=key,
        config=config,
        on_select=clicked or "ignore",
        selection_mode="points",
        alt=chart.sentence,
    )
    st.caption(plain(chart.sentence if caption is None else caption))


def readable(figure: Any) -> Any:
    """Write axes, legend and numbers of a figure in the page's text colour, except where it sets its own.

    Streamlit's own grey for them has a contrast of 3.7 to 1 on white; WCAG asks for 4.5.
    """
    colour = ink()

    def write(axis: Any) -> None:
        for font in (axis.tickfont, axis.title.font):
            font.color = font.color or colour

    figure.for_each_xaxis(write)
    figure.for_each_yaxis(write)
    for font in (figure.layout.font, figure.layout.legend.font):
        font.color = font.color or colour
    return figure


def spread_labels(wanted: Sequence[float], gap: float, top: float = math.inf) -> list[float]:
    """Move labels at the increasing positions ``wanted`` apart so that they do not overlap.

    Neighbours are at least ``gap`` apart, and no label is above ``top``.
    """
    placed: list[float] = []
    for position in wanted:
        placed.append(max(position, placed[-1] + gap) if placed else position)
    for index in reversed(range(len(placed))):
        placed[index] = min(placed[index], top)
        top = placed[index] - gap
    return placed


def waterfall(base: float, contributions: Sequence[Contribution], sentence: str) -> Chart:
    """Draw how each contribution moves the score from ``base`` (the average person) to this person's.

    ``contributions`` run from top to bottom, in log-odds.
    """
    starts, level = [], base
    for contribution in contributions:
        starts.append(level)
        level += contribution.log_odds
    figure = go.Figure()
    for colour, name, pattern, sign in (
        (UP, "▲ raises the risk", "", 1),
        (DOWN, "▼ lowers the risk", "/", -1),
    ):
        chosen = [i for i, contribution in enumerate(contributions) if contribution.log_odds * sign > 0]
        figure.add_bar(
            orientation="h",
            y=[contributions[i].label for i in chosen],
            x=[abs(contributions[i].log_odds) for i in chosen],
            # Drawn from the lower end, so that every number is to the right of its bar.
            base=[min(starts[i], starts[i] + contributions[i].log_odds) for i in chosen],
            name=name,
            marker={"color": colour, "pattern": {"shape": pattern, "solidity": 0.25}},
            text=[f"{'▲' if sign > 0 else '▼'} {abs(contributions[i].log_odds):.2f}" for i in chosen],
            textposition="outside",
            cliponaxis=False,
            hovertemplate="%{y}: %{text}<extra></extra>",
        )
    for x, dash in ((base, "dot"), (level, "solid")):
        figure.add_vline(x=x, line={"color": GREY, "width": 1, "dash": dash}, layer="below")
    figure.update_yaxes(
        categoryorder="array",
        categoryarray=[p.label for p in reversed(contributions)],
        automargin=True,
        showgrid=False,
    )
    reached = [*starts, level]
    width = max(reached) - min(reached) or 1.0
    span = [min(reached) - 0.03 * width, max(reached) + 0.3 * width]  # room for the numbers
    figure.update_xaxes(title="Score (log-odds)", zeroline=False, range=span)
    figure.update_layout(
        height=90 + 36 * len(contributions),
        barmode="overlay",
        margin={"l": 8, "r": 40, "t": 36, "b": 8},
        legend={"orientation": "h", "y": 1, "yanchor": "bottom", "x": 0},
    )
    return Chart(figure, sentence)


INK, INK_ON_DARK = "#0a0c0f", "#eceff3"
PAPER, PAPER_ON_DARK = "#ffffff", "#12161b"
"""The pages' colours of text and of what it stands on (.streamlit/config.toml)."""


def ink() -> str:
    """Return the text colour for charts; the theme's own colour for annotations is too pale to read."""
    return INK_ON_DARK if st.context.theme.type == "dark" else INK


def paper() -> str:
    """Return the colour of the page, for words that lines must not strike through."""
    return PAPER_ON_DARK if st.context.theme.type == "dark" else PAPER


LINE, TITLE = 1.0, 1.1
"""Heights of a dumbbell and of a feature's title, in rows."""
ROW_PIXELS = 42


def dumbbell(features: Sequence[Dumbbells], sentence: str) -> Chart:
    """Draw where each method would move each feature: a filled dot for now, rings for after.

    Every line has its label above it, so that there is no legend and any width works. Positions beyond the
    ends are drawn at the ends.
    """
    figure = go.Figure()
    height = sum(TITLE + LINE * len(feature.pairs) for feature in features)
    y = height
    for feature in features:
        y -= TITLE
        _write(figure, y + 0.3, f"<b>{feature.title}</b>", 14)
        for pair in feature.pairs:
            y -= LINE
            _write(figure, y + 0.62, pair.label, 13)
            _draw(figure, y + 0.25, pair)
    _write(figure, -0.35, "low in this cohort", 12)
    _write(figure, -0.35, "high in this cohort", 12, side="right")
    figure.update_xaxes(visible=False, range=[-0.04, 1.04], fixedrange=True)
    figure.update_yaxes(visible=False, range=[-0.6, height], fixedrange=True)
    figure.update_layout(
        height=round(ROW_PIXELS * (height + 0.6)) + 8,
        margin={"l": 4, "r": 4, "t": 4, "b": 4},
        showlegend=False,
        hovermode=False,
    )
    return Chart(figure, sentence)


def _write(figure: Any, y: float, text: str, size: int, side: str = "left") -> None:
    figure.add_annotation(
        x=0 if side == "left" else 1,
        xref="paper",
        y=y,
        text=text,
        showarrow=False,
        xanchor=side,
        font={"size": size, "color": ink()},
    )


def _draw(figure: Any, y: float, pair: Pair) -> None:
    now, *then = (min(max(position, 0.0), 1.0) for position in (pair.now, *pair.then))
    figure.add_scatter(x=[0, 1], y=[y, y], mode="lines", line={"color": GREY, "width": 1}, opacity=0.6)
    figure.add_scatter(
        x=[min(now, *then), max(now, *then)], y=[y, y], mode="lines", line={"color": DOWN, "width": 4}
    )
    figure.add_scatter(
        x=then,
        y=[y] * len(then),
        mode="markers",
        marker={"color": "#ffffff", "size": 13, "line": {"color": DOWN, "width": 3}},
    )
    figure.add_scatter(x=[now], y=[y], mode="markers", marker={"color": GREY, "size": 11})


def reliability(curve: Sequence[dict[str, float]], sentence: str, rows: str = "people") -> Chart:
    """Draw predicted against observed risk; each point has predicted, observed, low, high and n.

    ``rows`` is the noun for what ``n`` counts.
    """
    predicted = [100 * point["predicted"] for point in curve]
    observed = [100 * point["observed"] for point in curve]
    figure = go.Figure()
    most = min(100.0, 10 + max([*predicted, *(100 * point["high"] for point in curve)], default=90))
    figure.add_scatter(
        x=[0, most],
        y=[0, most],
        mode="lines",
        line={"color": GREY, "dash": "dot"},
        name="perfect",
        hoverinfo="skip",
    )
    figure.add_scatter(
        x=predicted,
        y=observed,
        mode="lines+markers",
        name="this classifier",
        marker={"color": DOWN, "size": 9},
        line={"color": DOWN},
        error_y={
            "type": "data",
            "symmetric": False,
            "array": [100 * (point["high"] - point["observed"]) for point in curve],
            "arrayminus": [100 * (point["observed"] - point["low"]) for point in curve],
            "color": DOWN,
            "thickness": 1,
        },
        customdata=[point["n"] for point in curve],
        hovertemplate="predicted %{x:.0f}, observed %{y:.0f} of 100 "
        f"(%{{customdata}} {rows})<extra></extra>",
    )
    figure.update_xaxes(title="Predicted risk, out of 100", range=[0, most], zeroline=False)
    figure.update_yaxes(title="Observed, out of 100", range=[0, most], zeroline=False)
    figure.update_layout(
        height=330,
        margin={"l": 8, "r": 8, "t": 30, "b": 8},
        legend={"orientation": "h", "y": 1, "yanchor": "bottom"},
    )
    return Chart(figure, sentence)


def line_chart(
    x: Sequence[float],
    y: Sequence[float | None],
    titles: tuple[str, str],
    sentence: str,
    *,
    beside: tuple[str, float] | None = None,
) -> Chart:
    """Draw ``y`` over ``x`` as a line, both axes from zero; ``titles`` are those of the x and y axes.

    ``beside`` is the name and height of a level to compare with.
    """
    figure = go.Figure(
        go.Scatter(
            x=list(x),
            y=list(y),
            mode="lines+markers",
            marker={"color": DOWN, "size": 8},
            line={"color": DOWN},
            connectgaps=True,
            hovertemplate=f"%{{y:.3g}} after %{{x:,}} {titles[0].lower()}<extra></extra>",
        )
    )
    if beside is not None:
        figure.add_hline(
            beside[1],
            line={"dash": "dot", "width": 1.5, "color": GREY},
            annotation={"text": beside[0], "xanchor": "left", "yanchor": "bottom"},
            annotation_position="top left",
        )
    figure.update_xaxes(title=titles[0], rangemode="tozero", zeroline=False, nticks=6)
    figure.update_yaxes(title=titles[1], rangemode="tozero", zeroline=False, nticks=6)
    figure.update_layout(height=250, margin={"l": 8, "r": 16, "t": 8, "b": 8}, showlegend=False)
    return Chart(figure, sentence)


def funnel(steps: Sequence[tuple[str, int]], sentence: str) -> Chart:
    """Draw how many candidates passed each step; ``steps`` run from proposed to shown."""
    figure = go.Figure(
        go.Bar(
            orientation="h",
            y=[name for name, _ in steps],
            x=[n for _, n in steps],
            text=[str(n) for _, n in steps],
            textposition="outside",
            cliponaxis=False,
            marker={"color": DOWN},
            hovertemplate="%{y}: %{x}<extra></extra>",
        )
    )
    figure.update_yaxes(autorange="reversed", automargin=True, showgrid=False)
    figure.update_xaxes(title="Candidates", rangemode="tozero", zeroline=False)
    figure.update_layout(
        height=60 + 30 * len(steps), margin={"l": 8, "r": 30, "t": 8, "b": 8}, showlegend=False
    )
    return Chart(figure, sentence)
