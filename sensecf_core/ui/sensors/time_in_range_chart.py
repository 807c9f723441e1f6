"""The five-band bar of time in ranges, stacked from very high down to very low."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import plotly.graph_objects as go

from sensecf_core.aireadi.report.bands import BandName, BandTime
from sensecf_core.aireadi.report.units import GlucoseUnit
from sensecf_core.ui.common.charts import Chart, apart, ink
from sensecf_core.ui.common.wording import html, listed

COLOURS: dict[BandName, str] = {
    "very_high": "#f9b500",
    "high": "#f9f000",
    "target": "#48ba3c",
    "low": "#f92d00",
    "very_low": "#8e1b1b",
}
"""The consensus' five colours, as iglu has them; used for glucose bands and nothing else."""

PATTERNS: dict[BandName, str] = {"very_high": "x", "high": "/", "target": "", "low": "\\", "very_low": "+"}
"""So that no band is known by its colour alone."""

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
    places = apart([max(2.0, middles[0]), *middles[1:]], LABEL_GAP, 98.0)
    for one, middle, place in zip(upwards, middles, places, strict=True):
        below = f"{html(one.band.bounds(unit))} · {duration(one.minutes)}"
        _name(figure, f"<b>{labels[one.band.name]}</b><br>{below}", middle, place)
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
    middles, at = [], 0.0
    for one in upwards:
        figure.add_bar(
            x=[0],
            y=[one.percent],
            base=[at],
            width=0.9,
            marker={
                "color": COLOURS[one.band.name],
                "line": {"width": 0},
                "pattern": {
                    "shape": PATTERNS[one.band.name],
                    "fillmode": "overlay",
                    "fgcolor": "rgba(10,12,15,.55)",
                    "size": 7,
                },
            },
            hovertemplate=f"{labels[one.band.name]}, {html(one.band.bounds(unit))}<extra></extra>",
        )
        middles.append(at + one.percent / 2)
        at += one.percent
    return middles


def _name(figure: Any, text: str, middle: float, place: float) -> None:
    """Write a band's ``text`` at ``place``, with a line to its ``middle``."""
    figure.add_scatter(
        x=[0.47, 0.58, 0.66],
        y=[middle, place, place],
        mode="lines",
        line={"color": ink(), "width": 1},
        hoverinfo="skip",
    )
    figure.add_annotation(
        x=0.7,
        y=place,
        text=text,
        showarrow=False,
        xanchor="left",
        align="left",
        font={"size": 13, "color": ink()},
    )


def percent(share: float) -> str:
    """Write a percent of time without decimals; what is there but rounds to nothing is "under 1 %"."""
    return UNDER_ONE if 0 < share < 0.5 else f"{share:.0f} %"


def duration(minutes: float) -> str:
    """Write minutes of an average day: "17 h 10 min a day"."""
    whole = round(minutes)
    if whole < 60:
        return f"{whole} min a day"
    return f"{whole // 60} h {whole % 60} min a day" if whole % 60 else f"{whole // 60} h a day"


def shares(times: Sequence[BandTime]) -> dict[BandName, str]:
    """Write each band's percent so that together they make 100, as far as bands under 1 % let them.

    Time in range is rounded as everywhere; what is left to 100 is shared out among the other bands by the
    largest remainder, and a band that would get nothing is "under 1 %".
    """
    target = next(one.percent for one in times if one.band.name == "target")
    others = {one.band.name: one.percent for one in times if one.band.name != "target" and one.percent >= 0.5}
    whole = {name: math.floor(value) for name, value in others.items()}
    left = 100 - round(target) - sum(whole.values())
    for name in sorted(others, key=lambda name: whole[name] - others[name])[: max(left, 0)]:
        whole[name] += 1
    return {
        one.band.name: percent(one.percent)
        if one.band.name not in whole
        else f"{whole[one.band.name]} %"
        if whole[one.band.name]
        else UNDER_ONE
        for one in times
    }


def _labels(times: Sequence[BandTime]) -> dict[BandName, str]:
    written = shares(times)
    return {one.band.name: f"{one.band.title} {written[one.band.name]}" for one in times}


def _sentence(times: Sequence[BandTime], unit: GlucoseUnit) -> str:
    written = shares(times)
    parts = [f"{one.band.title.lower()} ({one.band.bounds(unit)}) {written[one.band.name]}" for one in times]
    return (
        f"Share of the time with glucose: {listed(parts)}. One percent is about a quarter of an hour a day."
    )
