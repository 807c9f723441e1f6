"""Charts of curves: learning, ratio, reliability; and the map of rows."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
import plotly.graph_objects as go

from sensecf_core.augmentation.findings import words
from sensecf_core.augmentation.findings.ratio import RatioCurve
from sensecf_core.augmentation.findings.worth import Curve, Reading
from sensecf_core.types import JsonView
from sensecf_core.ui.augmentation.charts.marks import COLOURS, MARGIN, bars, mark
from sensecf_core.ui.common import wording
from sensecf_core.ui.common.charts import Chart
from sensecf_core.ui.common.drawings import GREY, clear


@dataclass(frozen=True)
class Read:
    """An arm in the learning curve: its name and group, its own curve, and what is read off at one point."""

    name: str
    group: str
    curve: Curve
    labels: int
    auroc: float
    reading: Reading


def learning(curve: Curve, arms: Sequence[Read], sentence: str) -> Chart:
    """AUROC of the scarce model against labels, arms beside it, each read off horizontally in one cell."""
    figure = go.Figure(
        go.Scatter(
            x=[labels for labels, _ in curve],
            y=[height for _, height in curve],
            mode="lines+markers",
            name="real labels, nothing done",
            line={"color": GREY, "width": 2},
            marker={"color": GREY, "size": 9},
            hovertemplate="%{x} labels: AUROC %{y:.3f}<extra></extra>",
        )
    )
    lowest = min(height for points in (curve, *(arm.curve for arm in arms)) for _, height in points)
    highest = max((arm.auroc for arm in arms), default=0.0)
    for arm in arms:
        if arm.reading.labels is not None:
            _read_off(figure, arm, lowest, above=arm.auroc == highest)
        figure.add_scatter(
            x=[labels for labels, _ in arm.curve],
            y=[height for _, height in arm.curve],
            mode="lines+markers",
            name=arm.name,
            line={"color": COLOURS[arm.group], "width": 1.5, "dash": "dash"},
            marker=mark(arm.group, 11),
            hovertemplate=f"{arm.name}: AUROC %{{y:.3f}} with %{{x}} labels<extra></extra>",
        )
    ticks = [labels for labels, _ in curve]
    figure.update_xaxes(
        title="Training labels (log scale)",
        type="log",
        tickvals=ticks,
        ticktext=[wording.count(labels) for labels in ticks],
        range=[math.log10(ticks[0]) - 0.05, math.log10(ticks[-1]) + 0.05],
        zeroline=False,
    )
    figure.update_yaxes(title="AUROC ↑", zeroline=False, tickformat=".3f")
    figure.update_layout(
        height=400,
        margin=MARGIN | {"b": 90},
        legend={"orientation": "h", "y": -0.2, "yanchor": "top", "x": 0},
    )
    return Chart(figure, sentence)


def _read_off(figure: Any, arm: Read, lowest: float, *, above: bool) -> None:
    """A line from the arm to the curve, and down to the labels; its worth stands ``above`` it or below."""
    assert arm.reading.labels is not None
    figure.add_scatter(
        x=[arm.labels, arm.reading.labels, arm.reading.labels],
        y=[arm.auroc, arm.auroc, lowest],
        mode="lines",
        line={"color": COLOURS[arm.group], "width": 1.5, "dash": "dot"},
        hoverinfo="skip",
        showlegend=False,
    )
    figure.add_annotation(
        x=math.log10(arm.reading.labels),
        y=arm.auroc,
        text=_worth(arm.reading),
        showarrow=False,
        xanchor="right" if above else "left",
        yanchor="bottom" if above else "top",
    )


def _worth(reading: Reading) -> str:
    worth = round(reading.worth or 0)
    return f" {words.MINUS if worth < 0 else '+'}{abs(worth)} labels"


def ratios(curves: Sequence[tuple[RatioCurve, str, str]], measure: str, loss: float, sentence: str) -> Chart:
    """Gain against rows made per row removed; the best of each curve is ringed.

    ``curves`` are (curve, name, group).
    """
    scale = words.factor(measure)
    figure = go.Figure()
    dashes = ("solid", "dash", "dot", "dashdot")
    for number, (curve, name, group) in enumerate(curves):
        gains = [gain for _, gain in curve.points]
        x = [ratio for ratio, _ in curve.points]
        y = [scale * gain["mean"] for gain in gains]
        colour = COLOURS[group]
        figure.add_scatter(
            x=x,
            y=y,
            mode="lines+markers",
            name=name,
            line={"color": colour, "dash": dashes[number % len(dashes)]},
            marker=mark(group, 8),
            error_y=bars(gains, ("low", "high"), scale, thickness=1, colour=clear(colour, 0.6)),
            hovertemplate=f"{name}, ratio %{{x}}: %{{y:.1f}}<extra></extra>",
        )
        best = x.index(curve.best)
        figure.add_scatter(
            x=[x[best]],
            y=[y[best]],
            mode="markers",
            marker={"symbol": "circle-open", "size": 18, "color": colour, "line": {"width": 2}},
            hoverinfo="skip",
            showlegend=False,
        )
    figure.add_hline(y=0, line={"color": GREY, "width": 1.5}, layer="below")
    figure.add_hline(y=scale * loss, line={"color": GREY, "width": 1.5, "dash": "dash"}, layer="below")
    for y_line, text, at, side in ((0.0, "scarce", 0, "left"), (scale * loss, "all labels", 1, "right")):
        figure.add_annotation(
            x=at, xref="paper", y=y_line, text=text, showarrow=False, xanchor=side, yanchor="bottom"
        )
    ticks = sorted({ratio for curve, _, _ in curves for ratio, _ in curve.points})
    figure.update_xaxes(
        title="Rows made per row removed (log scale)",
        type="log",
        tickvals=ticks,
        ticktext=[f"{t:g}" for t in ticks],
    )
    figure.update_yaxes(title=f"Gain over scarce, {words.unit(measure) or 'slope'}", zeroline=False)
    figure.update_layout(
        height=420,
        margin=MARGIN | {"b": 90},
        legend={"orientation": "h", "y": -0.2, "yanchor": "top", "x": 0},
    )
    return Chart(figure, sentence)


def reliability(curves: Mapping[str, tuple[str, str, Sequence[JsonView]]], sentence: str) -> Chart:
    """Predicted risk against the share of class 1 in ten bins; ``curves``: arm → (name, group, bins)."""
    figure = go.Figure()
    most = max(
        (max(one["risk"], one["share"]) for _, _, bins in curves.values() for one in bins), default=1.0
    )
    figure.add_scatter(
        x=[0, 100 * most],
        y=[0, 100 * most],
        mode="lines",
        line={"color": GREY, "dash": "dot", "width": 1},
        name="perfect",
        hoverinfo="skip",
    )
    for arm, (name, group, bins) in curves.items():
        dash = "solid" if arm != "full" else "dash"
        figure.add_scatter(
            x=[100 * one["risk"] for one in bins],
            y=[100 * one["share"] for one in bins],
            mode="lines+markers",
            name=name,
            line={"color": COLOURS[group], "dash": dash},
            marker=mark(group, 8) | ({"symbol": "square"} if arm == "scarce" else {}),
            customdata=[one["n"] for one in bins],
            hovertemplate=f"{name}: predicted %{{x:.0f}}, observed %{{y:.0f}} of 100 "
            "(%{customdata} people)<extra></extra>",
        )
    figure.update_xaxes(title="Predicted risk, of 100", zeroline=False)
    figure.update_yaxes(title="Observed, of 100", zeroline=False)
    figure.update_layout(
        height=400,
        margin=MARGIN | {"b": 90},
        legend={"orientation": "h", "y": -0.2, "yanchor": "top", "x": 0},
    )
    return Chart(figure, sentence)


def row_map(points: pd.DataFrame, name: str, group: str, people: str, sentence: str) -> Chart:
    """Real (filled grey), removed (hollow) and made rows (coloured) on a plane; columns source, x, y."""
    real, removed = (points[points["source"].eq(kind)] for kind in ("real", "removed"))
    made = points[~points["source"].isin(("real", "removed"))]
    figure = go.Figure()
    for rows, label, marker in (
        (removed, f"removed {people}", {"color": GREY, "symbol": "circle-open", "size": 6}),
        (real, f"{people} that are left", {"color": GREY, "symbol": "circle", "size": 7}),
        (made, name, mark(group, 8)),
    ):
        if len(rows):
            figure.add_scatter(
                x=rows["x"], y=rows["y"], mode="markers", name=label, marker=marker, hoverinfo="skip"
            )
    figure.update_xaxes(visible=False)
    figure.update_yaxes(visible=False)
    figure.update_layout(
        height=430,
        margin=MARGIN | {"b": 60},
        legend={"orientation": "h", "y": -0.03, "yanchor": "top", "x": 0},
    )
    return Chart(figure, sentence)
