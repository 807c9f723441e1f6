"""What the day-level model says comes out of the written files by a small direct computation."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest

from sensecf_core.aireadi.synthetic.population.settings import Settings
from sensecf_core.aireadi.synthetic.signals.clock import ZONES
from tests.aireadi.synthetic.conftest import Making, Release


def table(release: Release, stream: str, person: str, key: str | None) -> pd.DataFrame:
    """One stream with local start and end, duration in minutes, and value."""
    zone = ZoneInfo(ZONES[release.truth.people.loc[person, "clinical_site"]])
    rows = []
    for record in release.records(stream, person):
        frame = record.get("effective_time_frame") or record["sleep_stage_time_frame"]
        span = frame.get("time_interval") or dict.fromkeys(
            ("start_date_time", "end_date_time"), frame["date_time"]
        )
        name = record.get("activity_name") or record.get("sleep_stage_state")
        rows.append(
            (span["start_date_time"], span["end_date_time"], record[key]["value"] if key else None, name)
        )
    made = pd.DataFrame(rows, columns=["start", "end", "value", "name"])
    for edge in ("start", "end"):
        made[edge] = pd.to_datetime(made[edge], utc=True).dt.tz_convert(zone)
    made["minutes"] = (made["end"] - made["start"]).dt.total_seconds() / 60
    made["date"] = made["end"].dt.tz_localize(None).dt.normalize()
    return made


@pytest.fixture(scope="module")
def release(making: Making) -> Release:
    return making(Settings(n=16, days=4, seed=11, layout="v3"))


def truth(release: Release, person: str) -> pd.DataFrame:
    days = release.truth.days.loc[person]
    return days[days["whole"] & (days["off_minutes"] < 300)]


def worst(release: Release, streams: tuple[str, ...], computed: object, column: str) -> float:
    """Largest difference over people and whole, well worn days."""
    people = release.having(*streams)
    assert len(people) >= 3
    differences = []
    for person in people:
        found = computed(release, person)  # type: ignore[operator]
        days = truth(release, person)
        days = days[days["night_worn"]]
        differences += list((found.reindex(days.index) - days[column]).abs())
    assert len(differences) > 5
    assert not np.isnan(differences).any()
    return float(max(differences))


def test_steps_and_active_minutes(release: Release) -> None:
    def steps(release: Release, person: str) -> pd.Series:
        moved = table(release, "activity", person, "base_movement_quantity")
        moved["date"] = moved["start"].dt.tz_localize(None).dt.normalize()
        return moved.groupby("date")["value"].sum()

    def active(release: Release, person: str) -> pd.Series:
        moved = table(release, "activity", person, "base_movement_quantity")
        moved = moved[moved["name"].isin(("walking", "running"))]
        moved["date"] = moved["start"].dt.tz_localize(None).dt.normalize()
        return moved.groupby("date")["minutes"].sum()

    assert worst(release, ("activity",), steps, "steps") <= 60
    assert worst(release, ("activity",), active, "active_minutes") <= 15


def test_resting_heart_rate(release: Release) -> None:
    def resting(release: Release, person: str) -> pd.Series:
        beats = table(release, "heart_rate", person, "heart_rate")
        return beats[beats["value"] > 0].groupby("date")["value"].quantile(0.05)

    assert worst(release, ("heart_rate", "sleep"), resting, "resting_heart_rate") < 2.0


def test_stress_while_awake(release: Release) -> None:
    def stress(release: Release, person: str) -> pd.Series:
        readings = table(release, "stress", person, "stress")
        readings = readings[readings["value"] >= 0]
        asleep = np.zeros(len(readings), dtype=bool)
        for night in table(release, "sleep", person, None).itertuples():
            asleep |= ((readings["start"] >= night.start) & (readings["start"] < night.end)).to_numpy()
        return readings[~asleep].groupby("date")["value"].mean()

    # The lost last segment of a night counts as awake here, a few minutes of a day.
    assert worst(release, ("stress", "sleep"), stress, "stress") < 1.5


def test_sleep_without_the_lost_segment(release: Release) -> None:
    def asleep(release: Release, person: str) -> pd.Series:
        night = table(release, "sleep", person, None)
        gap = night["start"].diff().dt.total_seconds() > 3 * 3600
        night["night"] = gap.cumsum()
        stages = night[night["name"] != "awake"]
        made = stages.groupby("night")["minutes"].sum()
        made.index = night.groupby("night")["date"].max()
        lost = release.truth.days.loc[person, "last_segment"]
        return made + lost.reindex(made.index)

    assert worst(release, ("sleep",), asleep, "sleep") == 0


def test_glucose_calories_and_oxygen(release: Release) -> None:
    def glucose(release: Release, person: str) -> pd.Series:
        readings = table(release, "glucose", person, "blood_glucose")
        return readings.groupby("date")["value"].mean()

    def calories(release: Release, person: str) -> pd.Series:
        return table(release, "calories", person, "calories_value").groupby("date")["value"].max()

    def oxygen(release: Release, person: str) -> pd.Series:
        readings = table(release, "oxygen_saturation", person, "oxygen_saturation")
        late = readings["start"].dt.hour >= 18
        readings["date"] = readings["date"] + pd.to_timedelta(late.astype(int), unit="D")
        return readings.groupby("date")["value"].mean()

    assert worst(release, ("glucose",), glucose, "glucose_mean") < 6
    assert worst(release, ("calories", "activity"), calories, "active_kcal") <= 1
    assert worst(release, ("oxygen_saturation",), oxygen, "night_oxygen") < 0.8
