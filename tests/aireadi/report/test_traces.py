"""What is drawn of days: thinned lines that keep their peaks, hourly steps, sleep stages in local time."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from hypothesis import given, strategies as st

from sensecf_core.aireadi.open_participant import OpenPerson
from sensecf_core.aireadi.release.intervals import Intervals
from sensecf_core.aireadi.release.readings import Points
from sensecf_core.aireadi.release.timestamps import CENTRAL
from sensecf_core.aireadi.report.periods import Period
from sensecf_core.aireadi.report.traces import STAGES, break_at_gaps, hourly_steps, stage_spans, thin, traces

TUESDAY, WEDNESDAY, THURSDAY = date(2025, 3, 4), date(2025, 3, 5), date(2025, 3, 6)
START = np.datetime64("2025-03-05T08:00:00")


def minutes(count: int) -> np.ndarray:
    return START + np.arange(count) * np.timedelta64(60, "s")


def test_a_peak_and_a_nadir_of_one_minute_survive() -> None:
    values = np.full(1000, 100.0)
    values[333], values[777] = 300.0, 45.0
    times, kept = thin(minutes(1000), values, 20)
    assert len(kept) <= 22
    assert times[kept == 300].tolist() == minutes(1000)[[333]].tolist()
    assert times[kept == 45].tolist() == minutes(1000)[[777]].tolist()
    assert times[[0, -1]].tolist() == minutes(1000)[[0, -1]].tolist(), "the line keeps its ends"


def test_few_points_stay_as_they_are_but_for_longer_gaps() -> None:
    values = np.array([1.0, np.nan, np.nan, 2.0, np.nan])
    times, kept = thin(minutes(5), values, 10)
    np.testing.assert_array_equal(kept, [1, np.nan, 2, np.nan])
    assert times.tolist() == minutes(5)[[0, 1, 3, 4]].tolist()


@given(st.lists(st.floats(0, 400) | st.just(float("nan")), max_size=300), st.integers(2, 60))
def test_thinning_keeps_order_extremes_gaps_and_its_promise(values: list[float], most: int) -> None:
    level = np.array(values, dtype=np.float64)
    times, kept = thin(minutes(len(level)), level, most)
    assert (np.diff(times.astype(np.int64)) > 0).all()
    gap = np.isnan(level)
    gaps = int((gap & ~np.concatenate(([False], gap[:-1]))).sum()) if len(level) else 0
    assert int(np.isnan(kept).sum()) == gaps
    assert int((~np.isnan(kept)).sum()) <= most + 2
    if (~gap).any():
        assert np.nanmax(kept) == np.nanmax(level) and np.nanmin(kept) == np.nanmin(level)
    whole = dict(zip(minutes(len(level)).tolist(), level.tolist(), strict=True))
    assert all(
        whole[at] == value
        for at, value in zip(times.tolist(), kept.tolist(), strict=True)
        if not np.isnan(value)
    )


def test_a_line_breaks_where_nothing_was_measured_for_long() -> None:
    times = minutes(200)[[0, 10, 80, 81]]
    codes = np.zeros(4, dtype=np.int8)
    data = Points(times, np.array([1.0, 2.0, 3.0, np.nan]), np.array([0, 0, 0, 1], dtype=np.int8), codes)
    at, values = break_at_gaps(data, longest_gap=60)
    np.testing.assert_array_equal(values, [1, 2, np.nan, 3])
    assert at.tolist() == [
        *times[:2].tolist(),
        (times[1] + np.timedelta64(60, "s")).tolist(),
        times[2].tolist(),
    ]


def test_anns_steps_by_the_hour(ann: OpenPerson) -> None:
    """3,000 from 9:00 to 9:30, 1,500 in running at 18:00, 100 shared out from 18:10 to 20:00."""
    line = hourly_steps(ann.worn, *_wednesday(ann))
    by_hour = dict(
        zip((line.times.astype("datetime64[h]").astype(int) % 24).tolist(), line.values, strict=True)
    )
    assert (by_hour[9], by_hour[10]) == (3000, 0)
    assert by_hour[18] == pytest.approx(1500 + 100 * 50 / 110)
    assert by_hour[19] == pytest.approx(100 * 60 / 110)
    assert by_hour[23] == 500, "half of the walk across midnight"


def _wednesday(ann: OpenPerson) -> tuple[np.datetime64, np.datetime64]:
    places = [i for i, day in enumerate(ann.worn.days) if str(day)[:10] == "2025-03-05"]
    return ann.worn.bounds[places[0]], ann.worn.bounds[places[0] + 1]


def test_an_hour_without_a_record_has_no_steps_rather_than_none(ann: OpenPerson) -> None:
    line = hourly_steps(ann.worn, START - np.timedelta64(4, "D"), START - np.timedelta64(3, "D"))
    assert len(line.values) == 24 and np.isnan(line.values).all()


def test_anns_night_in_stages_by_the_clock_on_the_wall(ann: OpenPerson) -> None:
    first = [span for span in stage_spans(ann.worn) if span.night == WEDNESDAY]
    assert [span.stage for span in first[:6]] == ["awake", "light", "deep", "awake", "rem", "awake"]
    assert str(first[0].start) == "2025-03-04T23:00:00" and str(first[5].end) == "2025-03-05T06:30:00"
    assert {span.stage for span in first} <= set(STAGES)
    ends = [span.end for span in first]
    assert all(start >= end for start, end in zip([span.start for span in first[1:]], ends, strict=False))


def test_a_stage_lasts_as_long_on_the_night_on_which_the_clocks_go_back(ann: OpenPerson) -> None:
    """In Chicago 2024-11-03: deep from 1:30 CDT to 1:10 CST (40 minutes), then light until 1:40 CST."""
    at = np.array(["2024-11-03T06:30", "2024-11-03T07:10", "2024-11-03T07:40"], dtype="datetime64[s]")
    sleep = Intervals(at[:2], at[1:], np.array(["deep", "light"], dtype=object), np.zeros(2))
    spans = stage_spans(replace(ann.worn, sleep=sleep, zone=CENTRAL))
    assert [(one.stage, str(one.start)[11:16], str(one.end)[11:16]) for one in spans] == [
        ("deep", "01:30", "02:10"),
        ("light", "01:10", "01:40"),
    ]
    nothing = Intervals(at[:1], at[:1], sleep.names[:1], sleep.values[:1])
    assert stage_spans(replace(ann.worn, sleep=nothing, zone=CENTRAL)) == ()


def test_the_traces_of_a_day_hold_that_day_and_the_night_before_it(ann: OpenPerson) -> None:
    result = traces(ann.worn, Period(WEDNESDAY, WEDNESDAY))
    for line in (result.glucose, result.heart_rate, result.stress, result.steps):
        assert {str(one)[:10] for one in line.times} == {"2025-03-05"}
    assert sorted(set(result.glucose.values.tolist())) == [60, 100, 160, 200]
    assert result.sleep and all(span.end > np.datetime64("2025-03-05T00:00:00") for span in result.sleep)
    whole = traces(ann.worn, Period(TUESDAY, THURSDAY), most=40)
    assert np.nanmax(whole.glucose.values) == 401, "a thinned line keeps the sensor's High"


def test_a_day_without_a_recording_draws_nothing(ben: OpenPerson) -> None:
    result = traces(ben.worn, Period(date(2020, 1, 1), date(2020, 1, 2)))
    lines = (result.glucose, result.heart_rate, result.stress, result.steps)
    assert [len(line.times) for line in lines] == [0, 0, 0, 0] and result.sleep == ()
