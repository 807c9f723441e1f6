"""Charts that compare arms: paired gains, label quality, the credit grid, calibration in the large."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from sensecf_core.augmentation.findings import words
from sensecf_core.augmentation.findings.cell_view import GROUPS, CellView
from sensecf_core.types import JsonView
from sensecf_core.ui.augmentation.charts.marks import COLOURS, LEGEND, MARGIN, SHAPES, bars, mark
from sensecf_core.ui.common import charts
from sensecf_core.ui.common.charts import Chart
from sensecf_core.ui.common.drawings import GREY, clear

LINE = 17
"""Pixels of one arm's line."""


def forest(view: CellView, arms: Sequence[str], sentence: str) -> Chart:
    """One line an arm, best first within its group: its gain with the plain and the corrected interval.

    A band reaches from scarce (0) to the full data (the loss). What the shapes mean is for the sentence: on a
    phone a legend would take the room of the lines.
    """
    scale, loss = words.factor(view.measure), view.loss["mean"]
    figure = go.Figure()
    figure.add_vrect(
        x0=min(0, loss * scale),
        x1=max(0, loss * scale),
        fillcolor=clear(GREY, 0.16),
        line_width=0,
        layer="below",
    )
    for x, text, side in ((0.0, "scarce", "right"), (loss * scale, "full", "left")):
        figure.add_vline(x=x, line={"color": GREY, "width": 1.5}, layer="below")
        figure.add_annotation(
            x=x,
            y=1,
            yref="paper",
            yanchor="bottom",
            xanchor=side if loss > 0 else "center",
            text=text,
            showarrow=False,
        )
    shown = set()
    for group in GROUPS:
        mine = [arm for arm in arms if view.group(arm) == group]
        gains = [view.gain(arm) for arm in mine]
        if not mine:
            continue
        name = LEGEND[group]
        colour = COLOURS[group]
        common = {
            "x": [gain["mean"] * scale for gain in gains],
            "y": [words.arm_name(arm, view.titles) for arm in mine],
            "mode": "markers",
            "legendgroup": name,
        }
        figure.add_scatter(
            **common,
            marker={**mark(group), "opacity": 0},
            error_x=bars(gains, ("corrected_low", "corrected_high"), scale, thickness=1, colour=colour),
            hoverinfo="skip",
            showlegend=False,
        )
        figure.add_scatter(
            **common,
            name=name,
            showlegend=name not in shown,
            marker=mark(group),
            error_x=bars(gains, ("low", "high"), scale, thickness=3.5, colour=clear(colour, 0.55)),
            customdata=[words.with_error(gain, view.measure, sign=True) for gain in gains],
            hovertemplate="%{y}: %{customdata}<extra></extra>",
        )
        shown.add(name)
    figure.update_yaxes(
        categoryorder="array",
        categoryarray=[words.arm_name(arm, view.titles) for arm in reversed(arms)],
        automargin=True,
        dtick=1,
        range=[-0.7, len(arms) - 0.3],
    )
    ends = [gain * scale for gain in _reach(view, arms)]
    figure.update_xaxes(
        title=f"Gain, {words.unit(view.measure) or 'slope'} →",
        zeroline=False,
        range=[min(ends) - 0.5, max(ends) + 0.5],
    )
    figure.update_layout(height=96 + LINE * len(arms), margin=MARGIN, showlegend=False)
    return Chart(figure, sentence)


def runs_out(view: CellView, arms: Sequence[str]) -> bool:
    """Whether an interval reaches beyond the axis."""
    return max(map(abs, _ends(view, arms))) > _most(view, arms)


def _reach(view: CellView, arms: Sequence[str]) -> list[float]:
    """How far the axis reaches: all means, intervals and the band, cut at three times the band.

    Corrected intervals of a few repeats may be far wider; they run out of the chart.
    """
    most = _most(view, arms)
    return [max(-most, min(most, end)) for end in _ends(view, arms)]


def _most(view: CellView, arms: Sequence[str]) -> float:
    return float(max(3 * abs(view.loss["mean"]), *(abs(view.gain(arm)["mean"]) for arm in arms), 0.02))


def _ends(view: CellView, arms: Sequence[str]) -> list[float]:
    names = ("mean", "low", "high", "corrected_low", "corrected_high")
    ends = [view.gain(arm)[name] for arm in arms for name in names]
    return [0.0, view.loss["mean"], *(end for end in ends if end is not None)]


@dataclass(frozen=True)
class Dot:
    """One arm of one cell: agreement of its labels with the full model, and its gain."""

    where: str
    name: str
    group: str
    soft: bool
    agreement: float
    gain: float
    here: bool


