from __future__ import annotations

from datetime import date

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from sensecf_core.aireadi.features.window import Window, window
from sensecf_core.aireadi.release.intervals import Intervals
from sensecf_core.aireadi.release.readings import Points, no_points, points
from sensecf_core.aireadi.release.streams import GLUCOSE
from sensecf_core.aireadi.release.timestamps import CENTRAL, PACIFIC, choose_zone, day_bounds, local, parse
from tests.aireadi.conftest import NOW

NONE = np.array([], dtype="datetime64[s]")


def sensed(*stamps: str) -> Points:
    frames = [{"time_interval": {"start_date_time": stamp}} for stamp in stamps]
    return points(GLUCOSE, [{"blood_glucose": {"value": 100}, "effective_time_frame": f} for f in frames])


def moments(*stamps: str) -> list[np.datetime64]:
    return [np.datetime64(stamp) for stamp in stamps]


def test_glucose_sets_the_window_from_the_visit_on() -> None:
    glucose = sensed(
        "1991-01-01T00:00:00Z", "2025-03-04T20:00:00Z", "2025-03-14T20:00:00Z", "2031-01-01T00:00:00Z"
    )
    chosen = window(glucose, NONE, date(2025, 3, 5), PACIFIC, NOW)
    assert [chosen.start, chosen.end] == moments("2025-03-05T08:00:00", "2025-03-14T20:05:00")
    assert (chosen.source, chosen.note) == ("glucose", None)
    assert len(chosen.days(PACIFIC)) == 10


def test_a_visit_after_the_last_reading_is_not_believed() -> None:
    glucose = sensed("2025-03-04T20:00:00Z", "2025-03-14T20:00:00Z")
    chosen = window(glucose, NONE, date(2025, 6, 1), PACIFIC, NOW)
    assert chosen.start == np.datetime64("2025-03-04T20:00:00")
    assert chosen.note is not None


def test_without_glucose_fourteen_days_from_the_visit_count() -> None:
    chosen = window(no_points(), NONE, date(2025, 3, 1), CENTRAL, NOW)  # over a clock change
    assert [chosen.start, chosen.end] == moments("2025-03-01T06:00:00", "2025-03-15T05:00:00")
    assert len(chosen.days(CENTRAL)) == 14


def test_with_neither_the_band_decides() -> None:
    worn = parse(["2025-03-01T10:00:00Z", "1991-01-01T00:00:00Z"])
    chosen = window(no_points(), worn, None, CENTRAL, NOW)
    assert [chosen.start, chosen.end] == moments("2025-03-01T10:00:00", "2025-03-15T10:00:00")
    assert chosen.source == "wearable"


def test_with_nothing_there_are_no_days() -> None:
    chosen = window(no_points(), NONE, None, CENTRAL, NOW)
    assert chosen.source == "none"
    assert len(chosen.days(CENTRAL)) == 0


def test_days_of_a_clock_change_are_as_long_as_they_are() -> None:
    days = np.arange(np.datetime64("2024-03-09"), np.datetime64("2024-03-12"))
    assert (np.diff(day_bounds(days, CENTRAL)).astype(int) / 3600).tolist() == [24, 23, 24]
    days = np.arange(np.datetime64("2024-11-02"), np.datetime64("2024-11-05"))
    assert (np.diff(day_bounds(days, PACIFIC)).astype(int) / 3600).tolist() == [24, 25, 24]


def test_summer_and_winter_time() -> None:
    times = parse(["2025-01-15T12:00:00Z", "2025-07-15T12:00:00Z"])
    assert [str(time)[11:13] for time in local(times, PACIFIC)] == ["04", "05"]


@pytest.mark.parametrize(
    ("header", "site", "expected", "doubtful"),
    [
        (["pst", None], "UCSD", "America/Los_Angeles", False),
        ([None], "UAB", "America/Chicago", False),
        (["cst"], "UW", "America/Chicago", True),
        (["cst", "pst"], "UW", "America/Los_Angeles", True),
        (["cst"], "", "America/Chicago", False),
        ([], "", "UTC", True),
        (["mars"], "", "UTC", True),
    ],
)
def test_zone(header: list[str | None], site: str, expected: str, doubtful: bool) -> None:
    chosen, note = choose_zone(header, site)
    assert (chosen.key, note is not None) == (expected, doubtful)


@settings(deadline=None, max_examples=60)
@given(st.lists(st.datetimes(min_value=np.datetime64("1980-01-01").astype("M8[us]").item()), max_size=5))
def test_every_way_to_write_a_time_is_read_alike(times: list[object]) -> None:
    plain = [f"{time:%Y-%m-%dT%H:%M:%S}".rjust(19, "0") for time in times]
    expected = [np.datetime64(text, "s") for text in plain]
    for form in (plain, [f"{text}Z" for text in plain], [text.replace("T", " ") for text in plain]):
        assert parse(form).tolist() == [instant.item() for instant in expected]
    assert parse([*plain, None])[:-1].tolist() == [instant.item() for instant in expected]


def test_records_that_reach_out_of_the_window_are_left_out() -> None:
    edges = parse([f"2025-03-05T{hour:02d}:00:00Z" for hour in range(5)])
    spans = Intervals(edges[:-1], edges[1:], np.array(["light"] * 4, dtype=object), np.zeros(4))
    chosen = Window(edges[1], edges[3] + np.timedelta64(30, "m"), "visit").intervals(spans)
    assert chosen.starts.tolist() == edges[1:3].tolist()


def test_readings_from_the_start_up_to_the_end_are_inside() -> None:
    glucose = sensed(*(f"2025-03-05T10:{minute:02d}:00Z" for minute in range(0, 20, 5)))
    chosen = Window(glucose.times[1], glucose.times[3], "visit").points(glucose)
    assert chosen.times.tolist() == glucose.times[1:3].tolist()
