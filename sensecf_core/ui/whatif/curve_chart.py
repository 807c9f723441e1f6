"""The response curve as a chart: risk along one feature, the line, what is allowed, what breaks a rule."""

from __future__ import annotations

from typing import Any

import numpy as np
import plotly.graph_objects as go

from sensecf_core.cohorts.encoding import Value, to_code, to_value
from sensecf_core.counterfactuals.by_hand.response_curve import ResponseCurve
from sensecf_core.counterfactuals.checks.sentences import lower_first, measure, number, risk
from sensecf_core.ui.common import charts, wording
from sensecf_core.ui.common.charts import Chart
from sensecf_core.ui.common.drawings import DOWN, GREY, UP, clear

HEIGHT = 230
_SHADE = clear(GREY, 0.25)
_ROOM = 6.0
"""Points of 100 above and below what is drawn."""


def draw(curve: ResponseCurve, measured: Value, now: Value, threshold: float) -> Chart:
    """Draw the curve; ``measured`` and ``now`` are the feature's values, ``threshold`` a p(class 1)."""
    figure = go.Figure()
    levels = curve.feature.named or curve.feature.kind == "binary"
    if levels:
        _bars(figure, curve, now, threshold)
    else:
        _line(figure, curve, measured, now, threshold)
    figure.add_hline(y=100 * threshold, line={"color": charts.ink(), "width": 1.5, "dash": "dash"})
    figure.add_annotation(
        x=1,
        xref="paper",
        xanchor="right",
        y=100 * threshold,
        yanchor="bottom",
        text=f"line {risk(threshold)}",
        showarrow=False,
        font={"size": 12, "color": charts.ink()},
        bgcolor=charts.paper(),  # the curve goes behind it
    )
    reached = 100 * np.array([*curve.risks, threshold])
    low, high = (0.0 if levels else max(0.0, reached.min() - _ROOM)), min(100.0, reached.max() + _ROOM)
    figure.update_yaxes(title="Risk, of 100", range=[low, high], zeroline=False, fixedrange=True, nticks=5)
    unit = f", {curve.feature.unit}" if curve.feature.unit else ""
    figure.update_xaxes(
        title=wording.html(f"{curve.feature.label}{unit}"), zeroline=False, showgrid=False, fixedrange=True
    )
    figure.update_layout(
        height=HEIGHT, margin={"l": 8, "r": 12, "t": 8, "b": 8}, showlegend=False, dragmode=False
    )
    return Chart(figure, sentence(curve, now, threshold))


def sentence(curve: ResponseCurve, now: Value, threshold: float) -> str:
    """Say what the chart shows: how far the risk goes along the feature, and where it crosses the line."""
    feature = curve.feature
    lowest, highest = int(curve.risks.argmin()), int(curve.risks.argmax())
    name = lower_first(feature.label)
    if curve.risks[lowest] == curve.risks[highest]:
        text = f"With the other values as they are now, the risk is the same for any {name}"
    else:
        text = (
            f"Along {name}, with the other values as they are now, the risk goes from "
            f"{risk(float(curve.risks[lowest]))} (at {_written(curve, lowest)}) to "
            f"{wording.of_100(float(curve.risks[highest]))} (at {_written(curve, highest)})"
        )
    flagged = curve.risks >= threshold
    crosses = "" if flagged.any() and not flagged.all() else " and stays on one side of the line"
    marks = ["Shaded: may be suggested"] if (curve.allowed.sum() > 1 or curve.zones) else []
    if curve.broken.any():
        marks.append("crosses: breaks a rule")
    shape = "framed" if feature.named or feature.kind == "binary" else "ring"
    marks.append(f"{shape}: now, {measure(feature, now)}")
    key = "; ".join(marks)
    return f"{text}{crosses}. {key[:1].upper()}{key[1:]}."


def _written(curve: ResponseCurve, place: int) -> str:
    return measure(curve.feature, to_value(curve.feature, float(curve.codes[place])))


def _line(figure: Any, curve: ResponseCurve, measured: Value, now: Value, threshold: float) -> None:
    for low, high in curve.zones:
        figure.add_vrect(x0=low, x1=high, fillcolor=_SHADE, line_width=0, layer="below")
    hover = [_written(curve, place) for place in range(len(curve.codes))]
    figure.add_scatter(
        x=curve.codes,
        y=100 * curve.risks,
        mode="lines",
        line={"color": charts.ink(), "width": 2},
        customdata=hover,
        hovertemplate="%{customdata}: %{y:.0f} of 100<extra></extra>",
    )
    _crosses(figure, curve)
    for value, ring in ((measured, False), (now, True)):
        code = to_code(curve.feature, value)
        level = float(curve.risks[np.abs(curve.codes - code).argmin()])
        colour = UP if level >= threshold else DOWN
        figure.add_scatter(
            x=[code],
            y=[100 * level],
            mode="markers",
            hoverinfo="skip",
            marker={"size": 14, "color": "#ffffff", "line": {"color": colour, "width": 4}}
            if ring
            else {"size": 11, "color": GREY},
        )


def _crosses(figure: Any, curve: ResponseCurve) -> None:
    if curve.broken.any():
        figure.add_scatter(
            x=curve.codes[curve.broken],
            y=100 * curve.risks[curve.broken],
            mode="markers",
            hoverinfo="skip",
            marker={"symbol": "x", "size": 7, "color": GREY, "line": {"color": charts.ink(), "width": 1}},
        )


def _bars(figure: Any, curve: ResponseCurve, now: Value, threshold: float) -> None:
    feature = curve.feature
    for place in np.flatnonzero(curve.allowed) if curve.allowed.sum() > 1 else ():
        figure.add_vrect(x0=place - 0.5, x1=place + 0.5, fillcolor=_SHADE, line_width=0, layer="below")
    flagged = curve.risks >= threshold
    chosen = int(to_code(feature, now))
    figure.add_bar(
        x=curve.codes,
        y=100 * curve.risks,
        width=0.6,
        marker={
            "color": [UP if one else DOWN for one in flagged],
            "pattern": {"shape": ["" if one else "/" for one in flagged], "solidity": 0.25},
            "line": {"color": charts.ink(), "width": [3 if n == chosen else 0 for n in range(len(flagged))]},
        },
        text=[risk(float(one)) for one in curve.risks],
        textposition="outside",
        cliponaxis=False,
        hovertemplate="%{y:.0f} of 100<extra></extra>",
    )
    _crosses(figure, curve)
    texts = [number(feature, to_value(feature, float(code))) for code in curve.codes]
    figure.update_xaxes(tickvals=list(curve.codes), ticktext=[wording.html(text) for text in texts])
