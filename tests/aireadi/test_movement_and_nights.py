"""Edge cases of days and nights, each worked out by hand."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import numpy as np
import pytest

from sensecf_core.aireadi.features.days import Worn, day_table
from sensecf_core.aireadi.features.movement import active_energy, movement
from sensecf_core.aireadi.features.nights import main_nights, nights, touching
from sensecf_core.aireadi.features.window import Window
from sensecf_core.aireadi.release.intervals import Intervals, intervals, no_intervals
from sensecf_core.aireadi.release.readings import Points, no_points, points
from sensecf_core.aireadi.release.streams import ACTIVITY, CALORIES, GLUCOSE, SLEEP, STREAMS, Stream
from sensecf_core.aireadi.release.timestamps import PACIFIC, day_bounds
from tests.aireadi.micro import Rows, Spans, at, every, iso

DAYS = np.arange(np.datetime64("2025-03-05"), np.datetime64("2025-03-07"))
BOUNDS = day_bounds(DAYS, PACIFIC)


def counter(*pairs: tuple[str, float]) -> Points:
    frames = [({"date_time": iso(at(f"2025-03-{time}"))}, value) for time, value in pairs]
    return points(CALORIES, [{"calories_value": {"value": v}, "effective_time_frame": f} for f, v in frames])


def readings(stream: Stream, rows: Rows) -> Points:
    quantity = stream.quantity[0]
    return points(
        stream,
        [{quantity: {"value": v}, "effective_time_frame": {"date_time": iso(time)}} for time, v in rows],
    )


def spans(stream: Any, rows: list[tuple[datetime, datetime, str]] | Spans) -> Intervals:
    """Sleep or activity records."""
    records = []
    for start, end, name, *steps in rows:
        frame = {"time_interval": {"start_date_time": iso(start), "end_date_time": iso(end)}}
        record: dict[str, Any] = {"effective_time_frame": frame}
        if stream is SLEEP:
            record["sleep_stage_state"] = name
        else:
            record |= {"activity_name": name, "base_movement_quantity": {"value": steps[0]}}
        records.append(record)
    return intervals(stream, records)


def test_a_counter_that_goes_on_past_midnight_is_not_counted_twice() -> None:
    energy = active_energy(
        counter(("05 23:30", 300), ("06 00:30", 310), ("06 01:00", 0), ("06 09:00", 50)), BOUNDS
    )
    assert energy.tolist() == [300, 60]


def test_after_a_long_pause_across_midnight_the_counter_has_begun_anew() -> None:
    energy = active_energy(counter(("05 20:00", 100), ("06 09:00", 150)), BOUNDS)
    assert energy.tolist() == [100, 150]


def test_a_slip_of_the_counter_is_no_set_back() -> None:
    pairs = [("05 08:00", 100), ("05 09:00", 200), ("05 10:00", 199), ("05 11:00", 300), ("05 12:00", 299)]
    energy = active_energy(counter(*pairs, ("05 13:00", 400), ("05 14:00", 30), ("05 15:00", 60)), BOUNDS)
    assert energy[0] == 400 + 60


def test_a_fall_across_midnight_is_the_daily_set_back() -> None:
    energy = active_energy(
        counter(("05 23:00", 55), ("05 23:40", 60), ("06 00:30", 40), ("06 08:00", 200)), BOUNDS
    )
    assert energy.tolist() == [60, 200]


def test_a_long_pause_within_a_day_changes_nothing() -> None:
    energy = active_energy(counter(("05 08:00", 100), ("05 20:00", 150)), BOUNDS)
    assert energy[0] == 150
    assert np.isnan(energy[1])


def test_records_without_length_keep_their_steps() -> None:
    noon = at("2025-03-05 12:00")
    moved = movement(spans(ACTIVITY, [(noon, noon, "walking", 30)]), (), BOUNDS)
    assert moved.steps.tolist() == [30, 0]
    assert moved.hours.tolist() == [0, 0]


def test_overlapping_segments_count_once() -> None:
    night = [
        (at("2025-03-05 00:00"), at("2025-03-05 04:00"), "light"),
        (at("2025-03-05 02:00"), at("2025-03-05 06:00"), "deep"),
    ]
    (found,) = nights(spans(SLEEP, night), PACIFIC)
    assert (found.light, found.deep, found.asleep, found.in_bed) == (4, 2, 6, 6)


def test_a_pause_of_more_than_three_hours_begins_another_sleep() -> None:
    parts = [
        (at("2025-03-05 00:00"), at("2025-03-05 05:00"), "light"),
        (at("2025-03-05 08:00"), at("2025-03-05 09:00"), "light"),  # three hours: still the night
        (at("2025-03-05 14:00"), at("2025-03-05 18:30"), "light"),  # a long nap
        (at("2025-03-05 22:30"), at("2025-03-06 00:30"), "light"),  # too short for a night
    ]
    found = nights(spans(SLEEP, parts), PACIFIC)
    assert [sleep.in_bed for sleep in found] == [9, 4.5, 2]
    assert [sleep.usable for sleep in found] == [True, True, False]
    assert {day: night.asleep for day, night in main_nights(found).items()} == {date(2025, 3, 5): 6}


def test_a_segment_without_a_length_parts_no_night() -> None:
    segments = [(at("2025-03-05 00:00"), at("2025-03-05 04:00"), "light")]
    segments += [(at("2025-03-05 00:10"), at("2025-03-05 00:10"), "awake")]
    segments += [(at("2025-03-05 04:00"), at("2025-03-05 06:00"), "deep")]
    (found,) = nights(spans(SLEEP, segments), PACIFIC)
    assert found.asleep == 6


def test_a_night_without_sleep_is_none() -> None:
    lying = [(at("2025-03-05 00:00"), at("2025-03-05 06:00"), "awake")]
    assert main_nights(nights(spans(SLEEP, lying), PACIFIC)) == {}


@pytest.mark.parametrize(("hours", "usable"), [(2.9, False), (3, True), (14, True), (14.1, False)])
def test_how_long_a_night_is(hours: float, usable: bool) -> None:
    start = np.datetime64("2025-03-05T08:00:00")
    end = start + np.timedelta64(round(hours * 3600), "s")
    sleep = Intervals(
        np.array([start]), np.array([end]), np.array(["light"], dtype=object), np.array([np.nan])
    )
    assert nights(sleep, PACIFIC)[0].usable is usable


def worn_day(sleep: Intervals | None = None, **streams: Rows) -> dict[str, float]:
    """Features of Wednesday with heart rate all day and the given streams."""
    heart = every(at("2025-03-05 00:00"), 5, [60] * 288)
    by_name = {stream.name: stream for stream in STREAMS}
    given = {name: readings(by_name[name], rows) for name, rows in ({"heart_rate": heart} | streams).items()}
    names = ("glucose", "heart_rate", "stress", "respiratory_rate", "oxygen_saturation", "calories")
    all_points = {name: given.get(name, no_points()) for name in names}
    window = Window(BOUNDS[0], BOUNDS[1], "visit")
    worn = Worn(window, PACIFIC, all_points, no_intervals(), sleep or no_intervals())
    return dict(day_table(worn).loc["2025-03-05"])


@pytest.mark.parametrize(
    ("begin", "end", "asleep"),
    [
        ("2025-03-05 00:00", "2025-03-06 00:00", None),  # the window cuts the night in two
        ("2025-03-04 12:00", "2025-03-06 00:00", 8.0),
        ("2025-03-04 12:00", "2025-03-05 04:00", None),
    ],
)
def test_a_night_that_the_window_cuts_is_no_shorter_night(begin: str, end: str, asleep: float | None) -> None:
    night = [(at("2025-03-04 22:00"), at("2025-03-05 02:00"), "light")]
    night += [(at("2025-03-05 02:00"), at("2025-03-05 06:00"), "deep")]
    inside = [np.datetime64(iso(at(time)).rstrip("Z"), "s") for time in (begin, end)]
    recorded = spans(SLEEP, [(at("2025-03-01 22:00"), at("2025-03-02 06:00"), "light"), *night])
    touched = touching(recorded, *inside)
    assert touched.starts.tolist() == recorded.starts[1:].tolist(), "one that lies elsewhere is left out"
    names = ("glucose", "heart_rate", "stress", "respiratory_rate", "oxygen_saturation", "calories")
    sitting = spans(ACTIVITY, [(at("2025-03-04 12:00"), at("2025-03-05 12:00"), "sedentary", 0)])
    window = Window(inside[0], inside[1], "visit")
    worn = Worn(window, PACIFIC, {name: no_points() for name in names}, sitting, touched)
    found = worn.nights.get(date(2025, 3, 5))
    assert (None if found is None else found.asleep) == asleep
    assert worn.sleeps[0].asleep == 8, "its hours are sleep all the same, not sitting"


def clock_change(day: str, slots: int) -> float:
    """Mean glucose of the night of a day on which the clocks change, with so many readings in it."""
    first_day = np.datetime64(day, "D")
    bounds = day_bounds(np.array([first_day, first_day + 1]), PACIFIC)
    times = bounds[0] + np.arange(slots) * np.timedelta64(300, "s")
    codes = np.zeros(slots, dtype=np.int8)
    names = ("heart_rate", "stress", "respiratory_rate", "oxygen_saturation", "calories")
    given = {"glucose": Points(times, np.full(slots, 110.0), codes, codes)}
    worn = Worn(
        Window(bounds[0], bounds[1], "visit"),
        PACIFIC,
        given | {name: no_points() for name in names},
        no_intervals(),
        no_intervals(),
    )
    return float(day_table(worn).loc[day, "glucose_night_mean"])


@pytest.mark.parametrize(("day", "hours"), [("2025-03-09", 5), ("2025-11-02", 7), ("2025-03-12", 6)])
def test_the_night_of_a_clock_change_is_as_long_as_it_is(day: str, hours: int) -> None:
    fewest = int(np.ceil(0.7 * hours * 12))
    assert clock_change(day, fewest) == 110
    assert np.isnan(clock_change(day, fewest - 1))


def test_stress_needs_two_hours_of_readings() -> None:
    assert worn_day(stress=every(at("2025-03-05 09:00"), 1, [40] * 120))["stress_mean"] == 40
    assert np.isnan(worn_day(stress=every(at("2025-03-05 09:00"), 1, [40] * 115))["stress_mean"])


def test_daytime_stress_is_from_8_to_22_oclock() -> None:
    rows = every(at("2025-03-05 04:00"), 5, [90] * 48) + every(at("2025-03-05 08:00"), 5, [30] * 168)
    day = worn_day(stress=[*rows, *every(at("2025-03-05 22:00"), 5, [90] * 24)])
    assert day["stress_daytime"] == 30
    assert day["stress_mean"] == 30 + 60 * 72 / 240


def test_stress_by_night_only_has_no_daytime_mean() -> None:
    day = worn_day(stress=every(at("2025-03-05 00:00"), 1, [40] * 180))
    assert day["stress_mean"] == 40
    assert np.isnan(day["stress_daytime"])


def test_breathing_needs_an_hour_of_the_night() -> None:
    night = spans(SLEEP, [(at("2025-03-05 00:00"), at("2025-03-05 06:00"), "light")])
    for minutes, known in ((60, True), (50, False)):
        breaths = every(at("2025-03-05 01:00"), 1, [14] * minutes)
        day = worn_day(night, respiratory_rate=breaths, oxygen_saturation=breaths)
        assert np.isfinite(day["respiratory_rate"]) == known
    late = every(at("2025-03-05 12:00"), 1, [14] * 600)
    assert np.isnan(worn_day(night, respiratory_rate=late)["respiratory_rate"])


def test_ten_hours_of_heart_rate_make_a_day_of_wear() -> None:
    for pieces, worn in ((120, True), (119, False)):
        day = worn_day(heart_rate=every(at("2025-03-05 00:00"), 5, [60] * pieces))
        assert bool(day["worn"]) is worn
        assert np.isfinite(day["heart_rate_mean"]) == worn


def test_seventy_percent_of_glucose_make_a_day_of_glucose() -> None:
    for slots, enough in ((202, True), (201, False)):
        frames = [
            {"time_interval": {"start_date_time": iso(time)}}
            for time, _ in every(at("2025-03-05 00:00"), 5, [1] * slots)
        ]
        glucose = points(
            GLUCOSE,
            [{"blood_glucose": {"value": 110}, "effective_time_frame": frame} for frame in frames],
        )
        all_points = dict.fromkeys(
            ("heart_rate", "stress", "respiratory_rate", "oxygen_saturation", "calories"), no_points()
        )
        window = Window(BOUNDS[0], BOUNDS[1], "visit")
        worn = Worn(window, PACIFIC, {"glucose": glucose, **all_points}, no_intervals(), no_intervals())
        day = day_table(worn).loc["2025-03-05"]
        assert bool(day["glucose_enough"]) is enough
        assert np.isfinite(day["glucose_mean"]) == enough
