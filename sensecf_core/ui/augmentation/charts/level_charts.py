"""Charts of levels: the waterfall of a loss, and the same models at three thresholds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import plotly.graph_objects as go

from sensecf_core.augmentation.findings import words
from sensecf_core.augmentation.findings.cell_view import CellView
from sensecf_core.augmentation.findings.waterfall import Step
from sensecf_core.ui.augmentation.charts.marks import COLOURS, MARGIN, mark
from sensecf_core.ui.common.charts import Chart
from sensecf_core.ui.common.drawings import GREY, clear


def waterfall(steps: Sequence[Step], arm_group: str, axis: str, sentence: str) -> Chart:
    """Levels as solid bars, changes between them as hatched or coloured ones, from top to bottom."""
    looks = {
        "level": {"color": GREY},
        "taken": {
            "color": clear(GREY, 0.25),
            "pattern": {"shape": "/", "fgcolor": GREY},
            "line": _line(GREY),
        },
        "threshold": {
            "color": clear(GREY, 0.25),
            "pattern": {"shape": ".", "fgcolor": GREY},
            "line": _line(GREY),
        },
        "arm": {"color": COLOURS[arm_group]},
        "missing": {"color": clear(GREY, 0.0), "line": _line(GREY)},
    }
    figure = go.Figure()
    highest = max(max(step.start, step.end) for step in steps)
    for number, step in enumerate(steps):
        low, high = sorted((step.start, step.end))
        change = step.kind != "level"
        value = words.points(step.change, "f1", sign=True) if change else f"{100 * step.end:.1f}"
        arrow = "" if not change else "▲ " if step.change > 0 else "▼ " if step.change < 0 else "= "
        figure.add_bar(
            orientation="h",
            y=[f"{number} {step.label}"],
            x=[100 * (high - low)],
            base=[100 * low],
            marker=looks[step.kind],
            hovertemplate=f"{step.label}: {value}<extra></extra>",
        )
        figure.add_annotation(
            x=100 * high,
            y=f"{number} {step.label}",
            text=f"{arrow}{value}",
            showarrow=False,
            xanchor="left",
            xshift=4,
        )
    figure.update_yaxes(
        autorange="reversed",
        automargin=True,
        showgrid=False,
        tickvals=[f"{number} {step.label}" for number, step in enumerate(steps)],
        ticktext=[_two_lines(step.label) for step in steps],
    )
    figure.update_xaxes(title=axis, range=[0, 118 * highest], zeroline=False)
    figure.update_layout(
        height=70 + 44 * len(steps), margin=MARGIN | {"t": 8}, showlegend=False, barmode="overlay", bargap=0.3
    )
    return Chart(figure, sentence)


def _line(colour: str) -> dict[str, object]:
    return {"color": colour, "width": 1.5}


def _two_lines(text: str, most: int = 24) -> str:
    """Break a label once, after a comma or between words, so that it leaves room for the bars."""
    if len(text) <= most:
        return text
    spaces = [i for i, letter in enumerate(text) if letter == " "]
    middle = min(spaces, key=lambda i: abs(i - len(text) / 2), default=None)
    return text if middle is None else f"{text[:middle]}<br>{text[middle + 1 :]}"


def dumbbells(view: CellView, measures: Mapping[str, str], arm: str, axis: str, sentence: str) -> Chart:
    """A line a threshold: all labels (hollow), scarce (grey), class weights (cross), and the arm."""
    who = [
        ("full", "all labels", mark("diagnostic", 13)),
        ("scarce", "scarce, nothing done", {"color": GREY, "symbol": "circle", "size": 12}),
        ("weights", "class weights", mark("nothing added", 12)),
        (arm, words.arm_name(arm, view.titles), mark(view.group(arm), 12)),
    ]
    figure = go.Figure()
    values = {
        name: {measure: view.level(name, measure) for measure in measures}
        for name, _, _ in who
        if name in view.arms
    }
    for measure, label in measures.items():
        ends = [100 * v for one in values.values() if (v := one.get(measure)) is not None]
        figure.add_scatter(
            x=[min(ends), max(ends)],
            y=[label, label],
            mode="lines",
            line={"color": GREY, "width": 2},
            opacity=0.6,
            hoverinfo="skip",
            showlegend=False,
        )
    for name, label, marker in who:
        if name in values:
            figure.add_scatter(
                x=[None if (v := values[name][measure]) is None else 100 * v for measure in measures],
                y=list(measures.values()),
                mode="markers",
                name=label,
                marker=marker,
                hovertemplate=f"{label}, %{{y}}: %{{x:.1f}}<extra></extra>",
            )
    figure.update_yaxes(autorange="reversed", automargin=True, range=[2.6, -0.6])
    figure.update_xaxes(title=axis, zeroline=False)
    figure.update_layout(
        height=300,
        margin=MARGIN | {"b": 80},
        legend={"orientation": "h", "y": -0.32, "yanchor": "top", "x": 0},
    )
    return Chart(figure, sentence)
