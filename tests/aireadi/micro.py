"""Micro-releases of invented people (ids 9xxxxx) in the layouts of versions 1, 2 and 3.

Every name is written out as in the format's description; none is imported from the loader.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

PACIFIC, CENTRAL = ZoneInfo("America/Los_Angeles"), ZoneInfo("America/Chicago")
WEARABLE, GLUCOSE = "wearable_activity_monitor", "wearable_blood_glucose"
FOLDERS = {
    "glucose": "wearable_blood_glucose/continuous_glucose_monitoring/dexcom_g6",
    "heart_rate": "wearable_activity_monitor/heart_rate/garmin_vivosmart5",
    "stress": "wearable_activity_monitor/stress/garmin_vivosmart5",
    "respiratory_rate": "wearable_activity_monitor/respiratory_rate/garmin_vivosmart5",
    "oxygen_saturation": "wearable_activity_monitor/oxygen_saturation/garmin_vivosmart5",
    "activity": "wearable_activity_monitor/physical_activity/garmin_vivosmart5",
    "calories": "wearable_activity_monitor/physical_activity_calorie/garmin_vivosmart5",
    "sleep": "wearable_activity_monitor/sleep/garmin_vivosmart5",
}
FILE_ENDS = {
    "glucose": "DEX", "heart_rate": "heartrate", "stress": "stress", "respiratory_rate": "respiratoryrate",
    "oxygen_saturation": "oxygensaturation", "activity": "activity", "calories": "calorie", "sleep": "sleep",
}  # fmt: skip
BODIES = {
    "glucose": "cgm", "heart_rate": "heart_rate", "stress": "stress", "respiratory_rate": "breathing",
    "oxygen_saturation": "breathing", "activity": "activity", "calories": "activity", "sleep": "sleep",
}  # fmt: skip
UNITS = {
    "heart_rate": "beats/min", "stress": "stress level", "respiratory_rate": "breaths/min",
    "oxygen_saturation": "%",
}  # fmt: skip
MANIFEST = {
    WEARABLE: {
        "heart_rate": ("heartrate_filepath", "heartrate_record_count", "average_heartrate_bpm"),
        "oxygen_saturation": (
            "oxygen_saturation_filepath", "oxygen_saturation_record_count", "average_oxygen_saturation_pct",
        ),
        "stress": ("stress_level_filepath", "stress_level_record_count", "average_stress_level"),
        "sleep": ("sleep_filepath", "sleep_record_count", "average_sleep_hours"),
        "respiratory_rate": (
            "respiratory_rate_filepath", "respiratory_rate_record_count", "average_respiratory_rate_bpm",
        ),
        "activity": ("physical_activity_filepath", "physical_activity_num_days", "average_daily_activity"),
        "calories": (
            "active_calories_filepath", "active_calories_record_count", "average_active_calories_kcal",
        ),
    },
    GLUCOSE: {
        "glucose": ("glucose_filepath", "glucose_level_record_count", "average_glucose_level_mg_dl"),
    },
}  # fmt: skip
"""Columns of both manifests by stream: path, count, average. In version 1 activity counts records instead."""
Rows = list[tuple[datetime, Any]]
Spans = list[tuple[datetime, datetime, str, Any]]


def at(text: str, zone: ZoneInfo = PACIFIC, fold: int = 0) -> datetime:
    """UTC instant of a local wall-clock time."""
    return datetime.fromisoformat(text).replace(tzinfo=zone, fold=fold).astimezone(UTC)


def every(start: datetime, minutes: float, values: Iterable[Any]) -> Rows:
    """Readings at regular intervals."""
    return [(start + timedelta(minutes=minutes * i), value) for i, value in enumerate(values)]


@dataclass
class Person:
    """One invented participant; other streams have no file."""

    id: str
    site: str = "UW"
    group: str = "healthy"
    age: str = "61"
    visit: str = "2025-03-04"
    split: str = "train"
    streams: dict[str, list[Any]] = field(default_factory=dict)
    raw: dict[str, str] = field(default_factory=dict)
    listed: dict[str, str] = field(default_factory=dict)


def write(
    root: Path,
    people: Sequence[Person],
    *,
    layout: str = "v3",
    doubled: bool = False,
    title: str = "SYNTHETIC micro-release",
    version: str | None = None,
    indent: int | None = None,
) -> Path:
    """Write a release and return its root (real files have ``indent=4``, which is slow to write)."""
    root.mkdir(parents=True, exist_ok=True)
    description = {"title": [{"titleValue": title}], "version": version or f"{layout[1]}.0.0-synthetic"}
    (root / "dataset_description.json").write_text(json.dumps(description))
    _participants(root, people, layout)
    for name in (WEARABLE, GLUCOSE):
        folder = root / name / name if doubled else root / name
        folder.mkdir(parents=True)
        _manifest(folder, name, people, layout)
        for person in people:
            for stream in MANIFEST[name]:
                _stream_file(folder, stream, person, layout, indent)
    clinical(root, {})
    return root


def _participants(root: Path, people: Sequence[Person], layout: str) -> None:
    flags = [
        "cardiac_ecg",
        "clinical_data",
        "environment",
        "retinal_flio",
        "retinal_oct",
        "retinal_octa",
        "retinal_photography",
        "wearable_activity_monitor",
        "wearable_blood_glucose",
    ]
    names = ["clinical_site", "study_group", "age", "study_visit_date", "recommended_split"]
    with (root / "participants.tsv").open("w", newline="") as file:
        writer = csv.writer(file, delimiter="\t")
        writer.writerow([_id_column(layout), *names, *flags, "an_unknown_column"])
        for person in people:
            cells = [person.id, person.site, person.group, person.age, person.visit, person.split]
            writer.writerow([*cells, *["TRUE"] * 8, "FALSE", "kept"])


def _id_column(layout: str) -> str:
    return "person_id" if layout == "v3" else "participant_id"


def _manifest(folder: Path, name: str, people: Sequence[Person], layout: str) -> None:
    columns = [_id_column(layout)]
    for names in MANIFEST[name].values():
        columns += names
    if layout == "v1":
        columns = [column.replace("activity_num_days", "activity_num_records") for column in columns]
    with (folder / "manifest.tsv").open("w", newline="") as file:
        writer = csv.writer(file, delimiter="\t")
        writer.writerow(columns)
        for person in people:
            cells = [person.id]
            for stream in MANIFEST[name]:
                has_file = stream in person.streams or stream in person.raw
                usual = f"/{path_of(stream, person.id)}" if has_file else "None"
                count = str(len(person.streams.get(stream, []))) if has_file else "None"
                cells += [person.listed.get(stream, usual), count, "-1.7"]
            writer.writerow(cells)


def path_of(stream: str, person: str) -> str:
    """Path of a file as manifests give it, without the leading slash."""
    return f"{FOLDERS[stream]}/{person}/{person}_{FILE_ENDS[stream]}.json"


def _stream_file(folder: Path, stream: str, person: Person, layout: str, indent: int | None) -> None:
    path = folder.parent / path_of(stream, person.id)
    if folder.name == folder.parent.name:
        path = folder / Path(*Path(path_of(stream, person.id)).parts[1:])
    if stream in person.raw:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(person.raw[stream])
    elif stream in person.streams:
        path.parent.mkdir(parents=True, exist_ok=True)
        records = [_record(stream, row, layout) for row in person.streams[stream]]
        body: Any = records if stream == "glucose" and layout == "v1" else {BODIES[stream]: records}
        header = {"uuid": f"AIREADI-{person.id}", "creation_date_time": "2025-08-14T03:22:10Z"}
        if layout == "v3":
            header["timezone"] = "cst" if person.site == "UAB" else "pst"
        path.write_text(json.dumps({"header": header, "body": body}, indent=indent))


def iso(time: datetime | str, layout: str = "v3", activity: bool = False) -> str:
    """Format a time as in the layout; text is returned unchanged."""
    if isinstance(time, str):
        return time
    return time.strftime("%Y-%m-%d %H:%M:%S" if activity and layout == "v1" else "%Y-%m-%dT%H:%M:%SZ")


def _record(name: str, row: tuple[Any, ...], layout: str) -> dict[str, Any]:
    if name == "sleep":
        return _sleep_record(row, layout)
    if name == "activity":
        start, end, kind, steps = row
        span = {"start_date_time": iso(start, layout, True), "end_date_time": iso(end, layout, True)}
        quantity = {"value": steps, "unit": "steps"}
        return {
            "activity_name": kind,
            "base_movement_quantity": quantity,
            "effective_time_frame": {"time_interval": span},
        }
    time, value = iso(row[0]), row[1]
    if name == "glucose":
        return {
            "effective_time_frame": {"time_interval": {"start_date_time": time, "end_date_time": time}},
            "event_type": "EGV",
            "source_device_id": "SYN0001",
            "blood_glucose": {"unit": "mg/dL", "value": value},
            "transmitter_time": {"unit": "long integer", "value": 7301},
            "transmitter_id": "SYN01",
        }
    if name == "calories":
        key = "duration" if layout == "v1" else "calories_value"
        quantity = {"value": value, "unit": "kcal"}
        return {"activity_name": "kcal_burned", key: quantity, "effective_time_frame": {"date_time": time}}
    return {name: {"value": value, "unit": UNITS[name]}, "effective_time_frame": {"date_time": time}}


def _sleep_record(row: tuple[Any, ...], layout: str) -> dict[str, Any]:
    start, end, stage = row[:3]
    if layout == "v1":
        hours = (end - start).total_seconds() / 3600
        return {
            "sleep_stage_state": stage,
            "sleep_duration": {"value": hours, "unit": "h"},
            "effective_time_frame": {"date_time": iso(start)},
        }
    key = "effective_time_frame" if layout == "v3" else "sleep_stage_time_frame"
    span = {"start_date_time": iso(start), "end_date_time": iso(end)}
    return {"sleep_stage_state": stage, key: {"time_interval": span}}


MEASUREMENT = [
    "measurement_id",
    "person_id",
    "measurement_concept_id",
    "measurement_date",
    "operator_concept_id",
    "value_as_number",
    "measurement_source_value",
    "value_source_value",
    "qualifier_concept_id",
]
OBSERVATION = [
    "observation_id",
    "person_id",
    "observation_concept_id",
    "observation_date",
    "value_as_number",
    "observation_source_value",
    "value_source_value",
    "qualifier_concept_id",
]
CONDITION = [
    "condition_occurrence_id",
    "person_id",
    "condition_concept_id",
    "condition_start_date",
    "condition_source_value",
]
VISIT = ["visit_occurrence_id", "person_id", "visit_start_date", "visit_source_value"]
PERSON = ["person_id", "gender_concept_id", "year_of_birth"]


def clinical(root: Path, tables: dict[str, list[dict[str, str]]]) -> None:
    """Write the clinical tables; measurement has the index columns of v3."""
    folder = root / "clinical_data"
    folder.mkdir(exist_ok=True)
    columns = {
        "measurement": MEASUREMENT,
        "observation": OBSERVATION,
        "condition_occurrence": CONDITION,
        "visit_occurrence": VISIT,
        "person": PERSON,
    }
    for name, names in columns.items():
        extra = ["", "X"] if name == "measurement" else []
        with (folder / f"{name}.csv").open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow([*extra, *names])
            for number, row in enumerate(tables.get(name, []), 1):
                cells = [row.get(column, "") for column in names]
                writer.writerow([*[str(number)] * len(extra), *cells])