def quality(dots: Sequence[Dot], measure: str, sentence: str) -> Chart:
    """Label quality against gain: hard labels on the left, soft ones on the right; this cell is solid."""
    figure = make_subplots(
        cols=2,
        shared_yaxes=True,
        horizontal_spacing=0.04,
        subplot_titles=("Hard labels", "Soft labels"),
        x_title="Labels that agree, of 100",
    )
    shown = set()
    for group in GROUPS:
        name = LEGEND[group]
        if name not in shown and any(LEGEND[dot.group] == name for dot in dots):
            figure.add_scatter(x=[None], y=[None], mode="markers", name=name, marker=mark(group))
            shown.add(name)
        for here in (False, True):
            for soft in (False, True):
                mine = [dot for dot in dots if (dot.group, dot.here, dot.soft) == (group, here, soft)]
                if not mine:
                    continue
                figure.add_scatter(
                    x=[100 * dot.agreement for dot in mine],
                    y=[words.factor(measure) * dot.gain for dot in mine],
                    mode="markers",
                    name=name,
                    showlegend=False,
                    marker=mark(group) | {"opacity": 1.0 if here else 0.4},
                    text=[f"{dot.name} ({dot.where})" for dot in mine],
                    hovertemplate="%{text}: agreement %{x:.0f} of 100, gain %{y:.1f}<extra></extra>",
                    col=2 if soft else 1,
                    row=1,
                )
    figure.update_annotations(font={"size": 13})
    figure.add_hline(y=0, line={"color": GREY, "width": 1.5}, layer="below")
    figure.update_xaxes(range=[-3, 103], zeroline=False)
    figure.update_yaxes(title=f"Gain, {words.unit(measure) or 'slope'}", zeroline=False, col=1)
    figure.update_layout(
        height=420,
        margin=MARGIN | {"b": 90},
        legend={"orientation": "h", "y": -0.24, "yanchor": "top", "x": 0},
    )
    return Chart(figure, sentence)


def credit(
    grid: Mapping[tuple[str, str], JsonView],
    sources: Sequence[str],
    labels: Sequence[str],
    measure: str,
    sentence: str,
) -> Chart:
    """Rows × labels: the gain of each source of rows under each kind of label; filled where it gains."""
    cells = [[grid.get((source, label)) for label in labels] for source in sources]
    scale = words.factor(measure)
    values = [[None if cell is None else max(0.0, cell["mean"] * scale) for cell in line] for line in cells]
    ink = charts.ink()
    most = max((value for line in values for value in line if value is not None), default=0.0) or 1.0
    figure = go.Figure(
        go.Heatmap(
            z=values,
            x=[words.labels_name(label) for label in labels],
            y=[words.source_name(source) for source in sources],
            zmin=0,
            zmax=most,
            colorscale=[[0, clear(GREY, 0.0)], [1, clear(GREY, 0.75)]],
            xgap=2,
            ygap=2,
            showscale=False,
            hoverinfo="skip",
        )
    )
    for i, source in enumerate(sources):
        for j, label in enumerate(labels):
            cell = cells[i][j]
            text = "not run" if cell is None else _signed(cell, measure)
            figure.add_annotation(
                x=words.labels_name(label),
                y=words.source_name(source),
                text=text,
                showarrow=False,
                font={"size": 12 if cell is None else 13, "color": ink},
            )
    figure.update_yaxes(autorange="reversed", automargin=True, showgrid=False)
    figure.update_xaxes(side="top", automargin=True, showgrid=False)
    figure.update_layout(height=70 + 34 * len(sources), margin=MARGIN | {"t": 8})
    return Chart(figure, sentence)


def _signed(gain: JsonView, measure: str) -> str:
    text = words.points(gain["mean"], measure, sign=True)
    arrow = "▲" if text[0] == "+" else "▼" if text[0] == words.MINUS else "="
    return f"{arrow} {text.lstrip('+' + words.MINUS)}"


def in_the_large(view: CellView, arms: Sequence[str], sentence: str) -> Chart:
    """Mean risk minus the share of class 1, a dot an arm; 0 is calibrated."""
    figure = go.Figure()
    for arm in arms:
        value = view.mean(arm, "calibration")
        assert value is not None
        figure.add_scatter(
            x=[100 * value],
            y=[words.arm_name(arm, view.titles)],
            mode="markers",
            marker=mark(view.group(arm)) | {"symbol": SHAPES[view.group(arm)]},
            hovertemplate="%{y}: %{x:.1f} of 100<extra></extra>",
        )
    figure.add_vline(x=0, line={"color": GREY, "width": 1.5}, layer="below")
    figure.update_yaxes(
        categoryorder="array",
        categoryarray=[words.arm_name(arm, view.titles) for arm in reversed(arms)],
        automargin=True,
    )
    figure.update_xaxes(title="Mean risk − share of class 1, of 100", zeroline=False)
    figure.update_layout(height=90 + LINE * len(arms), margin=MARGIN | {"t": 8}, showlegend=False)
    return Chart(figure, sentence)
