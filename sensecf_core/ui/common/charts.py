"""Plotly figures. Colours work in light and dark; each comes with one sentence that says what it shows."""

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
class Push:
    """One bar of the waterfall: a label, and its push on the score in log-odds."""

    label: str
    log_odds: float


@dataclass(frozen=True)
class Pair:
    """One line of a dumbbell chart: who changes the feature, from where and to which places (0 to 1)."""

    label: str
    now: float
    then: tuple[float, ...]


@dataclass(frozen=True)
class Dumbbells:
    """One feature of a dumbbell chart, with a line for each method that changes it."""

    title: str
    pairs: tuple[Pair, ...]


def saved_as(image_format: str, name: str) -> dict[str, Any]:
    """Settings of a chart with a camera button, which saves it in the browser as ``name``.svg or .png."""
    return CONFIG | {
        "displayModeBar": True,
        "modeBarButtons": [["toImage"]],
        "toImageButtonOptions": {"format": image_format, "filename": name, "scale": 3},
    }


def show(
    chart: Chart, key: str, config: dict[str, Any] = CONFIG, clicked: Callable[[], None] | None = None
) -> None:
    """Show a chart and the sentence under it; ``clicked`` is called when a point of it is chosen."""
    st.plotly_chart(
        chart.figure,
        key=key,
        config=config,
        on_select=clicked or "ignore",
        selection_mode="points",
        alt=chart.sentence,
    )
    st.caption(plain(chart.sentence))


def apart(places: Sequence[float], gap: float, top: float = math.inf) -> list[float]:
    """Where to write labels that belong at rising ``places``: there, or as far off as the others ask.

    Neighbours are at least ``gap`` apart, and none is above ``top``.
    """
    found: list[float] = []
    for place in places:
        found.append(max(place, found[-1] + gap) if found else place)
    for position in reversed(range(len(found))):
        found[position] = min(found[position], top)
        top = found[position] - gap
    return found


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


INK, INK_ON_DARK = "#0a0c0f", "#eceff3"
"""The pages' text colours (.streamlit/config.toml)."""


def ink() -> str:
    """Return the colour of text that has to be read; the theme's own one for notes in charts is too pale."""
    return INK_ON_DARK if st.context.theme.type == "dark" else INK


LINE, TITLE = 1.0, 1.1
"""Heights of a dumbbell and of a feature's title, in rows."""
ROW_PIXELS = 42


def dumbbell(features: Sequence[Dumbbells], sentence: str) -> Chart:
    """Draw where each method would move each feature: a filled dot now, rings then.

    Every line carries its label above it, so that nothing has to be looked up and any width will do.
    Places beyond the ends are drawn at the ends.
    """
    figure = go.Figure()
    height = sum(TITLE + LINE * len(feature.pairs) for feature in features)
    at = height
    for feature in features:
        at -= TITLE
        _write(figure, at + 0.3, f"<b>{feature.title}</b>", 14)
        for pair in feature.pairs:
            at -= LINE
            _write(figure, at + 0.62, pair.label, 13)
            _draw(figure, at + 0.25, pair)
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
    now, *then = (min(max(place, 0.0), 1.0) for place in (pair.now, *pair.then))
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
    """Draw what was predicted against what was observed; each point has predicted, observed, low, high, n.

    ``rows`` is what ``n`` counts.
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
