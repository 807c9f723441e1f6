"""What each sensor stream is: where its files lie, how its records look, which values can be true."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from sensecf_core.cohorts.aireadi.release import GLUCOSE as GLUCOSE_AREA
from sensecf_core.cohorts.aireadi.release import WEARABLE
from sensecf_core.errors import unknown

Shape = Literal["points", "sleep", "activity"]


@dataclass(frozen=True)
class Stream:
    """One sensor stream of a release.

    Attributes
    ----------
    folders : names of its folder below ``area``; the first is the usual one.
    path_column, count_column : its columns in the area's ``manifest.tsv``.
    body : key of the record list below ``body``.
    quantity : keys under which a record keeps its value; the first is today's.
    low, high : readings outside are errors; at or below ``not_worn`` (see ``readings``) they are sentinels.
    longest_gap : minutes without a valid reading beyond which there is a gap.
    """

    name: str
    label: str
    unit: str
    shape: Shape
    area: str
    folders: tuple[str, ...]
    path_column: str
    count_column: str
    body: str
    quantity: tuple[str, ...]
    low: float
    high: float
    longest_gap: int


HEART_RATE = Stream(
    "heart_rate", "heart rate", "beats/min", "points", WEARABLE, ("heart_rate",),
    "heartrate_filepath", "heartrate_record_count", "heart_rate", ("heart_rate",), 30, 220, 60,
)  # fmt: skip
OXYGEN = Stream(
    "oxygen_saturation", "oxygen saturation", "%", "points", WEARABLE, ("oxygen_saturation",),
    "oxygen_saturation_filepath", "oxygen_saturation_record_count", "breathing", ("oxygen_saturation",),
    70, 100, 36 * 60,
)  # fmt: skip
RESPIRATION = Stream(
    "respiratory_rate", "respiratory rate", "breaths/min", "points", WEARABLE, ("respiratory_rate",),
    "respiratory_rate_filepath", "respiratory_rate_record_count", "breathing", ("respiratory_rate",),
    0.01, 50, 60,
)  # fmt: skip
STRESS = Stream(
    "stress", "stress", "0-100", "points", WEARABLE, ("stress",),
    "stress_level_filepath", "stress_level_record_count", "stress", ("stress",), 0, 100, 60,
)  # fmt: skip
CALORIES = Stream(
    "calories", "active calories", "kcal", "points", WEARABLE,
    ("physical_activity_calorie", "physical_activity_cal"),
    "active_calories_filepath", "active_calories_record_count", "activity", ("calories_value", "duration"),
    0, 20_000, 24 * 60,
)  # fmt: skip
ACTIVITY = Stream(
    "activity", "activity", "steps", "activity", WEARABLE, ("physical_activity",),
    "physical_activity_filepath", "physical_activity_num_records", "activity", ("base_movement_quantity",),
    0, 100_000, 24 * 60,
)  # fmt: skip
SLEEP = Stream(
    "sleep", "sleep", "stage", "sleep", WEARABLE, ("sleep",),
    "sleep_filepath", "sleep_record_count", "sleep", ("sleep_stage_state",), 0, 24, 36 * 60,
)  # fmt: skip
GLUCOSE = Stream(
    "glucose", "glucose", "mg/dL", "points", GLUCOSE_AREA, ("continuous_glucose_monitoring",),
    "glucose_filepath", "glucose_level_record_count", "cgm", ("blood_glucose",), 39, 401, 15,
)  # fmt: skip

STREAMS = (GLUCOSE, HEART_RATE, STRESS, RESPIRATION, OXYGEN, ACTIVITY, CALORIES, SLEEP)
"""All streams; glucose first, because it sets the window of the others."""


def stream(name: str) -> Stream:
    """Return the stream called ``name``; raises ``InputError`` with the near matches."""
    for one in STREAMS:
        if one.name == name:
            return one
    raise unknown("stream", name, [one.name for one in STREAMS])
