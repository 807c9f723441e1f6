"""The five-band bar of time in ranges, stacked from very high down to very low."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import plotly.graph_objects as go

from sensecf_core.aireadi.report.bands import BandName, BandTime
from sensecf_core.aireadi.report.units import GlucoseUnit
from sensecf_core.ui.common.charts import Chart, ink, spread_labels
from sensecf_core.ui.common.wording import html, listed

COLOURS: dict[BandName, str] = {
    "very_high": "#f9b500",
    "high": "#f9f000",
    "target": "#48ba3c",
    "low": "#f92d00",
    "very_low": "#8e1b1b",
}
"""The consensus' five colours, as in iglu; used only for glucose bands."""

PATTERNS: dict[BandName, str] = {"very_high": "x", "high": "/", "target": "", "low": "\\", "very_low": "+"}
"""So that bands can be told apart without colour."""

HEIGHT = 330
UNDER_ONE = "under 1 %"

LABEL_GAP = 17.5
"""Least distance of two labels, in percent of the bar: two lines of text each."""


def band_bar(times: Sequence[BandTime], unit: GlucoseUnit) -> Chart:
    """Draw the five bands of :func:`bands.band_times` as one bar, each with its label beside it."""
    upwards = list(reversed(times))
    figure = go.Figure()
    labels = _labels(times)
    middles = _stack(figure, upwards, unit, labels)
    positions = spread_labels([max(2.0, middles[0]), *middles[1:]], LABEL_GAP, 98.0)
    for time, middle, position in zip(upwards, middles, positions, strict=True):
        detail = f"{html(time.band.bounds(unit))} · {duration(time.minutes)}"
        _name(figure, f"<b>{labels[time.band.name]}</b><br>{detail}", middle, position)
    figure.update_xaxes(visible=False, range=[-0.5, 3.4], fixedrange=True)
    figure.update_yaxes(visible=False, range=[-6, 106], fixedrange=True)
    figure.update_layout(
        height=HEIGHT, barmode="overlay", showlegend=False, margin={"l": 0, "r": 0, "t": 4, "b": 4}
    )
    return Chart(figure, _sentence(times, unit))


def _stack(
    figure: Any, upwards: Sequence[BandTime], unit: GlucoseUnit, labels: Mapping[BandName, str]
) -> list[float]:
    """Draw the bands on top of each other; returns where the middle of each lies, in percent."""
    middles, bottom = [], 0.0
    for time in upwards:
        figure.add_bar(
            x=[0],
            y=[time.percent],
            base=[bottom],
            width=0.9,
            marker={
                "color": COLOURS[time.band.name],
                "line": {"width": 0},
                "pattern": {
                    "shape": PATTERNS[time.band.name],
                    "fillmode": "overlay",
                    "fgcolor": "rgba(10,12,15,.55)",
                    "size": 7,
                },
            },
            hovertemplate=f"{labels[time.band.name]}, {html(time.band.bounds(unit))}<extra></extra>",
        )
        middles.append(bottom + time.percent / 2)
        bottom += time.percent
    return middles


def _name(figure: Any, text: str, middle: float, position: float) -> None:
    """Write a band's ``text`` at ``place``, with a line to its ``middle``."""
    figure.add_scatter(
        x=[0.47, 0.58, 0.66],
        y=[middle, position, position],
        mode="lines",
        line={"color": ink(), "width": 1},
        hoverinfo="skip",
    )
    figure.add_annotation(
        x=0.7,
        y=position,
        text=text,
        showarrow=False,
        xanchor="left",
        align="left",
        font={"size": 13, "color": ink()},
    )


def percent(share: float) -> str:
    """Write a percent of time without decimals; a share that would round to zero is "under 1 %"."""
    return UNDER_ONE if 0 < share < 0.5 else f"{share:.0f} %"


def duration(minutes: float) -> str:
    """Write minutes of an average day: "17 h 10 min a day"."""
    whole = round(minutes)
    if whole < 60:
        return f"{whole} min a day"
    return f"{whole // 60} h {whole % 60} min a day" if whole % 60 else f"{whole // 60} h a day"


def shares(times: Sequence[BandTime]) -> dict[BandName, str]:
    """Write each band's percent so that they add up to 100, as far as bands under 1 % allow.

    Time in range is rounded as everywhere else; the rest is divided among the other bands by the largest
    remainder, and a band that would get nothing is "under 1 %".
    """
    target = next(time.percent for time in times if time.band.name == "target")
    others = {
        time.band.name: time.percent for time in times if time.band.name != "target" and time.percent >= 0.5
    }
    whole = {name: math.floor(value) for name, value in others.items()}
    left = 100 - round(target) - sum(whole.values())
    for name in sorted(others, key=lambda name: whole[name] - others[name])[: max(left, 0)]:
        whole[name] += 1
    return {
        time.band.name: percent(time.percent)
        if time.band.name not in whole
        else f"{whole[time.band.name]} %"
        if whole[time.band.name]
        else UNDER_ONE
        for time in times
    }


def _labels(times: Sequence[BandTime]) -> dict[BandName, str]:
    texts = shares(times)
    return {time.band.name: f"{time.band.title} {texts[time.band.name]}" for time in times}


def _sentence(times: Sequence[BandTime], unit: GlucoseUnit) -> str:
    texts = shares(times)
    parts = [
        f"{time.band.title.lower()} ({time.band.bounds(unit)}) {texts[time.band.name]}" for time in times
    ]
    return (
        f"Share of the time with glucose: {listed(parts)}. One percent is about a quarter of an hour a day."
    )
