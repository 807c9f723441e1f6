"""The sensor streams: where their files lie, what their records look like, which values are plausible."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from sensecf_core.aireadi.release.locate import GLUCOSE as GLUCOSE_AREA, WEARABLE

MG_PER_MMOL = 18.01559
"""Glucose in mg/dL per mmol/L, as in Tidepool's viewer (molar mass 180.1559 g/mol)."""

Shape = Literal["points", "sleep", "activity"]


@dataclass(frozen=True, kw_only=True)
class Stream:
    """One sensor stream of a release.

    Attributes
    ----------
    area, folders : part of the release, and possible names of the stream's folder in it, the usual one first.
    path_column, count_column : its columns in the area's ``manifest.tsv``.
    body : key of the record list below ``body``.
    quantity : possible keys of a record's value, the current one first.
    longest_gap : a longer pause between valid readings, in minutes, counts as a gap.
    low, high : values outside are errors, except the sentinels ``not_worn`` and ``motion``.
    not_worn : values up to this one mean that the band was off the wrist, or that there was no reading.
    motion : the value that means too much motion.
    censored : whether the sensor reports "Low" and "High", which count as ``low`` and ``high``.
    unit : the unit of the values; given for glucose alone, the only stream that comes in two.
    units : by unit, in lower case without spaces, what a value is multiplied with to be in ``unit``.
    """

    name: str
    label: str
    shape: Shape = "points"
    area: str = WEARABLE
    folders: tuple[str, ...]
    path_column: str
    count_column: str
    body: str
    quantity: tuple[str, ...]
    longest_gap: int
    low: float = -math.inf
    high: float = math.inf
    not_worn: float = -math.inf
    motion: float | None = None
    censored: bool = False
    unit: str = ""
    units: tuple[tuple[str, float], ...] = ()


GLUCOSE = Stream(
    name="glucose", label="glucose", area=GLUCOSE_AREA, folders=("continuous_glucose_monitoring",),
    path_column="glucose_filepath", count_column="glucose_level_record_count",
    body="cgm", quantity=("blood_glucose",), longest_gap=15, low=39, high=401, censored=True,
    unit="mg/dL", units=(("mg/dl", 1), ("mgdl", 1), ("mmol/l", MG_PER_MMOL), ("mmoll", MG_PER_MMOL)),
)  # fmt: skip
HEART_RATE = Stream(
    name="heart_rate", label="heart rate", folders=("heart_rate",),
    path_column="heartrate_filepath", count_column="heartrate_record_count",
    body="heart_rate", quantity=("heart_rate",), longest_gap=60, low=30, high=220, not_worn=0,
)  # fmt: skip
STRESS = Stream(
    name="stress", label="stress", folders=("stress",),
    path_column="stress_level_filepath", count_column="stress_level_record_count",
    body="stress", quantity=("stress",), longest_gap=60, low=0, high=100, not_worn=-1, motion=-2,
)  # fmt: skip
RESPIRATION = Stream(
    name="respiratory_rate", label="respiratory rate", folders=("respiratory_rate",),
    path_column="respiratory_rate_filepath", count_column="respiratory_rate_record_count",
    body="breathing", quantity=("respiratory_rate",), longest_gap=60, high=50, not_worn=0, motion=-2,
)  # fmt: skip
OXYGEN = Stream(
    name="oxygen_saturation", label="oxygen saturation", folders=("oxygen_saturation",),
    path_column="oxygen_saturation_filepath", count_column="oxygen_saturation_record_count",
    body="breathing", quantity=("oxygen_saturation",), longest_gap=36 * 60, low=70, high=100, not_worn=0,
)  # fmt: skip
ACTIVITY = Stream(
    name="activity", label="activity", shape="activity", folders=("physical_activity",),
    path_column="physical_activity_filepath", count_column="physical_activity_num_records",
    body="activity", quantity=("base_movement_quantity",), longest_gap=24 * 60, low=0, high=100_000,
)  # fmt: skip
CALORIES = Stream(
    name="calories", label="active calories", folders=("physical_activity_calorie", "physical_activity_cal"),
    path_column="active_calories_filepath", count_column="active_calories_record_count",
    body="activity", quantity=("calories_value", "duration"), longest_gap=24 * 60, low=0, high=20_000,
)  # fmt: skip
SLEEP = Stream(
    name="sleep", label="sleep", shape="sleep", folders=("sleep",),
    path_column="sleep_filepath", count_column="sleep_record_count",
    body="sleep", quantity=("sleep_stage_state",), longest_gap=36 * 60,
)  # fmt: skip

STREAMS = (GLUCOSE, HEART_RATE, STRESS, RESPIRATION, OXYGEN, ACTIVITY, CALORIES, SLEEP)
"""All streams; glucose first, because it determines the study window."""
