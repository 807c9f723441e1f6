"""Charts and wording about sensors: what is drawn, and the sentence that describes it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from sensecf_core.aireadi.cohort.stress_task import group_title
from sensecf_core.aireadi.features.days import day_table
from sensecf_core.aireadi.features.glucose import metrics
from sensecf_core.aireadi.report import findings
from sensecf_core.aireadi.report.bands import BANDS, GOALS, BandTime, Goal
from sensecf_core.aireadi.report.day_curves import weeks
from sensecf_core.aireadi.report.glucose import BandLine, GlucoseReport, band_lines, glucose_report
from sensecf_core.aireadi.report.modal_day import modal_day
from sensecf_core.aireadi.report.periods import Difference, Period, summary
from sensecf_core.aireadi.report.traces import StageSpan, traces
from sensecf_core.aireadi.report.wording import (
    UNDER_ONE,
    duration,
    percent,
    period_name,
    share_beside_goal,
    shares,
    sufficiency,
)
from sensecf_core.ui.common import charts
from sensecf_core.ui.sensors import compare_periods, day as sensor_day, laboratory
from sensecf_core.ui.sensors.charts import agp_chart, calendar_chart, daily_trace_chart, time_in_range_chart
from tests.aireadi.report.test_periods import day, levels


@pytest.fixture(autouse=True, params=["light", "dark"])
def _theme(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    context = SimpleNamespace(theme=SimpleNamespace(type=request.param))
    monkeypatch.setattr(charts.st, "context", context)
    yield


def reporting(bands: tuple[BandLine, ...], days: int = 3) -> GlucoseReport:
    """A report with these bands; everything else is of a level of 120 mg/dL."""
    worn = levels(*[120.0] * days)
    person = SimpleNamespace(worn=worn, days=day_table(worn))
    report = glucose_report(person, Period(day(1), day(days)), "mg/dL", "standard")  # type: ignore[arg-type]
    return replace(report, bands=bands)


def test_bands_stack_to_100_each_with_colour_pattern_and_label() -> None:
    values = np.array([40.0] * 1 + [60.0] * 2 + [100.0] * 90 + [200.0] * 4 + [300.0] * 3)
    chart = time_in_range_chart.band_bar(reporting(band_lines(metrics(values), "standard")))
    bars = [trace for trace in chart.figure.data if trace.type == "bar"]
    tops = [bar.base[0] + bar.y[0] for bar in bars]
    assert [bar.base[0] for bar in bars] == pytest.approx([0, *tops[:-1]]) and tops[-1] == pytest.approx(100)
    assert len({bar.marker.color for bar in bars}) == 5
    assert len({bar.marker.pattern.shape for bar in bars}) == 5
    labels = [note.text for note in chart.figure.layout.annotations]
    assert labels[0].startswith("<b>Very low 1 %") and labels[-1].startswith("<b>Very high 3 %")
    places = [note.y for note in chart.figure.layout.annotations]
    assert min(np.diff(places)) >= time_in_range_chart.LABEL_GAP - 1e-9, "no label lies on another"
    assert all(0 <= place <= 100 for place in places)
    assert "in range (70–180 mg/dL) 90 %" in chart.sentence


@pytest.mark.parametrize(
    ("percents", "expected"),
    [
        ((1.8, 18.6, 79.6, 0.0, 0.0), ["2 %", "18 %", "80 %", "0 %", "0 %"]),
        ((2.4, 18.4, 78.8, 0.3, 0.1), ["3 %", "18 %", "79 %", "under 1 %", "under 1 %"]),
        ((0.6, 0.6, 98.8, 0.0, 0.0), ["1 %", "under 1 %", "99 %", "0 %", "0 %"]),
        ((0.0, 0.4, 99.6, 0.0, 0.0), ["0 %", "under 1 %", "100 %", "0 %", "0 %"]),
        ((0.0, 0.0, 0.0, 40.5, 59.5), ["0 %", "0 %", "0 %", "41 %", "59 %"]),
    ],
)
def test_the_percents_of_the_bands_make_100(percents: tuple[float, ...], expected: list[str]) -> None:
    times = [BandTime(band, percent) for band, percent in zip(BANDS, percents, strict=True)]
    written = list(shares(times).values())
    assert written == expected
    assert sum(int(share.split()[0]) for share in written if share != UNDER_ONE) == 100
    bands = tuple(BandLine(time, share, "") for time, share in zip(times, written, strict=True))
    shown = time_in_range_chart.band_bar(reporting(bands))
    notes = [note.text for note in shown.figure.layout.annotations]
    assert all(f" {share}<" in note for share, note in zip(reversed(written), notes, strict=True))


def test_the_percents_of_any_bands_make_100() -> None:
    draw = np.random.default_rng(0)
    for _ in range(500):
        percents = 100 * draw.dirichlet([0.3, 2, 8, 0.5, 0.2])
        written = shares([BandTime(b, float(p)) for b, p in zip(BANDS, percents, strict=True)])
        whole = [int(share.split()[0]) for share in written.values() if share != UNDER_ONE]
        assert abs(100 - sum(whole)) <= (len(whole) < len(BANDS))
        assert sum(whole) == 100 or sum(p >= 0.5 for p in percents) == 1, percents
        assert written["target"] == percent(float(percents[2]))


@pytest.mark.parametrize(
    ("name", "before", "after", "expected"),
    [
        ("tir", 12.6, 15.4, "▲ 2 points"),
        ("tir", 15.4, 14.4, "▼ 1 point"),
        ("tir", 15.4, 14.6, "="),
        ("tbr", 0.0, 0.3, "▲ under 1 point"),
        ("tbr", 1.2, 0.3, "▼ under 1 point"),
        ("tbr", 0.3, 2.2, "▲ 2 points"),
        ("gmi", 7.04, 7.16, "▲ 0.2 points"),
        ("mean", 150.4, 152.6, "▲ 3 mg/dL"),
        ("tir", float("nan"), 15.0, ""),
    ],
)
def test_a_change_is_that_of_the_values_shown(name: str, before: float, after: float, expected: str) -> None:
    assert compare_periods._change(Difference(name, before, after), "mg/dL") == expected


@pytest.mark.parametrize(
    ("value", "unit", "low", "expected"),
    [
        (1.0, "points", None, ("1 point", "–")),
        (3.0, "points", 5.0, ("3 points", "▼ below")),
        (1.0, "mg/dL", 0.0, ("1 mg/dL", "within")),
    ],
)
def test_a_finding_says_whether_it_was_compared(
    value: float, unit: str, low: float | None, expected: tuple[str, str]
) -> None:
    line = replace(findings.finding_specs()[0], unit=unit, decimals=0, low=low, high=None)
    row = laboratory._table([findings.Finding(line, value)]).iloc[0]
    assert (row["Value"], row["Against reference"]) == expected


@pytest.mark.parametrize(
    ("sign", "expected"), [("<", "<36 pg/mL"), ("?", "36 pg/mL, which involves a limit of the assay")]
)
def test_a_value_beyond_what_was_measured_has_its_sign(sign: str, expected: str) -> None:
    line = replace(findings.finding_specs()[0], unit="pg/mL", decimals=0)
    row = laboratory._table([findings.Finding(line, 36.0, sign)]).iloc[0]
    assert row["Value"] == expected


@pytest.mark.parametrize(
    ("metric", "share", "written", "expected"),
    [
        ("tbr", 3.7, None, "3.7 %"),  # "4 %" would not be below 4
        ("tir", 70.2, None, "70.2 %"),
        ("tir", 70.04, None, "70.04 %"),
        ("tir", 69.8, None, "70 %"),  # not above 70, and 70 is not either
        ("tir", 71.4, None, "71 %"),
        ("tar2", 4.6, "5 %", "4.6 %"),  # as the chart would have it
        ("tbr2", 0.3, None, "under 1 %"),
        ("tbr2", 0.8, None, "0.8 %"),
    ],
)
def test_a_share_never_contradicts_whether_it_meets_its_goal(
    metric: str, share: float, written: str | None, expected: str
) -> None:
    goal = next(candidate for candidate in GOALS["standard"] if candidate.metric == metric)
    assert share_beside_goal(goal, share, written) == expected


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])  # the theme plays no part
@given(st.sampled_from(GOALS["standard"]), st.floats(0, 100).map(lambda share: round(share, 2)))
def test_any_share_agrees_with_its_mark(goal: Goal, share: float) -> None:
    text = share_beside_goal(goal, share, None)
    shown = 0.5 if text == UNDER_ONE else float(text.removesuffix(" %"))
    assert goal.met_by(shown) == goal.met_by(share)


def test_the_goals_are_marks_on_the_bar() -> None:
    report = reporting(band_lines(metrics(np.array([100.0, 110.0])), "standard"))
    assert time_in_range_chart.goal_places(report) == (95, 75, 4, 1)
    assert time_in_range_chart.goal_places(replace(report, goals="older")) == (90, 50, 1)
    marks = [trace.y[0] for trace in time_in_range_chart.band_bar(report).figure.data if trace.x[0] < -0.5]
    assert marks == [95, 75, 4, 1]


def test_a_calendar_has_a_box_a_day_and_marks_what_is_very_low() -> None:
    worn = levels(100.0, 50.0, 120.0, missing=frozenset({2}))
    drawn = weeks(worn, Period(day(1), day(3)))
    chart = calendar_chart.calendar(drawn, "mg/dL", short=False)
    texts = [note.text for note in chart.figure.layout.annotations]
    assert texts[:7] == ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
    assert texts[7:] == ["<b>6 Jan</b>", "100 %", "<b>7 Jan</b>", "0 %", "<b>8 Jan</b>", "not recorded"]
    diamonds = [trace for trace in chart.figure.data if trace.mode == "markers"]
    assert [len(trace.x) for trace in diamonds] == [288]
    assert "diamonds are below 54 mg/dL" in chart.sentence and "least: Tue 7 Jan (0 %)" in chart.sentence
    phone = calendar_chart.calendar(drawn, "mmol/L", short=True)
    assert "100 %" not in [note.text for note in phone.figure.layout.annotations]
    assert "from 2.2 to 14.4 mmol/L" in phone.sentence


def test_a_stream_without_data_is_said_not_to_be_recorded() -> None:
    drawn = traces(levels(100, 110), Period(day(1), day(2)))
    figure = daily_trace_chart.trace_chart(drawn, "mg/dL", [day(1)], day(1), True).figure
    said = [note.y for note in figure.layout.annotations if note.text == "not recorded"]
    empty = [sum(daily_trace_chart.PANELS[axis]) / 2 for axis in ("y3", "y4", "y5", "y6")]
    assert said == empty
    assert figure.layout.yaxis2.visible is None and figure.layout.yaxis5.visible is False
    assert "70" in [note.text for note in figure.layout.annotations]


def test_a_sleep_that_begins_in_the_evening_counts_for_the_next_day() -> None:
    drawn = traces(levels(100, 110, 120), Period(day(1), day(1)))
    span = StageSpan(day(2), "light", np.datetime64(f"{day(1)}T22:20"), np.datetime64(f"{day(2)}T06:00"))
    sentence = daily_trace_chart.trace_chart(
        replace(drawn, sleep=(span,)), "mg/dL", [day(1)], day(1), True
    ).sentence
    assert "0 nights recorded. The sleep that begins at 22:20 counts for the next day." in sentence
    own = replace(span, night=day(1))
    sentence = daily_trace_chart.trace_chart(
        replace(drawn, sleep=(own,)), "mg/dL", [day(1)], day(1), True
    ).sentence
    assert "1 night recorded." in sentence and "next day" not in sentence


def test_a_little_time_is_not_called_none() -> None:
    assert [percent(share) for share in (0.0, 0.2, 0.6)] == ["0 %", "under 1 %", "1 %"]
    assert [duration(minutes) for minutes in (14.4, 60, 1030)] == [
        "14 min a day",
        "1 h a day",
        "17 h 10 min a day",
    ]


def test_the_profile_says_when_the_median_is_lowest_and_in_which_unit() -> None:
    worn = levels(100, 110, 120, 130, 140)
    chart = agp_chart.profile(modal_day(worn.trace, worn.zone), "mmol/L")
    assert "(6.7 mmol/L)" in chart.sentence and "based on 5 days" in chart.sentence
    lines = {shape.y0 for shape in chart.figure.layout.shapes}
    assert {round(line, 1) for line in lines} == {3.9, 10.0}
    names = {note.text for note in chart.figure.layout.annotations}
    assert {"3.9", "10.0 mmol/L", "<b>median</b>", "5th", "95th"} <= names


def test_a_profile_of_too_few_days_says_so() -> None:
    worn = levels(100, 110)
    assert "Too few days" in agp_chart.profile(modal_day(worn.trace, worn.zone), "mg/dL").sentence


def test_traces_mark_the_chosen_day_and_hatch_those_that_cannot_be_chosen() -> None:
    worn = levels(100, 200, 120)
    chosen = [day(1), day(2)]
    drawn = traces(worn, Period(day(1), day(3)))
    chart = daily_trace_chart.trace_chart(drawn, "mg/dL", chosen, day(2), zoom=True)
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
    chart = sensor_day.risk_chart(rows, [0.2, 0.62, 0.4], 0.5, rows[2])
    bar = chart.figure.data[0]
    assert list(bar.y) == [20, 62, 40] and list(bar.marker.line.width) == [0, 0, 3]
    assert (
        "flags 1 of 3 days" in chart.sentence and "the mean risk over the days is 41 of 100" in chart.sentence
    )
    assert "The framed day, Thu 6 Mar, has 40 of 100" in chart.sentence
    assert "▲62" in chart.figure.layout.xaxis.ticktext[1]


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        (2, "Too little glucose: 2 of 2 days"),
        (5, "Limited data: 5 of 5 days"),
        (14, "Enough data: 14 of 14 days"),
    ],
)
def test_how_much_there_is_in_words(days: int, expected: str) -> None:
    worn = levels(*[120.0] * days)
    text = sufficiency(summary(worn, day_table(worn), Period(day(1), day(days))))
    assert text.startswith(expected)


def test_no_glucose_at_all_in_words() -> None:
    worn = levels(120.0, missing=frozenset({0}))
    text = sufficiency(summary(worn, day_table(worn), Period(day(1), day(1))))
    assert text.startswith("No glucose was recorded")


def test_periods_and_groups_in_words() -> None:
    wednesday = date(2025, 3, 5)
    assert period_name(Period(wednesday, wednesday)) == "Wed 5 Mar 2025"
    assert period_name(Period(wednesday, date(2025, 3, 13))) == "Wed 5 Mar to Thu 13 Mar 2025"
    assert group_title("insulin_dependent") == "insulin"
    assert group_title(None) == "not given"


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
    assert expected in compare_periods._sentence(before, after)


def test_reliability_names_what_it_counts() -> None:
    point = {"predicted": 0.4, "observed": 0.5, "low": 0.3, "high": 0.6, "n": 20.0}
    for rows in ("days", "people"):
        curve = charts.reliability([point], "", rows).figure.data[1]
        assert f"(%{{customdata}} {rows})" in curve.hovertemplate
