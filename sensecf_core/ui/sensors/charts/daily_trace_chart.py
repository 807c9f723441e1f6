"""The chart of daily traces: days, glucose, heart rate, stress, steps and sleep over one time axis."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, timedelta
from typing import Any

import numpy as np
import plotly.graph_objects as go

from sensecf_core.aireadi.features.glucose import HIGH, LOW
from sensecf_core.aireadi.report.traces import STAGES, Line, Traces
from sensecf_core.aireadi.report.units import DECIMALS, GlucoseUnit, in_unit, number
from sensecf_core.aireadi.report.wording import day_name
from sensecf_core.ui.common.charts import CONFIG, Chart, ink
from sensecf_core.ui.common.drawings import GREY
from sensecf_core.ui.common.wording import count, counted, listed
from sensecf_core.ui.sensors.charts.time_in_range_chart import COLOURS

HEIGHT = 640
PANELS = {
    "y": (0.95, 1.0),
    "y2": (0.62, 0.91),
    "y3": (0.43, 0.58),
    "y4": (0.27, 0.39),
    "y5": (0.14, 0.23),
    "y6": (0.0, 0.10),
}
"""Vertical extent of each panel, 0 (bottom) to 1: days, glucose, heart rate, stress, steps, sleep."""

TOO_LITTLE = "too little wear or daytime stress"

ZOOMABLE = CONFIG | {
    "displayModeBar": True,
    "modeBarButtons": [["zoomIn2d", "zoomOut2d", "resetScale2d"]],
}


def trace_chart(
    traces: Traces, unit: GlucoseUnit, days: Collection[date], chosen: date | None, zoom: bool
) -> Chart:
    """Draw all traces of a period.

    Parameters
    ----------
    days : the days that can be chosen.
    chosen : the chosen day, which is shaded.
    zoom : whether dragging zooms in time; on a phone, dragging has to scroll the page.
    """
    figure = go.Figure()
    _days(figure, traces, days, chosen)
    _line(figure, traces.glucose, "y2", f"%{{y:.{DECIMALS[unit]}f}} {unit}", unit)
    _line(figure, traces.heart_rate, "y3", "%{y:.0f} beats/min")
    _line(figure, traces.stress, "y4", "stress %{y:.0f}")
    figure.add_bar(
        x=traces.steps.times + np.timedelta64(30, "m"),
        y=traces.steps.values,
        width=3_600_000 * 0.9,
        yaxis="y5",
        marker={"color": GREY, "line": {"width": 0}},
        hovertemplate="%{y:,.0f} steps in the hour<extra></extra>",
    )
    _sleep(figure, traces)
    _titles(figure, unit)
    _targets(figure, traces, unit)
    if chosen is not None:
        _highlight(figure, chosen)
    _panels(figure)
    _say_not_recorded(figure, traces)
    _layout(figure, traces, zoom)
    return Chart(figure, _sentence(traces, unit, days, chosen))


def _days(figure: Any, traces: Traces, days: Collection[date], chosen: date | None) -> None:
    """Draw a strip of days to click, one bar per day; days that cannot be chosen are hatched."""
    all_days = [traces.period.first + timedelta(days=n) for n in range(len(traces.period))]
    short = len(all_days) > 3
    figure.add_bar(
        orientation="h",
        y=["Day"] * len(all_days),
        x=[24 * 3_600_000] * len(all_days),
        base=[f"{day} 00:00:00" for day in all_days],
        width=0.95,
        yaxis="y",
        text=[f"{day.day}" if short else day_name(day) for day in all_days],
        textposition="inside",
        insidetextanchor="middle",
        textangle=0,
        constraintext="none",
        textfont={"color": ink(), "size": 12},
        customdata=[str(day) if day in days else "" for day in all_days],
        marker={
            "color": [
                "rgba(139,147,156,.75)" if day == chosen else "rgba(139,147,156,.30)" for day in all_days
            ],
            "line": {"color": [ink() if day == chosen else GREY for day in all_days], "width": 1},
            "pattern": {
                "shape": ["" if day in days else "/" for day in all_days],
                "fillmode": "overlay",
                "fgcolor": ink(),
                "solidity": 0.2,
                "size": 7,
            },
        },
        hovertext=[f"{day_name(day)}: {'choose' if day in days else TOO_LITTLE}" for day in all_days],
        hovertemplate="%{hovertext}<extra></extra>",
        selected={"marker": {"opacity": 1}},
        unselected={"marker": {"opacity": 1}},
    )


def _line(figure: Any, line: Line, axis: str, hover: str, unit: GlucoseUnit | None = None) -> None:
    figure.add_scatter(
        x=line.times,
        y=in_unit(line.values, unit) if unit else line.values,
        mode="lines",
        yaxis=axis,
        line={"color": ink() if unit else GREY, "width": 1.4},
        connectgaps=False,
        hovertemplate=f"%{{x|%a %H:%M}} {hover}<extra></extra>",
    )


def _sleep(figure: Any, traces: Traces) -> None:
    """Draw one row per sleep stage, so that no colours are needed to tell them apart."""
    spans = [span for span in traces.sleep if span.stage in STAGES]
    figure.add_bar(
        orientation="h",
        y=[span.stage.capitalize() if span.stage != "rem" else "REM" for span in spans],
        x=[(span.end - span.start) / np.timedelta64(1, "ms") for span in spans],
        base=[str(span.start).replace("T", " ") for span in spans],
        width=0.9,
        yaxis="y6",
        marker={"color": ink(), "line": {"width": 0}},
        customdata=[str(span.start)[11:16] + "–" + str(span.end)[11:16] for span in spans],
        hovertemplate="%{y} %{customdata}<extra></extra>",
    )


def _titles(figure: Any, unit: GlucoseUnit) -> None:
    titles = {
        "y2": f"Glucose ({unit})",
        "y3": "Heart rate (beats/min)",
        "y4": "Garmin stress (0–100)",
        "y5": "Steps (an hour)",
        "y6": "Sleep stages",
    }
    for axis, title in titles.items():
        figure.add_annotation(
            x=0,
            xref="paper",
            y=PANELS[axis][1],
            yref="paper",
            text=f"<b>{title}</b>",
            showarrow=False,
            xanchor="left",
            yanchor="bottom",
            font={"size": 12, "color": ink()},
        )


def _targets(figure: Any, traces: Traces, unit: GlucoseUnit) -> None:
    begin, end = _range(traces)
    for level in (LOW, HIGH):
        y = float(in_unit(float(level), unit))
        figure.add_shape(
            type="line",
            x0=begin,
            x1=end,
            y0=y,
            y1=y,
            yref="y2",
            line={"color": COLOURS["target"], "width": 2},
            layer="below",
        )
        figure.add_annotation(
            x=1,
            xref="paper",
            y=y,
            yref="y2",
            text=number(float(level), unit),
            showarrow=False,
            xanchor="left",
            font={"size": 11, "color": ink()},
        )


def _highlight(figure: Any, chosen: date) -> None:
    figure.add_shape(
        type="rect",
        x0=f"{chosen} 00:00:00",
        x1=f"{chosen + timedelta(days=1)} 00:00:00",
        y0=0,
        y1=1,
        yref="paper",
        fillcolor="rgba(139,147,156,.22)",
        line={"width": 0},
        layer="below",
    )


def _panels(figure: Any) -> None:
    """Give each panel its extent and its scale."""
    axes: dict[str, dict[str, Any]] = {}
    for axis, domain in PANELS.items():
        axes[f"yaxis{axis[1:]}"] = {
            "domain": domain,
            "fixedrange": True,
            "zeroline": False,
            "nticks": 4,
            "automargin": True,
            "title": "",
        }
    axes["yaxis"] |= {"showticklabels": False, "showgrid": False, "type": "category"}
    axes["yaxis4"] |= {"range": [0, 100], "tickvals": [25, 50, 75]}
    axes["yaxis5"] |= {"rangemode": "tozero", "nticks": 3}
    axes["yaxis6"] |= {
        "type": "category",
        "categoryorder": "array",
        "categoryarray": ["Deep", "Light", "REM", "Awake"],
        "tickvals": ["Deep", "Light", "REM", "Awake"],
        "showgrid": False,
        "nticks": 0,
    }
    figure.update_layout(**axes)


def _say_not_recorded(figure: Any, traces: Traces) -> None:
    """Write so into a panel without any data, instead of an empty axis."""
    recorded = {
        "y2": np.isfinite(traces.glucose.values).any(),
        "y3": np.isfinite(traces.heart_rate.values).any(),
        "y4": np.isfinite(traces.stress.values).any(),
        "y5": np.isfinite(traces.steps.values).any(),
        "y6": any(span.stage in STAGES for span in traces.sleep),
    }
    for axis in (axis for axis, some in recorded.items() if not some):
        figure.update_layout({f"yaxis{axis[1:]}": {"visible": False}})
        figure.layout.shapes = [shape for shape in figure.layout.shapes if shape.yref != axis]
        figure.layout.annotations = [note for note in figure.layout.annotations if note.yref != axis]
        figure.add_annotation(
            x=0.5,
            xref="paper",
            y=sum(PANELS[axis]) / 2,
            yref="paper",
            text="not recorded",
            showarrow=False,
            font={"size": 12, "color": ink()},
        )


def _layout(figure: Any, traces: Traces, zoom: bool) -> None:
    """Lay out the shared time axis and the whole chart."""
    figure.update_layout(
        xaxis={
            "type": "date",
            "range": list(_range(traces)),
            "anchor": "y6",
            "title": "",
            "fixedrange": not zoom,
            "nticks": 6 if zoom else 4,  # a phone has room for fewer dates
            "tickangle": 0,
            "tickformatstops": [
                {"dtickrange": [None, 43_200_000], "value": "%H:%M\n%a %-d %b"},
                {"dtickrange": [43_200_000, None], "value": "%a\n%-d %b"},
            ],
        },
        height=HEIGHT,
        barmode="overlay",
        showlegend=False,
        dragmode="zoom" if zoom else False,
        hovermode="closest",
        margin={"l": 8, "r": 34, "t": 28, "b": 8},
    )


def _range(traces: Traces) -> tuple[str, str]:
    return f"{traces.period.first} 00:00:00", f"{traces.period.last + timedelta(days=1)} 00:00:00"


def _sentence(traces: Traces, unit: GlucoseUnit, days: Collection[date], chosen: date | None) -> str:
    parts = []
    if np.isfinite(traces.glucose.values).any():
        low, high = float(np.nanmin(traces.glucose.values)), float(np.nanmax(traces.glucose.values))
        parts.append(f"glucose from {number(low, unit)} to {number(high, unit)} {unit}")
    for name, line, unit_text in (
        ("heart rate", traces.heart_rate, " beats/min"),
        ("stress", traces.stress, ""),
    ):
        if np.isfinite(line.values).any():
            parts.append(
                f"{name} from {np.nanmin(line.values):.0f} to {np.nanmax(line.values):.0f}{unit_text}"
            )
    if np.isfinite(traces.steps.values).any():
        parts.append(f"up to {count(round(np.nanmax(traces.steps.values)))} steps in an hour")
    parts.append(
        f"{counted(len({span.night for span in traces.sleep if span.night in traces.period}), 'night')} "
        "recorded"
    )
    chosen_text = (
        f" The shaded day, {chosen:%A} {chosen.day} {chosen:%B}, is the chosen one." if chosen else ""
    )
    hatched = len(traces.period) - sum(day in traces.period for day in days)
    left_out = f" {counted(hatched, 'hatched day')} had {TOO_LITTLE} to be chosen." if hatched else ""
    days_text = counted(len(traces.period), "day")
    return f"Over {days_text}: {listed(parts)}.{_next_day(traces)}{chosen_text}{left_out}"


def _next_day(traces: Traces) -> str:
    """Name the sleep that is drawn but counts for the day after the period, on which it ended."""
    later = [span.start for span in traces.sleep if span.night > traces.period.last]
    return f" The sleep that begins at {str(min(later))[11:16]} counts for the next day." if later else ""
