"""Charts of a benchmark. Colour and shape both show the family of a method; the order is the run's."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import plotly.graph_objects as go

from sensecf_core.evaluation.metrics.definitions import MEASURES
from sensecf_core.types import JsonView
from sensecf_core.ui.benchmarks import tables as bench
from sensecf_core.ui.common import wording
from sensecf_core.ui.common.charts import INK, Chart
from sensecf_core.ui.common.drawings import DOWN, GREY, UP

COLOURS = {"language model": DOWN, "control": GREY, "search": UP}
SHAPES = {"language model": "circle", "control": "x", "search": "diamond"}
STEPS = {
    "readable": "readable",
    "within_limits": "within limits",
    "of_answerable_valid": "valid",
    "of_answerable_plausible": "plausible",
}
"""Checks that raw candidates pass one after the other. From validity on, only feasible queries count:
infeasible ones are given to random draws but not to language models."""
OPENNESS = dict(zip(STEPS, (0.25, 0.5, 0.75, 1.0), strict=True))
LINE, MARGIN = 30, {"l": 8, "r": 16, "t": 34, "b": 8}


def dots(rows: Sequence[JsonView], measures: Sequence[str], sentence: str, *, log: bool = False) -> Chart:
    """One line per method with a dot and 95 % interval per measure: the first filled, a second one open."""
    figure = go.Figure()
    for index, measure in enumerate(measures):
        values = [bench.numbers(row["measures"].get(measure)) for row in rows]
        open_end = "-open" if index else ""
        figure.add_scatter(
            x=[value for value, _, _ in values],
            y=[bench.title(row["row"]) for row in rows],
            mode="markers",
            name=MEASURES[measure].label,
            marker={
                "symbol": [SHAPES[bench.family(row["method"])] + open_end for row in rows],
                "color": [COLOURS[bench.family(row["method"])] for row in rows],
                "size": 10,
                "line": {"width": 2 if index else 0},
            },
            error_x=_bars(values),
            text=[bench.cell(measure, row["measures"].get(measure)) for row in rows],
            hovertemplate=f"%{{y}}: {MEASURES[measure].label.lower()} %{{text}}<extra></extra>",
        )
    names = " and ".join(bench.heading(measure) for measure in measures)
    _methods_axis(figure, rows)
    figure.update_xaxes(
        title={"text": names, "standoff": 10},
        zeroline=False,
        type="log" if log else "linear",
        automargin=True,
    )
    if all(_is_share(measure) for measure in measures):
        figure.update_xaxes(range=[-0.03, 1.05])
    elif not log:
        figure.update_xaxes(rangemode="tozero")
    figure.update_layout(
        showlegend=len(measures) > 1,
        legend={"orientation": "h", "y": 1, "yanchor": "bottom", "x": 0, "itemsizing": "constant"},
    )
    return Chart(figure, sentence)


def against_real(rows: Sequence[JsonView], measure: str, real: JsonView, sentence: str) -> Chart:
    """One plausibility measure by method, with the level of held-out rows as a line."""
    chart = dots(rows, [measure], sentence)
    level = bench.numbers(real)[0]
    if not math.isnan(level):
        highest = max(
            [level, *(bench.numbers(row["measures"].get(measure))[0] for row in rows)], default=level
        )
        chart.figure.add_vline(
            x=level,
            line={"color": GREY, "dash": "dash", "width": 2},
            annotation={
                "text": f"held-out rows {level:.2f}",
                "yanchor": "bottom",
                "y": 1,
                # The text stays inside the chart, away from the camera button in the right corner.
                "xanchor": "right" if level > highest / 2 else "left",
            },
        )
    return chart


def distance_and_sparsity(rows: Sequence[JsonView], sentence: str) -> Chart:
    """Features changed against Gower distance; near the lower left corner is best."""
    return Chart(_numbered(rows, "features_changed", "gower"), sentence)


def belief_and_distance(rows: Sequence[JsonView], measure: str, sentence: str) -> Chart:
    """How far answers can be believed, by a ``measure``, against Gower distance; the upper left is best.

    A line joins the leaders (:func:`.tables.leaders`).
    """
    figure = _numbered(rows, "gower", measure)
    front = [(bench.value(row, "gower"), bench.value(row, measure)) for row in bench.leaders(rows, measure)]
    figure.add_scatter(
        x=[distance for distance, _ in front],
        y=[believed for _, believed in front],
        mode="lines",
        line={"color": GREY, "width": 1.5, "dash": "dot", "shape": "hv"},
        showlegend=False,
        hoverinfo="skip",
    )
    if _is_share(measure):
        figure.update_yaxes(range=[-0.03, 1.05])
    return Chart(figure, sentence)


def _numbered(rows: Sequence[JsonView], across: str, up: str) -> Any:
    """Two measures against each other, from the least ``across`` on.

    Methods lie close together, so dots have numbers, and the names are listed below.
    """
    figure = go.Figure()
    points = [
        (row, bench.numbers(row["measures"].get(across)), bench.numbers(row["measures"].get(up)))
        for row in rows
    ]
    points = [point for point in points if not math.isnan(point[1][0] + point[2][0])]
    points.sort(key=lambda entry: entry[1][0])
    for number, (row, right, high) in enumerate(points, start=1):
        family = bench.family(row["method"])
        name = bench.title(row["row"])
        figure.add_scatter(
            x=[right[0]],
            y=[high[0]],
            mode="markers+text",
            name=f"{number} {name}",
            text=[str(number)],
            textposition="middle center",  # beside it, it could be a neighbour's
            textfont={"size": 10, "color": INK if SHAPES[family] == "x" else "white"},
            cliponaxis=False,
            marker={"symbol": SHAPES[family], "color": COLOURS[family], "size": 18},
            error_x=_bars([right]) | {"thickness": 0.8},
            error_y=_bars([high]) | {"thickness": 0.8},
            hovertemplate=f"{name}: {_with_unit(across, right[0])}, {_with_unit(up, high[0])}<extra></extra>",
        )
    figure.update_xaxes(title=bench.heading(across), zeroline=False, rangemode="tozero")
    figure.update_yaxes(title=bench.heading(up), zeroline=False, rangemode="tozero")
    below = {"orientation": "h", "y": -0.42, "yanchor": "top", "x": 0, "entrywidth": 190}
    figure.update_layout(height=350, margin=MARGIN, legend=below)
    return figure


def _with_unit(measure: str, value: float) -> str:
    entry = MEASURES[measure]
    unit = f" {entry.unit}" if entry.unit else ""
    return f"{entry.label.lower()} {bench.cell(measure, {'value': value})}{unit}"


def raw_rates(raw: Sequence[JsonView], sentence: str) -> Chart:
    """The share of raw candidates that pass each check and all before it, per sampling method."""
    names = [_raw_rate_name(row) for row in raw]
    figure = go.Figure()
    for step, label in STEPS.items():
        means = [bench.mean(row.get(step)) for row in raw]
        figure.add_bar(
            orientation="h",
            y=names,
            x=means,
            name=label,
            marker={"color": DOWN, "opacity": OPENNESS[step]},
            text=[f"{label} –" if math.isnan(mean) else f"{label} {mean:.2f}" for mean in means],
            textposition="outside",
            cliponaxis=False,
            hovertemplate="%{y}: %{text} of the raw candidates<extra></extra>",
        )
    figure.update_xaxes(title="Share of raw candidates ↑", range=[0, 1.35], tickvals=[0, 0.25, 0.5, 0.75, 1])
    figure.update_yaxes(autorange="reversed", automargin=True, showgrid=False)
    figure.update_layout(
        barmode="group", height=70 + 92 * len(raw), margin=MARGIN, showlegend=False, bargap=0.25
    )
    return Chart(figure, sentence)


def changed_features(rows: Sequence[JsonView], labels: Mapping[str, str], sentence: str) -> Chart:
    """The share of each method's valid counterfactuals that change each feature (schema order)."""
    used = [name for name in labels if any(name in row["changes"] for row in rows)]
    shares = [[bench.numbers(row["changes"].get(name))[0] for row in rows] for name in used]
    shown = [[0.0 if math.isnan(share) else share for share in line] for line in shares]
    figure = go.Figure(
        go.Heatmap(
            z=shown,
            x=[bench.title(row["row"]) for row in rows],
            y=[wording.html(labels[name]) for name in used],
            zmin=0,
            zmax=1,
            colorscale=[[0, "rgba(46,127,208,0.04)"], [1, DOWN]],
            text=[[f"{share:.2f}" if share else "" for share in line] for line in shown],
            texttemplate="%{text}",
            xgap=1,
            ygap=1,
            showscale=False,
            hovertemplate="%{x} changes %{y} in %{z:.2f} of its counterfactuals<extra></extra>",
        )
    )
    figure.update_yaxes(autorange="reversed", automargin=True, showgrid=False)
    figure.update_xaxes(automargin=True, showgrid=False)
    figure.update_layout(height=150 + 26 * len(used), margin=MARGIN)
    return Chart(figure, sentence)


