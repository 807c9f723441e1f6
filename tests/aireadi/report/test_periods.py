"""Glucose of stretches of days: how much there is, its metrics, two stretches compared."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, strategies as st

from sensecf_core.aireadi.features.days import Worn, day_table
from sensecf_core.aireadi.features.glucose import metrics
from sensecf_core.aireadi.features.window import Window
from sensecf_core.aireadi.open_participant import OpenPerson
from sensecf_core.aireadi.release.intervals import no_intervals
from sensecf_core.aireadi.release.readings import Points, no_points
from sensecf_core.aireadi.release.timestamps import PACIFIC
from sensecf_core.aireadi.report.periods import Period, compare, halves, recorded, summary, trace_of
from sensecf_core.aireadi.report.traces import traces
from sensecf_core.errors import InputError

TUESDAY, WEDNESDAY, THURSDAY = date(2025, 3, 4), date(2025, 3, 5), date(2025, 3, 6)


def levels(*of_days: float, missing: frozenset[int] = frozenset()) -> Worn:
    """A person with one level of glucose a day from 2025-01-06 on, none on the days ``missing``."""
    start = np.datetime64("2025-01-06T08:00:00")  # midnight in Seattle
    slots = np.arange(288 * len(of_days))
    keep = ~np.isin(slots // 288, list(missing))
    times = start + slots[keep] * np.timedelta64(300, "s")
    codes = np.zeros(len(times), dtype=np.int8)
    glucose = Points(times, np.repeat(of_days, 288).astype(float)[keep], codes, codes)
    window = Window(start, start + np.timedelta64(len(of_days), "D"), "glucose")
    names = ("heart_rate", "stress", "respiratory_rate", "oxygen_saturation", "calories")
    points = {"glucose": glucose} | {name: no_points() for name in names}
    return Worn(window, PACIFIC, points, no_intervals(), no_intervals())


def day(number: int) -> date:
    return date(2025, 1, 5) + timedelta(days=number)


def test_ann_was_recorded_from_tuesday_to_thursday(ann: OpenPerson) -> None:
    assert recorded(ann.worn) == Period(TUESDAY, THURSDAY)


def test_wednesdays_metrics_are_those_of_the_day_table(ann: OpenPerson) -> None:
    result = metrics(trace_of(ann.worn, Period(WEDNESDAY, WEDNESDAY)).values)
    assert (result.tir, result.tar, result.tbr) == (75.0, 12.5, 12.5)
    assert result.mean == ann.days.loc[str(WEDNESDAY), "glucose_mean"]


def test_a_period_that_the_recording_does_not_reach_is_empty(ann: OpenPerson) -> None:
    long_ago = date(2020, 1, 1)
    assert len(trace_of(ann.worn, Period(long_ago, long_ago)).values) == 0


def test_the_first_reading_counts_where_it_is_off_the_grid() -> None:
    """Readings at three minutes past each slot: the window begins on the minute, the grid before it."""
    worn = levels(100, 110, 120)
    late = np.timedelta64(180, "s")
    glucose = replace(worn.points["glucose"], times=worn.points["glucose"].times + late)
    window = replace(worn.window, start=worn.window.start + late, end=glucose.times[-1] + 60)
    worn = replace(worn, points={**worn.points, "glucose": glucose}, window=window)
    period = recorded(worn)
    assert period == Period(day(1), day(3))
    np.testing.assert_array_equal(trace_of(worn, period).values, worn.trace.values)
    result = summary(worn, day_table(worn), period)
    assert result.metrics == metrics(worn.trace.values) and result.active == 1.0
    assert traces(worn, period, most=1000).glucose.times[0] == np.datetime64("2025-01-06T00:00:00")


def test_three_days_with_one_of_glucose_are_too_little_to_judge(ann: OpenPerson) -> None:
    result = summary(ann.worn, ann.days, Period(TUESDAY, THURSDAY))
    assert (result.days, result.glucose_days, result.sufficiency) == (3, 1, "too_little")
    assert np.isnan(result.metrics.tir)
    assert result.active == 1.0, "half days are not counted as half missing"


def test_a_person_without_glucose_has_days_and_no_metrics(ben: OpenPerson) -> None:
    period = recorded(ben.worn)
    assert period is not None
    result = summary(ben.worn, ben.days, period)
    assert (result.glucose_days, result.active, result.sufficiency) == (0, 0.0, "too_little")


@pytest.mark.parametrize(
    ("days", "expected"), [(2, "too_little"), (3, "limited"), (13, "limited"), (14, "full")]
)
def test_how_much_is_enough(days: int, expected: str) -> None:
    worn = levels(*[120.0] * days)
    result = summary(worn, day_table(worn), Period(day(1), day(days)))
    assert result.sufficiency == expected
    assert np.isfinite(result.metrics.tir) == (expected != "too_little")


def test_fourteen_days_with_the_sensor_off_too_long_are_limited() -> None:
    worn = levels(*[120.0] * 21, missing=frozenset(range(14, 21)))
    result = summary(worn, day_table(worn), Period(day(1), day(21)))
    assert (result.glucose_days, result.sufficiency) == (14, "limited")
    assert result.active == pytest.approx(14 / 21)


def test_two_periods_compared_by_hand() -> None:
    worn = levels(100, 100, 100, 200, 100, 160)
    before, after = (
        summary(worn, day_table(worn), Period(day(first), day(last))) for first, last in ((1, 3), (4, 6))
    )
    result = {one.name: one for one in compare(before, after)}
    assert (result["tir"].before, result["tir"].after) == (100, pytest.approx(200 / 3))
    assert result["titr"].change == pytest.approx(-200 / 3)
    assert result["mean"].change == pytest.approx(460 / 3 - 100)
    assert result["gmi"].change == pytest.approx(0.02392 * (460 / 3 - 100))


def test_a_comparison_with_too_little_has_no_change() -> None:
    worn = levels(100, 100, 100, 200)
    table = day_table(worn)
    pair = summary(worn, table, Period(day(1), day(3))), summary(worn, table, Period(day(4), day(4)))
    assert all(np.isnan(one.change) for one in compare(*pair))


@given(st.integers(2, 60))
def test_halves_meet_and_cover_all(length: int) -> None:
    period = Period(day(1), day(length))
    split = halves(period)
    assert split is not None
    first, second = split
    assert first.first == period.first and second.last == period.last
    assert second.first - first.last == timedelta(days=1)
    assert len(first) - len(second) in (0, 1)


def test_one_day_has_no_halves_and_nothing_ends_before_it_begins() -> None:
    assert halves(Period(WEDNESDAY, WEDNESDAY)) is None
    with pytest.raises(InputError, match="ends on 2025-03-04, before it begins"):
        Period(WEDNESDAY, TUESDAY)


def test_the_day_of_the_clock_change_has_23_hours(cas: OpenPerson) -> None:
    short = date(2024, 3, 10)
    assert len(trace_of(cas.worn, Period(short, short)).values) == 23 * 12
    assert summary(cas.worn, cas.days, Period(short, short)).active == 1.0


def test_nothing_recorded_is_no_period() -> None:
    worn = replace(
        levels(100), window=Window(np.datetime64("2025-01-06"), np.datetime64("2025-01-06"), "none")
    )
    assert recorded(worn) is None
    result = summary(worn, pd.DataFrame(), Period(day(1), day(1)))
    assert (result.days, result.sufficiency) == (0, "too_little")
