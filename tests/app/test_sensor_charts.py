"""Charts and words about sensors: what is drawn, and the sentence that says it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from types import SimpleNamespace

import numpy as np
import pytest

from sensecf_core.cohorts.aireadi.days import day_table
from sensecf_core.cohorts.aireadi.glucose import metrics
from sensecf_core.cohorts.aireadi.report.bands import band_times
from sensecf_core.cohorts.aireadi.report.modal_day import modal_day
from sensecf_core.cohorts.aireadi.report.periods import Period, summary
from sensecf_core.cohorts.aireadi.report.traces import traces
from sensecf_core.ui import (
    band_chart,
    charts,
    day_panel,
    periods_panel,
    profile_chart,
    sensor_words,
    trace_chart,
)
from tests.cohorts.aireadi.report.test_periods import day, levels


@pytest.fixture(autouse=True, params=["light", "dark"])
def _theme(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    context = SimpleNamespace(theme=SimpleNamespace(type=request.param))
    monkeypatch.setattr(charts.st, "context", context)
    yield


def test_bands_stack_to_100_each_with_colour_pattern_and_label() -> None:
    times = band_times(metrics(np.array([40.0] * 1 + [60.0] * 2 + [100.0] * 90 + [200.0] * 4 + [300.0] * 3)))
    chart = band_chart.band_bar(times, "mg/dL")
    bars = [trace for trace in chart.figure.data if trace.type == "bar"]
    tops = [bar.base[0] + bar.y[0] for bar in bars]
    assert [bar.base[0] for bar in bars] == pytest.approx([0, *tops[:-1]]) and tops[-1] == pytest.approx(100)
    assert len({bar.marker.color for bar in bars}) == 5
    assert len({bar.marker.pattern.shape for bar in bars}) == 5
    labels = [note.text for note in chart.figure.layout.annotations]
    assert labels[0].startswith("<b>Very low 1 %") and labels[-1].startswith("<b>Very high 3 %")
    places = [note.y for note in chart.figure.layout.annotations]
    assert min(np.diff(places)) >= band_chart.LABEL_GAP - 1e-9, "no label lies on another"
    assert all(0 <= place <= 100 for place in places)
    assert "in range (70–180 mg/dL) 90 %" in chart.sentence


def test_a_little_time_is_not_called_none() -> None:
    assert [band_chart.percent(share) for share in (0.0, 0.2, 0.6)] == ["0 %", "under 1 %", "1 %"]
    assert [band_chart.duration(minutes) for minutes in (14.4, 60, 1030)] == [
        "14 min a day",
        "1 h a day",
        "17 h 10 min a day",
    ]


def test_the_profile_says_when_the_median_is_lowest_and_in_which_unit() -> None:
    worn = levels(100, 110, 120, 130, 140)
    chart = profile_chart.profile(modal_day(worn.trace, worn.zone), "mmol/L")
    assert "(6.7 mmol/L)" in chart.sentence and "rest on 5 days" in chart.sentence
    lines = {shape.y0 for shape in chart.figure.layout.shapes}
    assert {round(line, 1) for line in lines} == {3.9, 10.0}
    names = {note.text for note in chart.figure.layout.annotations}
    assert {"target from 3.9", "target up to 10.0", "<b>median</b>", "5 %", "95 %"} <= names


def test_a_profile_of_too_few_days_says_so() -> None:
    worn = levels(100, 110)
    assert "Too few days" in profile_chart.profile(modal_day(worn.trace, worn.zone), "mg/dL").sentence


def test_traces_mark_the_chosen_day_and_hatch_those_that_cannot_be_chosen() -> None:
    worn = levels(100, 200, 120)
    chosen = {day(1): "choose", day(2): "choose"}
    found = traces(worn, Period(day(1), day(3)))
    chart = trace_chart.trace_chart(found, "mg/dL", chosen, day(2), zoom=True)
    strip = chart.figure.data[0]
    assert list(strip.customdata) == [str(day(1)), str(day(2)), ""]
    assert list(strip.marker.pattern.shape) == ["", "", "/"]
    assert strip.hovertext[2].endswith(": too little wear or daytime stress")
    assert "glucose from 100 to 200 mg/dL" in chart.sentence
    assert "1 hatched day had too little wear or daytime stress to be chosen" in chart.sentence
    shaded = [shape for shape in chart.figure.layout.shapes if shape.type == "rect"]
    assert [str(shape.x0)[:10] for shape in shaded] == [str(day(2))]
    assert len({trace.xaxis for trace in chart.figure.data}) == 1, "one time axis for everything"


def test_risks_are_bars_with_a_line_and_the_chosen_day_framed() -> None:
    rows = ["2025-03-04", "2025-03-05", "2025-03-06"]
    chart = day_panel.risk_chart(rows, [0.2, 0.62, 0.4], 0.5, rows[2])
    bar = chart.figure.data[0]
    assert list(bar.y) == [20, 62, 40] and list(bar.marker.line.width) == [0, 0, 3]
    assert (
        "flags 1 of 3 days" in chart.sentence and "the mean risk over the days is 41 of 100" in chart.sentence
    )
    assert "The framed day, Thu 6 Mar, has 40 of 100" in chart.sentence
    assert "▲62" in chart.figure.layout.xaxis.ticktext[1]


@pytest.mark.parametrize(
    ("days", "expected"),
    [(2, "Too little glucose: 2 days"), (5, "Limited data: 5 days"), (14, "Enough data: 14 days")],
)
def test_how_much_there_is_in_words(days: int, expected: str) -> None:
    worn = levels(*[120.0] * days)
    told = sensor_words.sufficiency(summary(worn, day_table(worn), Period(day(1), day(days))))
    assert told.startswith(expected)


def test_no_glucose_at_all_in_words() -> None:
    worn = levels(120.0, missing=frozenset({0}))
    told = sensor_words.sufficiency(summary(worn, day_table(worn), Period(day(1), day(1))))
    assert told.startswith("No glucose was recorded")


def test_periods_and_groups_in_words() -> None:
    wednesday = date(2025, 3, 5)
    assert sensor_words.period_name(Period(wednesday, wednesday)) == "Wed 5 Mar 2025"
    assert sensor_words.period_name(Period(wednesday, date(2025, 3, 13))) == "Wed 5 Mar to Thu 13 Mar 2025"
    assert sensor_words.group_title("insulin_dependent") == "insulin"
    assert sensor_words.group_title(None) == "not given"


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (4.6, "differs by 4.6 points, less than"),
        (4.96, "is 5.0 points higher"),
        (-7.0, "is 7.0 points lower"),
    ],
)
def test_time_in_range_is_judged_by_the_points_that_are_shown(change: float, expected: str) -> None:
    worn = levels(*[120.0] * 3)
    before = summary(worn, day_table(worn), Period(day(1), day(3)))
    before = replace(before, metrics=replace(before.metrics, tir=50.0))
    after = replace(before, metrics=replace(before.metrics, tir=50.0 + change))
    assert expected in periods_panel._sentence(before, after)


def test_reliability_names_what_it_counts() -> None:
    point = {"predicted": 0.4, "observed": 0.5, "low": 0.3, "high": 0.6, "n": 20.0}
    for rows in ("days", "people"):
        curve = charts.reliability([point], "", rows).figure.data[1]
        assert f"(%{{customdata}} {rows})" in curve.hovertemplate