def ranks(mean_ranks: Mapping[str, float], methods: Mapping[str, str], sentence: str) -> Chart:
    """Mean ranks over queries, best on top; ``methods`` maps each row to its method."""
    order = sorted(mean_ranks, key=mean_ranks.__getitem__)
    figure = go.Figure(
        go.Scatter(
            x=[mean_ranks[row] for row in order],
            y=[bench.title(row) for row in order],
            mode="markers+text",
            text=[f"{mean_ranks[row]:.1f}" for row in order],
            textposition="middle right",
            cliponaxis=False,
            marker={
                "symbol": [SHAPES[bench.family(methods[row])] for row in order],
                "color": [COLOURS[bench.family(methods[row])] for row in order],
                "size": 11,
            },
            hovertemplate="%{y}: mean rank %{x:.2f}<extra></extra>",
        )
    )
    figure.update_yaxes(autorange="reversed", automargin=True)
    figure.update_xaxes(title="Mean rank (1 is best) ↓", range=[0.8, len(order) + 0.4], zeroline=False)
    figure.update_layout(height=90 + LINE * len(order), margin=MARGIN, showlegend=False)
    return Chart(figure, sentence)


def _raw_rate_name(row: JsonView) -> str:
    """Name a line of raw rates: the method, and the queries it was given unless that was all."""
    name = bench.title(row["method"].removesuffix(", no grammar"))
    return name if row["asked"] == "all" else f"{name}, {row['asked']}"


