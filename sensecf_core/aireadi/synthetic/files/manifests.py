"""The manifests and ``participants.tsv``: the lists that a reader starts from.

Averages include sentinels, as in the real pipeline, so readers should ignore them. Missing cells have the
text ``None``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from sensecf_core.aireadi.synthetic.files import documents
from sensecf_core.aireadi.synthetic.signals.clock import Stream

NONE = "None"
Row = dict[str, str]
BAND_COLUMNS = {
    "heart_rate": ("heartrate_filepath", "heartrate_record_count", "average_heartrate_bpm"),
    "oxygen_saturation": (
        "oxygen_saturation_filepath",
        "oxygen_saturation_record_count",
        "average_oxygen_saturation_pct",
    ),
    "stress": ("stress_level_filepath", "stress_level_record_count", "average_stress_level"),
    "sleep": ("sleep_filepath", "sleep_record_count", "average_sleep_hours"),
    "respiratory_rate": (
        "respiratory_rate_filepath",
        "respiratory_rate_record_count",
        "average_respiratory_rate_bpm",
    ),
    "activity": ("physical_activity_filepath", "physical_activity_num_days", "average_daily_activity"),
    "calories": ("active_calories_filepath", "active_calories_record_count", "average_active_calories_kcal"),
}
OLD_COUNT = "physical_activity_num_records"
MODALITIES = (
    "cardiac_ecg",
    "clinical_data",
    "environment",
    "retinal_flio",
    "retinal_oct",
    "retinal_octa",
    "retinal_photography",
    "wearable_activity_monitor",
    "wearable_blood_glucose",
)
WRISTS = {1: "Right", 2: "Left", 3: "Not provided", 4: "Neither (ambidextrous)"}
LOW_COUNTED_AS, HIGH_COUNTED_AS = 70, 200


def id_column(layout: str) -> str:
    """Name of the id column in a layout."""
    return "participant_id" if layout in ("v1", "v2") else "person_id"


def band_row(participant: str, streams: Mapping[str, Stream], wrist: float, hand: float, layout: str) -> Row:
    """One row of the activity monitor's manifest, 27 columns in order."""
    row = {id_column(layout): participant, "wrist_worn_on": _side(wrist), "dominant_hand": _side(hand)}
    for name, columns in BAND_COLUMNS.items():
        path, count, average = columns
        if layout == "v1" and name == "activity":
            count = OLD_COUNT
        stream = streams.get(name)
        values = (NONE, NONE, NONE) if stream is None else _band(name, stream, participant, layout)
        row |= dict(zip((path, count, average), values, strict=True))
    heart = streams.get("heart_rate")
    row["sensor_sampling_duration_days"] = NONE if heart is None else str(_dates(heart.utc))
    return row | {"manufacturer": "Garmin", "manufacturer_model_name": "Vivosmart 5"}


def _side(code: float) -> str:
    return WRISTS.get(int(code), NONE) if math.isfinite(code) else NONE


def _band(name: str, stream: Stream, participant: str, layout: str) -> tuple[str, str, str]:
    path = "/" + documents.path(name, participant)
    count = len(stream.values)
    if name == "activity" and stream.begin is not None:
        days = _dates(stream.begin)
        total = sum(_as_steps(value) for value in stream.values)
        return path, str(count if layout == "v1" else days), f"{total / max(days, 1):.2f}"
    if name == "sleep" and stream.begin is not None:
        numbers = ((stream.utc - stream.begin) / 60).tolist()
    else:
        numbers = stream.values
    return path, str(count), f"{sum(numbers) / count if count else 0:.2f}"


def _as_steps(value: Any) -> int:
    """Count a value as the real pipeline does: whole numbers, also as text; anything else is 0."""
    if isinstance(value, str):
        return int(value) if value.isdigit() else 0
    return value if isinstance(value, int) else 0


def _dates(utc: np.ndarray[Any, np.dtype[np.int64]]) -> int:
    return len(np.unique(utc // 1440))


def glucose_row(participant: str, stream: Stream, layout: str) -> Row:
    """One row of the glucose manifest, 8 columns in order."""
    counted = {"Low": LOW_COUNTED_AS, "High": HIGH_COUNTED_AS}
    values = [counted.get(value, value) for value in stream.values]
    return {
        id_column(layout): participant,
        "glucose_filepath": "/" + documents.path("glucose", participant),
        "glucose_level_record_count": str(len(values)),
        "average_glucose_level_mg_dl": repr(sum(values) / len(values)) if values else NONE,
        "glucose_sensor_sampling_duration_days": str(_dates(stream.utc)),
        "glucose_sensor_id": documents.sensor(participant),
        "manufacturer": "Dexcom",
        "manufacturer_model_name": "G6",
    }


def participants(people: pd.DataFrame, by_modality: Mapping[str, set[str]], layout: str) -> pd.DataFrame:
    """``participants.tsv``: ``by_modality`` has the ids that have files of a modality."""
    frame = pd.DataFrame(
        {
            id_column(layout): people.index,
            "clinical_site": people["clinical_site"].to_numpy(),
            "study_group": people["study_group"].to_numpy(),
            "age": people["age"].astype(int).to_numpy(),
            "study_visit_date": people["day_text"].to_numpy(),
            "recommended_split": people["recommended_split"].to_numpy(),
        }
    )
    for modality in MODALITIES:
        ids = by_modality.get(modality, set())
        frame[modality] = [
            "TRUE" if modality == "clinical_data" or person in ids else "FALSE" for person in people.index
        ]
    return frame
