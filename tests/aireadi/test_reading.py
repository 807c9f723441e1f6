"""Readers against odd records."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from sensecf_core.aireadi.release import locate, streams
from sensecf_core.aireadi.release.files import FileFinder
from sensecf_core.aireadi.release.intervals import intervals
from sensecf_core.aireadi.release.readings import Reason, points
from sensecf_core.aireadi.release.recording import read
from sensecf_core.aireadi.release.streams import ACTIVITY, GLUCOSE, HEART_RATE, SLEEP, STRESS
from tests.aireadi import micro, people
from tests.aireadi.micro import CENTRAL, Person, at, every


def heart(value: Any, time: Any = "2025-03-05T10:00:00Z") -> dict[str, Any]:
    return {"heart_rate": {"value": value}, "effective_time_frame": {"date_time": time}}


def test_odd_records_do_not_spoil_the_others() -> None:
    odd: list[Any] = [
        heart(70),
        {"heart_rate": 71, "effective_time_frame": {"date_time": "2025-03-05T10:01:00Z"}},  # bare value
        heart("72", "2025-03-05T10:02:00.250Z"),
        heart(True, "2025-03-05T10:03:00Z"),
        heart("fast", "2025-03-05T10:04:00Z"),
        heart(None, "2025-03-05T10:05:00+00:00"),
        heart(73, "yesterday"),
        heart(73, None),
        {},
        "text",
        None,
    ]
    found = points(HEART_RATE, odd)
    assert found.values[:3].tolist() == [70, 71, 72]
    assert found.reasons[3:].tolist() == [Reason.NOT_A_NUMBER] * 3
    assert (found.records, found.without_time) == (11, 5)


def test_times_are_utc_and_the_seconds_are_cut_off() -> None:
    found = points(HEART_RATE, [heart(70, "2025-03-05T10:00:59Z"), heart(71, "2025-02-30T10:00:00Z")])
    assert found.times.tolist() == [np.datetime64("2025-03-05T10:00:00").item()]
    assert found.without_time == 1  # there is no 30th of February


@pytest.mark.parametrize("order", [(70, 0), (0, 70)])
def test_of_a_repeated_minute_the_valid_reading_counts(order: tuple[int, int]) -> None:
    found = points(HEART_RATE, [heart(value) for value in order])
    assert found.values.tolist() == [70]
    assert found.repeated == 1


def test_of_two_valid_readings_the_later_record_counts() -> None:
    assert points(HEART_RATE, [heart(70), heart(75)]).values.tolist() == [75]


def test_sentinels() -> None:
    found = points(
        STRESS, [stress_at(value, i) for i, value in enumerate([0, 100, 101, -1, -2, float("nan")])]
    )
    assert found.reasons.tolist() == [
        Reason.VALID,
        Reason.VALID,
        Reason.OUT_OF_RANGE,
        Reason.NOT_WORN,
        Reason.MOTION,
        Reason.NOT_A_NUMBER,
    ]


def test_low_and_high_are_censored(finder: FileFinder) -> None:
    found = read(finder.locate(GLUCOSE, people.ANN)).points
    assert found.values[found.censored == -1].tolist() == [39] * 3
    assert found.values[found.censored == 1].tolist() == [401] * 2


def test_the_night_on_which_clocks_go_back_is_sorted(tmp_path: Path) -> None:
    """The real pipeline treats both hours as daylight saving time: the second hour overlaps the first."""
    first = every(at("2024-11-03 00:00:05", CENTRAL), 5, [100] * 24)
    second = [(time - timedelta(seconds=20), 140) for time, _ in first[12:]]
    after = every(at("2024-11-03 02:00:05", CENTRAL), 5, [120] * 24)
    person = Person("900004", site="UAB", streams={"glucose": [*first, *second, *after]})
    found = read(FileFinder(locate.find(micro.write(tmp_path, [person]))).locate(GLUCOSE, person.id)).points
    assert (np.diff(found.times) > np.timedelta64(0, "s")).all()
    assert len(found) + found.repeated == found.records == 60


def test_a_sleep_of_version_1_has_a_length_instead_of_an_end() -> None:
    record = {
        "sleep_stage_state": "Deep",
        "sleep_duration": {"value": 0.5, "unit": "h"},
        "effective_time_frame": {"date_time": "2025-03-05T10:00:00Z"},
    }
    found = intervals(SLEEP, [record, record])
    assert found.seconds.tolist() == [1800]
    assert found.names.tolist() == ["deep"]
    assert found.repeated == 1


def test_truth_values_are_no_numbers() -> None:
    found = points(STRESS, [stress_at(True, 0), stress_at(40, 1), stress_at(False, 2)])
    assert found.reasons.tolist() == [Reason.NOT_A_NUMBER, Reason.VALID, Reason.NOT_A_NUMBER]


def glucose_at(value: Any, minute: int, unit: str | None = "mg/dL", **more: Any) -> dict[str, Any]:
    frame = {"time_interval": {"start_date_time": f"2025-03-05T10:{minute:02d}:00Z"}}
    return {"blood_glucose": {"value": value, "unit": unit}, "effective_time_frame": frame, **more}


def test_glucose_in_mmol_is_converted_and_an_unknown_unit_is_not_used() -> None:
    written = [(10.0, "mmol/L"), (180, "mg/dL"), (10, "mmol / l"), (1.8, "g/L"), (150, None)]
    records = [glucose_at(value, minute, unit) for minute, (value, unit) in enumerate(written)]
    found = points(GLUCOSE, records)
    assert found.values.round(2).tolist()[:3] == [180.16, 180, 180.16]
    assert found.reasons.tolist() == [*[Reason.VALID] * 3, Reason.NOT_A_NUMBER, Reason.VALID]
    assert "values in mmol/L are converted to mg/dL" in found.notes
    assert "values in g/L, a unit that is not known, are not used" in found.notes


def test_glucose_that_looks_like_another_unit_is_told_and_not_converted() -> None:
    found = points(GLUCOSE, [glucose_at(6.5, minute, None) for minute in range(3)])
    assert found.reasons.tolist() == [Reason.OUT_OF_RANGE] * 3
    assert any("not in mg/dL" in note for note in found.notes)


@pytest.mark.parametrize(
    ("value", "unit", "expected"),
    [
        *((word, "mg/dL", 401) for word in ("High", "HI", ">400", "> 400", "≥400")),
        *((word, "mg/dL", 39) for word in ("Low", "lo", "<40", "<= 40")),
        *((">22.2", "mmol/L", 401), ("<2.2", "mmol/L", 39)),
        *((word, "mg/dL", None) for word in ("<80", ">250", "Hungry")),
    ],
)
def test_what_a_sensor_writes_at_its_ends(value: str, unit: str, expected: float | None) -> None:
    found = points(GLUCOSE, [glucose_at(value, 0, unit)])
    if expected is None:
        assert found.reasons.tolist() == [Reason.NOT_A_NUMBER]
    else:
        assert (found.values.tolist(), abs(found.censored[0])) == ([expected], 1)


def test_events_that_are_no_readings_are_left_out_and_counted() -> None:
    events = ["EGV", "Calibration", None, "Carbs", "egv", ["odd"], " "]
    records = [glucose_at(100 + n, n, event_type=event) for n, event in enumerate(events)]
    found = points(GLUCOSE, records)
    assert found.values.tolist() == [100, 102, 104, 105, 106]
    assert (found.other_events, found.records) == (2, 7)


def test_times_in_other_forms_are_read_and_named() -> None:
    second = int(datetime(2025, 3, 5, 10, tzinfo=UTC).timestamp())
    stamps = [
        second,
        second * 1000 + 60_000,
        str(second + 120),
        "2025-03-05 10:03:00",
        "2025-03-05T10:04:00+00:00",
        (second + 300) * 1_000_000,
        str((second + 360) * 1_000_000_000),
    ]
    found = points(HEART_RATE, [heart(70 + n, stamp) for n, stamp in enumerate(stamps)])
    assert [time.isoformat()[11:16] for time in found.times.tolist()] == [f"10:0{n}" for n in range(7)]
    assert found.notes == ("times in seconds or milliseconds since 1970", "times without a zone, read as UTC")
    assert points(HEART_RATE, [heart(70, 12), heart(70, True), heart(70, 1e300)]).without_time == 3


def test_times_that_cannot_be_read_are_named_by_their_form_not_their_digits() -> None:
    found = points(HEART_RATE, [heart(70), heart(71, "03/05/2025 10:01:00 AM"), heart(72, None)])
    assert found.without_time == 2
    assert found.notes == ("times that cannot be read, such as '99/99/9999 99:99:99 AM'",)


@pytest.mark.parametrize(
    ("value", "expected", "note"),
    [
        ("110 mg/dL", 110, "mg/dL behind the number"),
        ("110,5", 110.5, "a comma for decimals"),
        ("6.1 mmol/L", None, "values in words, such as '9.9 mmol/L', are not used"),
        ("Sensor failure 12", None, "values in words, such as 'Sensor failure 99', are not used"),
        ("High Glucose", 401, ""),
        ("below 40", 39, ""),
        ("<40 mg/dL", 39, ""),
        ("below 40 mg/dL", 39, ""),
        ("> 22.2 mmol/L", 401, ""),
        ("<80 mg/dL", None, "values in words, such as '<99 mg/dL', are not used"),
        ("<40 g/L", None, "values in words, such as '<99 g/L', are not used"),
    ],
)
def test_values_written_otherwise_are_read_or_named(value: str, expected: float | None, note: str) -> None:
    found = points(GLUCOSE, [glucose_at(100, 0), glucose_at(value, 1)])
    assert found.values[found.valid].tolist() == [100, *([] if expected is None else [expected])]
    assert any(note in said for said in found.notes) if note else not found.notes


def test_stages_of_sleep_that_are_not_known_are_named() -> None:
    frame = {
        "time_interval": {"start_date_time": "2025-03-05T01:00:00Z", "end_date_time": "2025-03-05T02:00:00Z"}
    }
    found = intervals(SLEEP, [{"sleep_stage_state": "Deep sleep", "effective_time_frame": frame}])
    assert found.notes == ("sleep stages that are not known, such as 'deep sleep'",)


def stress_at(value: Any, minute: int) -> dict[str, Any]:
    time = f"2025-03-05T10:{minute:02d}:00Z"
    return {"stress": {"value": value}, "effective_time_frame": {"date_time": time}}


def walked(begin: str, end: str, steps: float) -> dict[str, Any]:
    frame = {"start_date_time": f"2025-03-05T{begin}:00Z", "end_date_time": f"2025-03-05T{end}:00Z"}
    return {
        "activity_name": "walking",
        "base_movement_quantity": {"value": steps},
        "effective_time_frame": {"time_interval": frame},
    }


def test_overlapping_activity_counts_once_and_is_told() -> None:
    records = [("12:00", "13:00", 3000), ("12:00", "13:00", 3001), ("12:30", "13:30", 3000)]
    records += [("12:40", "12:50", 500), ("13:30", "13:30", 40), ("14:00", "14:30", 100)]
    found = intervals(ACTIVITY, [walked(*record) for record in records])
    assert found.seconds.tolist() == [3600, 1800, 0, 1800]
    assert found.values.tolist() == [3000, 1500, 40, 100]
    assert (found.overlapping, found.repeated, found.records) == (3, 0, 6)
    assert (found.starts[1:] >= found.ends[:-1]).all()


def test_a_long_record_of_something_else_leaves_the_walks_in_it() -> None:
    blank = walked("08:00", "20:00", 0) | {"activity_name": ""}
    walks = [walked(f"{hour:02d}:00", f"{hour:02d}:30", 1500) for hour in range(9, 19)]
    found = intervals(ACTIVITY, [blank, *walks])
    assert found.values.sum() == 15_000 and found.overlapping == 0
    assert found.seconds[found.names == "walking"].sum() == 10 * 1800


def test_values_that_are_lists_or_beyond_all_numbers_are_no_values() -> None:
    for value in ([1, 2], [1], 10**400, {"value": 1}):
        found = points(HEART_RATE, [heart(value), heart(value, "2025-03-05T10:01:00Z")])
        assert found.reasons.tolist() == [Reason.NOT_A_NUMBER] * 2
    long = {"value": 1e300}
    frame = {"date_time": "2025-03-05T10:00:00Z"}
    spans = intervals(SLEEP, [{"sleep_duration": long, "effective_time_frame": frame}])
    assert (len(spans), spans.too_long) == (0, 1)


KEYS = ("value", "effective_time_frame", "time_interval", "date_time", "start_date_time", "end_date_time")
anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.sampled_from(("Low", "", "2025-03-05T10:00:00Z")),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=4),
    max_leaves=12,
)


@settings(deadline=None, max_examples=150)
@given(st.lists(anything, max_size=4))
def test_no_record_whatever_stops_the_reading(records: list[Any]) -> None:
    for stream in (HEART_RATE, GLUCOSE):
        found = points(stream, records)
        assert len(found) + found.without_time + found.repeated + found.other_events == len(records)
        assert np.isfinite(found.values[found.valid]).all()
    for stream in (SLEEP, streams.ACTIVITY):
        spans = intervals(stream, records)
        assert len(spans) + spans.without_time + spans.too_long + spans.repeated == len(records)
        assert (spans.ends >= spans.starts).all()