def _methods_axis(figure: Any, rows: Sequence[JsonView]) -> None:
    figure.update_yaxes(
        categoryorder="array",
        categoryarray=[bench.title(row["row"]) for row in reversed(rows)],
        automargin=True,
    )
    figure.update_layout(height=120 + LINE * len(rows), margin=MARGIN)


def _bars(values: Sequence[tuple[float, float, float]]) -> dict[str, Any]:
    """Error bars of (value, low, high) triples; no bar where an end is NaN."""
    return {
        "type": "data",
        "symmetric": False,
        "array": [0 if math.isnan(high) else max(high - value, 0) for value, _, high in values],
        "arrayminus": [0 if math.isnan(low) else max(value - low, 0) for value, low, _ in values],
        "color": GREY,
        "thickness": 1.4,
    }


def _is_share(measure: str) -> bool:
    return measure in SHARES


SHARES = (
    "solid",
    "believed",
    "unseen_validity",
    "coverage",
    "solved",
    "validity",
    "coverage_validity",
    "second_validity",
    "third_validity",
    "margin_validity",
    "in_domain",
    "in_range",
    "lof_inlier",
    "isolation_inlier",
    "neighbours",
    "actionable",
    "refit_validity",
    "noise_validity",
    "answered_twice",
    "answered_by_both_seeds",
)
"""Measures from 0 to 1, drawn on that whole scale."""
