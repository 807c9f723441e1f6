"""Each day's glucose as a small picture, in weeks from Monday to Sunday."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go

from sensecf_core.aireadi.features.glucose import HIGH, LOW, VERY_LOW
from sensecf_core.aireadi.report.day_curves import WEEKDAYS, DayCurve
from sensecf_core.aireadi.report.units import GlucoseUnit, measure, number
from sensecf_core.aireadi.report.wording import day_name, percent
from sensecf_core.types import Floats
from sensecf_core.ui.common.charts import Chart, ink
from sensecf_core.ui.common.drawings import GREY
from sensecf_core.ui.sensors.charts.time_in_range_chart import COLOURS

Weeks = Sequence[Sequence[DayCurve | None]]

DAY, GAP, TITLE = 24.0, 2.0, 0.24
"""Width of a day and between days, in hours; share of a row that its titles take."""
ROW, HEADING = 96, 24
"""Pixels of a week, and of the line with the weekdays."""
FLOOR, CEILING, HIGHEST = 40.0, 260.0, 300.0
"""Range in mg/dL that a picture always includes, and the highest level that has room in any."""


def calendar(weeks: Weeks, unit: GlucoseUnit, *, short: bool) -> Chart:
    """Draw a picture a day; ``short`` leaves out each day's time in range, for which a phone has no room."""
    days = [day for week in weeks for day in week if day is not None]
    most = max((float(np.nanmax(day.values)) for day in days if day.recorded), default=CEILING)
    top = min(max(CEILING, most), HIGHEST)
    figure = go.Figure()
    for column, name in enumerate(WEEKDAYS):
        _write(figure, (column * (DAY + GAP) + DAY / 2, len(weeks) + 0.02), name, "center")
    for row, week in enumerate(weeks):
        for column, day in enumerate(week):
            if day is not None:
                corner = (column * (DAY + GAP), len(weeks) - 1.0 - row)
                _day(figure, day, corner, top, short=short)
    figure.update_xaxes(visible=False, range=[-0.5, 7 * (DAY + GAP)], fixedrange=True)
    figure.update_yaxes(visible=False, range=[-0.03, len(weeks) + HEADING / ROW], fixedrange=True)
    figure.update_layout(
        height=ROW * len(weeks) + HEADING,
        margin={"l": 0, "r": 0, "t": 0, "b": 0},
        showlegend=False,
        hovermode=False,
    )
    return Chart(figure, _sentence(days, unit, top))


def _day(figure: Any, day: DayCurve, corner: tuple[float, float], top: float, *, short: bool) -> None:
    """Draw one day in the box from ``corner``: its left (hours) and bottom (weeks)."""
    (left, bottom), height = corner, 1 - TITLE

    def place(level: Floats) -> Floats:
        return bottom + 0.03 + (height - 0.06) * (level - FLOOR) / (top - FLOOR)

    _write(figure, (left, bottom + height), f"<b>{day.day.day} {day.day:%b}</b>", "left")
    if not day.recorded:
        _write(figure, (left + DAY / 2, bottom + height / 3), "–" if short else "not recorded", "center")
    elif not short:
        _write(figure, (left + DAY, bottom + height), percent(day.in_range), "right")
    figure.add_shape(
        type="rect",
        x0=left,
        x1=left + DAY,
        y0=bottom,
        y1=bottom + height,
        line={"color": GREY, "width": 1},
        layer="below",
    )
    figure.add_shape(
        type="rect",
        x0=left,
        x1=left + DAY,
        y0=float(place(np.array(float(LOW)))),
        y1=float(place(np.array(float(HIGH)))),
        fillcolor=COLOURS["target"],
        opacity=0.22,
        line={"width": 0},
        layer="below",
    )
    heights = place(np.clip(day.values, FLOOR, top))
    figure.add_scatter(
        x=left + day.hours, y=heights, mode="lines", line={"color": ink(), "width": 1.3}, connectgaps=False
    )
    low = day.values < VERY_LOW
    if low.any():
        figure.add_scatter(
            x=left + day.hours[low],
            y=heights[low],
            mode="markers",
            marker={
                "color": COLOURS["very_low"],
                "size": 6,
                "symbol": "diamond",
                "line": {"color": ink(), "width": 1},
            },
        )


def _write(figure: Any, at: tuple[float, float], text: str, xanchor: str) -> None:
    figure.add_annotation(
        x=at[0],
        y=at[1],
        text=text,
        showarrow=False,
        xanchor=xanchor,
        yanchor="bottom",
        font={"size": 11, "color": ink()},
        borderpad=0,
    )


def _sentence(days: Sequence[DayCurve], unit: GlucoseUnit, top: float) -> str:
    scale = (
        f"Each box is one day from midnight to midnight, from {number(FLOOR, unit)} to {measure(top, unit)}; "
        "the green band is the target range, the percent is the time in it"
    )
    if any((day.values < VERY_LOW).any() for day in days):
        scale += f", diamonds are below {measure(VERY_LOW, unit)}"
    recorded = [day for day in days if day.recorded]
    if len(recorded) < 2:
        return f"{scale}."
    most, least = (choose(recorded, key=lambda day: day.in_range) for choose in (max, min))
    if percent(most.in_range) == percent(least.in_range):
        return f"{scale}."
    return (
        f"{scale}. Most time in range: {day_name(most.day)} ({percent(most.in_range)}); least: "
        f"{day_name(least.day)} ({percent(least.in_range)})."
    )
