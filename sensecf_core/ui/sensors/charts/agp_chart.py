"""The 24-hour glucose profile (AGP-style): percentiles over all days by time of day."""

from __future__ import annotations

from typing import Any

import numpy as np
import plotly.graph_objects as go

from sensecf_core.aireadi.features.glucose import HIGH, LOW
from sensecf_core.aireadi.report.modal_day import PERCENTILES, ModalDay
from sensecf_core.aireadi.report.units import DECIMALS, GlucoseUnit, in_unit, measure, number
from sensecf_core.types import Floats
from sensecf_core.ui.common.charts import Chart, ink, spread_labels
from sensecf_core.ui.sensors.charts.time_in_range_chart import COLOURS

HEIGHT = 360
SHADES = {(5, 95): "rgba(139,147,156,.28)", (25, 75): "rgba(139,147,156,.50)"}
"""Grey bands between percentiles, darker for the middle half."""

FLOOR, CEILING = 40.0, 260.0
"""Range in mg/dL that the axis always includes."""

LABEL_GAP = 0.055
"""Least distance of two labels, as a share of the axis."""


def profile(day: ModalDay, unit: GlucoseUnit) -> Chart:
    """Draw median, middle half and middle 90 % by time of day, with the target range behind them."""
    hours = day.minutes / 60
    levels = in_unit(day.levels, unit)
    figure = go.Figure()
    _target(figure, unit)
    for low, high in SHADES:
        _band(figure, hours, levels, (low, high))
    median = levels[PERCENTILES.index(50)]
    figure.add_scatter(
        x=hours,
        y=median,
        mode="lines",
        line={"color": ink(), "width": 3},
        customdata=np.column_stack([levels[0], levels[1], levels[3], levels[4], day.days]),
        hovertemplate=(
            f"median %{{y:.{DECIMALS[unit]}f}}, middle half %{{customdata[1]:.{DECIMALS[unit]}f}}–"
            f"%{{customdata[2]:.{DECIMALS[unit]}f}}, nine of ten %{{customdata[0]:.{DECIMALS[unit]}f}}–"
            f"%{{customdata[3]:.{DECIMALS[unit]}f}} {unit}, %{{customdata[4]}} days<extra></extra>"
        ),
    )
    top = max(CEILING, float(np.nanmax(day.levels)) + 15) if day.known else CEILING
    span = (float(in_unit(FLOOR, unit)), float(in_unit(top, unit)))
    _name_percentiles(figure, hours, levels, span)
    ticks = list(range(0, 25, 3))
    figure.update_xaxes(
        title="Hour of the day (local)",
        range=[0, 24],
        tickvals=ticks,
        ticktext=[str(hour) for hour in ticks],
        tickangle=0,
        fixedrange=True,
        showgrid=False,
        zeroline=False,
    )
    figure.update_yaxes(title=f"Glucose ({unit})", range=span, fixedrange=True, zeroline=False, nticks=6)
    figure.update_layout(
        height=HEIGHT, showlegend=False, hovermode="x", margin={"l": 8, "r": 62, "t": 8, "b": 8}
    )
    return Chart(figure, _sentence(day, unit))


def _target(figure: Any, unit: GlucoseUnit) -> None:
    low, high = (float(in_unit(float(level), unit)) for level in (LOW, HIGH))
    figure.add_hrect(y0=low, y1=high, fillcolor=COLOURS["target"], opacity=0.1, line_width=0, layer="below")
    for level, edge, side in ((low, LOW, "top"), (high, HIGH, "bottom")):
        figure.add_hline(y=level, line={"color": COLOURS["target"], "width": 2})
        figure.add_annotation(
            x=0.2,
            y=level,
            text=number(edge, unit) if edge == LOW else measure(edge, unit),
            showarrow=False,
            xanchor="left",
            yanchor=side,
            font={"size": 12, "color": ink()},
        )


def _band(figure: Any, hours: Floats, levels: Floats, ends: tuple[int, int]) -> None:
    """Fill between two percentiles, in pieces if times of day are missing."""
    low, high = (levels[PERCENTILES.index(end)] for end in ends)
    measured = np.isfinite(low)
    edges = np.flatnonzero(np.diff(np.concatenate(([False], measured, [False])).astype(int)))
    for first, end in edges.reshape(-1, 2):
        part = slice(int(first), int(end))
        figure.add_scatter(
            x=np.concatenate((hours[part], hours[part][::-1])),
            y=np.concatenate((low[part], high[part][::-1])),
            mode="lines",
            line={"width": 0},
            fill="toself",
            fillcolor=SHADES[ends],
            hoverinfo="skip",
        )


def _name_percentiles(figure: Any, hours: Floats, levels: Floats, span: tuple[float, float]) -> None:
    """Label the percentiles at the right end, far enough apart to be read."""
    measured = np.flatnonzero(np.isfinite(levels[0]))
    if not len(measured):
        return
    last = int(measured[-1])
    gap = LABEL_GAP * (span[1] - span[0])
    positions = spread_labels(levels[:, last].tolist(), gap)
    for percentile, position in zip(PERCENTILES, positions, strict=True):
        figure.add_annotation(
            x=min(float(hours[last]) + 0.3, 24.0),
            y=position,
            text="<b>median</b>" if percentile == 50 else f"{percentile}th",
            showarrow=False,
            xanchor="left",
            font={"size": 12, "color": ink()},
        )


def _sentence(day: ModalDay, unit: GlucoseUnit) -> str:
    if not day.known:
        return "Too few days at any time of day to draw a profile."
    median = day.levels[PERCENTILES.index(50)]
    low, high = int(np.nanargmin(median)), int(np.nanargmax(median))
    spread = day.levels[PERCENTILES.index(75)] - day.levels[PERCENTILES.index(25)]
    widest = int(np.nanargmax(spread))
    few, many = int(day.days[np.isfinite(median)].min()), int(day.days.max())
    days = f"{few}" if few == many else f"{few}–{many}"
    return (
        f"Half of the readings at each time of day lie below the dark line, the median: it is lowest around "
        f"{_clock(day, low)} ({measure(float(median[low]), unit)}) and highest around {_clock(day, high)} "
        f"({measure(float(median[high]), unit)}). The dark band is the middle half, widest around "
        f"{_clock(day, widest)}; the light band holds nine of ten readings. Each half hour is "
        f"based on {days} days."
    )


def _clock(day: ModalDay, index: int) -> str:
    minute = int(day.minutes[index])
    return f"{minute // 60:02d}:{minute % 60:02d}"
