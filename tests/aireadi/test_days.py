"""Feature values of the micro-releases, worked out by hand (see ``people``), in every layout."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from sensecf_core.aireadi.features.participant import PersonTables
from sensecf_core.aireadi.release import locate
from sensecf_core.aireadi.release.files import FileFinder
from tests.aireadi import micro
from tests.aireadi.conftest import tables_of
from tests.aireadi.micro import at, every
from tests.aireadi.people import BEN, CAS, ann as ann_herself

WEDNESDAY = {
    # glucose: 100 x 144, 160 x 72, 200 x 36, 60 x 36 of 288 slots
    "glucose_mean": 122.5,
    "glucose_sd": (531_000 / 287) ** 0.5,
    "glucose_cv": 100 * (531_000 / 287) ** 0.5 / 122.5,
    "glucose_tir": 75.0,
    "glucose_titr": 50.0,
    "glucose_tar": 12.5,
    "glucose_tar2": 0.0,
    "glucose_tbr": 12.5,
    "glucose_tbr2": 0.0,
    "glucose_gmi": 3.31 + 0.02392 * 122.5,
    "glucose_mage": (100 + 140) / 2,  # 100 up to 200, down to 60
    "glucose_night_mean": 100.0,
    "glucose_share": 1.0,
    # heart rate: 72 x 50, 588 x 75; two hours not worn
    "resting_heart_rate": 50.0,
    "heart_rate_mean": (72 * 50 + 588 * 75) / 660,
    "heart_rate_hours": 22.0,
    # stress: 240 x 20, 120 x 60, 120 x 80
    "stress_mean": 45.0,
    "stress_daytime": 45.0,
    "stress_high": 25.0,
    "stress_raised": 50.0,
    "stress_rest": 50.0,
    # walking 30 + 10 of the 20 min across midnight, running 10
    "steps": 3000 + 1500 + 100 + 500,
    "active_minutes": 50.0,
    # 540 + 510 + 230, without 390 min in bed in the morning and 20 in the evening
    "sedentary_minutes": 870.0,
    "active_kcal": 150 + 100 + 40 + 20,
    # 23:15-02:15 light, 02:15-04:15 deep, 04:30-06:00 REM, in bed 23:00-06:30
    "sleep_hours": 6.5,
    "sleep_efficiency": 100 * 6.5 / 7.5,
    "sleep_light": 100 * 3 / 6.5,
    "sleep_deep": 100 * 2 / 6.5,
    "sleep_rem": 100 * 1.5 / 6.5,
    "sleep_awake_minutes": 15.0,
    "sleep_midpoint": 2.625,  # 02:37:30
    "sleep_midpoint_shift": 60 * (2.75 - 2.625) / 2,
    "respiratory_rate": 14.0,
    "spo2_night": (60 * 89 + 180 * 95) / 240,
    "spo2_below_90": 25.0,
    "weekend": 0,
}


def test_every_feature_of_a_day(ann: PersonTables) -> None:
    day = ann.days.loc["2025-03-05"]
    found = {name: float(day[name]) for name in WEDNESDAY}
    assert found == pytest.approx(WEDNESDAY)
    assert day["enough_wear"]
    left = set(ann.days.columns) - set(WEDNESDAY)
    assert left == {"worn", "glucose_enough", "night_recorded", "enough_wear"}


def test_a_day_with_too_little_wear_has_a_row_but_no_values(ann: PersonTables) -> None:
    assert list(ann.days.index) == ["2025-03-04", "2025-03-05", "2025-03-06"]
    tuesday, thursday = ann.days.loc["2025-03-04"], ann.days.loc["2025-03-06"]
    assert not tuesday["enough_wear"]
    assert tuesday["glucose_share"] == 0.5
    assert pd.isna([tuesday["glucose_mean"], tuesday["steps"], tuesday["active_kcal"]]).all()
    assert pd.isna(tuesday["sleep_hours"])  # the night that began on Tuesday is Wednesday's
    assert thursday["sleep_hours"] == pytest.approx(6.5)
    assert thursday["sleep_midpoint"] == pytest.approx(2.75)
    assert pd.isna(thursday["heart_rate_mean"])
    # Low, Low, Low, High, High, then 120: the night has all its 72 slots.
    assert thursday["glucose_night_mean"] == pytest.approx((3 * 39 + 2 * 401 + 67 * 120) / 72)


def test_a_person_with_one_day_of_glucose_has_no_glucose_summary(ann: PersonTables) -> None:
    assert ann.summary["glucose_days"] == 1
    assert ann.summary["enough_glucose"] is False
    assert pd.isna(ann.summary["glucose_mean"])
    assert ann.summary["steps"] == 5100
    assert ann.summary["usable_days"] == 1
    assert ann.summary["time_zone"] == "America/Los_Angeles"
    assert ann.summary["notes"] == ""
    assert pd.isna(ann.summary["sleep_midpoint_sd"])  # two nights are too few


def test_nothing_usable_is_told_and_does_not_fail(finder: FileFinder) -> None:
    ben = tables_of(finder, BEN, "UAB", date(2025, 3, 4))
    assert len(ben.days) == 14
    assert not ben.days["enough_wear"].any()
    states = dict(zip(ben.quality["stream"], ben.quality["state"], strict=True))
    assert states == {
        "glucose": "missing",
        "heart_rate": "read",
        "stress": "read",
        "respiratory_rate": "unreadable",
        "oxygen_saturation": "missing",
        "activity": "empty",
        "calories": "unreadable",
        "sleep": "empty",
    }
    heart = ben.quality.set_index("stream").loc["heart_rate"]
    assert (heart["valid"], heart["not_worn"], heart["wear_days"]) == (0, 50, 0)
    assert ben.summary["window_source"] == "visit"
    assert "no glucose" in str(ben.summary["notes"])


def test_the_day_of_a_clock_change_has_23_hours(finder: FileFinder) -> None:
    cas = tables_of(finder, CAS, "UAB", date(2024, 3, 9))
    assert list(cas.days.index) == ["2024-03-09", "2024-03-10", "2024-03-11"]
    sunday = cas.days.loc["2024-03-10"]
    assert sunday["glucose_share"] == 1.0
    assert sunday["heart_rate_hours"] == 23
    assert sunday["sleep_hours"] == pytest.approx(7)  # 23:00 to 07:00 by the clock is seven hours
    assert sunday["sleep_midpoint"] == pytest.approx(3.5)  # half way through them it is 03:30
    assert sunday["glucose_night_mean"] == 110
    assert sunday["weekend"] == 1
    assert cas.summary["time_zone"] == "America/Chicago"


def test_a_day_that_activity_records_hardly_cover_has_no_steps(tmp_path: Path) -> None:
    activity = [(at("2025-03-05 09:00"), at("2025-03-05 18:00"), "walking", 9000)]
    person = replace(ann_herself(), streams={**ann_herself().streams, "activity": activity})
    finder = FileFinder(locate.find(micro.write(tmp_path, [person])))
    found = tables_of(finder, person.id, "UW", date(2025, 3, 4))
    wednesday = found.days.loc["2025-03-05"]
    assert pd.isna(wednesday[["steps", "active_minutes", "sedentary_minutes"]].astype(float)).all()
    assert wednesday["active_kcal"] == 310


def test_a_band_that_was_worn_at_another_time_is_told(tmp_path: Path) -> None:
    later = every(at("2025-06-01 09:00"), 1, [70] * 60)
    person = replace(ann_herself(), streams={**ann_herself().streams, "heart_rate": later})
    finder = FileFinder(locate.find(micro.write(tmp_path, [person])))
    found = tables_of(finder, person.id, "UW", date(2025, 3, 4))
    assert found.summary["notes"] == "heart rate was recorded, but not in the days that count"
    assert not found.days["worn"].any()
