"""Plotly figures. Colours work in light and dark; each comes with one sentence that says what it shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import plotly.graph_objects as go
import streamlit as st

from sensecf_core.ui.drawings import DOWN, GREY, UP
from sensecf_core.ui.words import plain

CONFIG = {"displaylogo": False, "displayModeBar": False, "responsive": True}


@dataclass(frozen=True)
class Chart:
    """A figure, and the sentence under it (also its accessible description)."""

    figure: Any
    sentence: str


@dataclass(frozen=True)
class Push:
    """One bar of the waterfall: a label, and its push on the score in log-odds."""

    label: str
    log_odds: float


def saved_as(image_format: str, name: str) -> dict[str, Any]:
    """Settings of a chart with a camera button, which saves it in the browser as ``name``.svg or .png."""
    return CONFIG | {
        "displayModeBar": True,
        "modeBarButtons": [["toImage"]],
        "toImageButtonOptions": {"format": image_format, "filename": name, "scale": 3},
    }


def show(chart: Chart, key: str, config: dict[str, Any] = CONFIG) -> None:
    """Show a chart and the sentence under it."""
    st.plotly_chart(chart.figure, key=key, config=config, alt=chart.sentence)
    st.caption(plain(chart.sentence))


def waterfall(base: float, pushes: Sequence[Push], sentence: str) -> Chart:
    """Draw how each push moves the score from ``base`` (the average person) to this person's.

    ``pushes`` run from top to bottom; the scale is log-odds.
    """
    starts, at = [], base
    for push in pushes:
        starts.append(at)
        at += push.log_odds
    figure = go.Figure()
    for colour, name, pattern, sign in (
        (UP, "▲ raises the risk", "", 1),
        (DOWN, "▼ lowers the risk", "/", -1),
    ):
        chosen = [i for i, push in enumerate(pushes) if push.log_odds * sign > 0]
        figure.add_bar(
            orientation="h",
            y=[pushes[i].label for i in chosen],
            x=[abs(pushes[i].log_odds) for i in chosen],
            # Drawn from the lower end, so that every number stands right of its bar.
            base=[min(starts[i], starts[i] + pushes[i].log_odds) for i in chosen],
            name=name,
            marker={"color": colour, "pattern": {"shape": pattern, "solidity": 0.25}},
            text=[f"{'▲' if sign > 0 else '▼'} {abs(pushes[i].log_odds):.2f}" for i in chosen],
            textposition="outside",
            cliponaxis=False,
            hovertemplate="%{y}: %{text}<extra></extra>",
        )
    for x, dash in ((base, "dot"), (at, "solid")):
        figure.add_vline(x=x, line={"color": GREY, "width": 1, "dash": dash}, layer="below")
    figure.update_yaxes(
        categoryorder="array",
        categoryarray=[p.label for p in reversed(pushes)],
        automargin=True,
        showgrid=False,
    )
    reached = [*starts, at]
    width = max(reached) - min(reached) or 1.0
    span = [min(reached) - 0.03 * width, max(reached) + 0.3 * width]  # room for the numbers
    figure.update_xaxes(title="Score (log-odds)", zeroline=False, range=span)
    figure.update_layout(
        height=90 + 36 * len(pushes),
        barmode="overlay",
        margin={"l": 8, "r": 40, "t": 36, "b": 8},
        legend={"orientation": "h", "y": 1, "yanchor": "bottom", "x": 0},
    )
    return Chart(figure, sentence)


def reliability(curve: Sequence[dict[str, float]], sentence: str) -> Chart:
    """Draw what was predicted against what was observed; each point has predicted, observed, low, high, n."""
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
        hovertemplate="predicted %{x:.0f}, observed %{y:.0f} of 100 (%{customdata} people)<extra></extra>",
    )
    figure.update_xaxes(title="Predicted risk, out of 100", range=[0, most], zeroline=False)
    figure.update_yaxes(title="Observed, out of 100", range=[0, most], zeroline=False)
    figure.update_layout(
        height=330,
        margin={"l": 8, "r": 8, "t": 30, "b": 8},
        legend={"orientation": "h", "y": 1, "yanchor": "bottom"},
    )
    return Chart(figure, sentence)


def course(x: Sequence[float], y: Sequence[float | None], titles: tuple[str, str], sentence: str) -> Chart:
    """Draw how ``y`` went while ``x`` grew, from zero up; ``titles`` are those of the x and y axes."""
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
