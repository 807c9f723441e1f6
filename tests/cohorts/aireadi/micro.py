"""Micro-releases of invented people (ids 9xxxxx), in the layouts of versions 1, 2 and 3, by hand."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from sensecf_core.cohorts.aireadi.streams import STREAMS, Stream, stream

PACIFIC, CENTRAL = ZoneInfo("America/Los_Angeles"), ZoneInfo("America/Chicago")
FILE_ENDS = {
    "heart_rate": "heartrate", "oxygen_saturation": "oxygensaturation", "stress": "stress",
    "respiratory_rate": "respiratoryrate", "activity": "activity", "calories": "calorie",
    "sleep": "sleep", "glucose": "DEX",
}  # fmt: skip
WEARABLE, GLUCOSE = "wearable_activity_monitor", "wearable_blood_glucose"
Rows = list[tuple[datetime, Any]]
Spans = list[tuple[datetime, datetime, str, Any]]


def at(text: str, zone: ZoneInfo = PACIFIC, fold: int = 0) -> datetime:
    """UTC instant of a local wall-clock time."""
    return datetime.fromisoformat(text).replace(tzinfo=zone, fold=fold).astimezone(UTC)


def every(start: datetime, minutes: float, values: Iterable[Any]) -> Rows:
    """Readings one after another."""
    return [(start + timedelta(minutes=minutes * i), value) for i, value in enumerate(values)]


@dataclass
class Person:
    """One invented participant; streams that are not named have no file."""

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
    told = {"title": [{"titleValue": title}], "version": version or f"{layout[1]}.0.0-synthetic"}
    (root / "dataset_description.json").write_text(json.dumps(told))
    _participants(root, people, layout)
    for name in (WEARABLE, GLUCOSE):
        place = root / name / name if doubled else root / name
        place.mkdir(parents=True)
        _manifest(place, name, people, layout)
        for person in people:
            for one in STREAMS:
                if one.area == name:
                    _stream_file(place, one, person, layout, indent)
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
        for one in people:
            known = [one.id, one.site, one.group, one.age, one.visit, one.split]
            writer.writerow([*known, *["TRUE"] * 8, "FALSE", "kept"])


def _id_column(layout: str) -> str:
    return "person_id" if layout == "v3" else "participant_id"


def _manifest(place: Path, name: str, people: Sequence[Person], layout: str) -> None:
    streams = [one for one in STREAMS if one.area == name]
    columns = [_id_column(layout)]
    for one in streams:
        columns += [one.path_column, one.count_column, f"average_{one.name}"]
    with (place / "manifest.tsv").open("w", newline="") as file:
        writer = csv.writer(file, delimiter="\t")
        writer.writerow(columns)
        for person in people:
            cells = [person.id]
            for one in streams:
                there = one.name in person.streams or one.name in person.raw
                usual = f"/{path_of(one, person.id)}" if there else "None"
                count = str(len(person.streams.get(one.name, []))) if there else "None"
                cells += [person.listed.get(one.name, usual), count, "-1.7"]
            writer.writerow(cells)


def path_of(one: Stream, person: str) -> str:
    """Path of a file as manifests give it, without the leading slash."""
    device = "dexcom_g6" if one.name == "glucose" else "garmin_vivosmart5"
    return f"{one.area}/{one.folders[0]}/{device}/{person}/{person}_{FILE_ENDS[one.name]}.json"


def _stream_file(place: Path, one: Stream, person: Person, layout: str, indent: int | None) -> None:
    path = place.parent / path_of(one, person.id)
    if place.name == place.parent.name:
        path = place / Path(*Path(path_of(one, person.id)).parts[1:])
    if one.name in person.raw:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(person.raw[one.name])
    elif one.name in person.streams:
        path.parent.mkdir(parents=True, exist_ok=True)
        records = [_record(one.name, row, layout) for row in person.streams[one.name]]
        body: Any = records if one.name == "glucose" and layout == "v1" else {one.body: records}
        header = {"uuid": f"AIREADI-{person.id}", "creation_date_time": "2025-08-14T03:22:10Z"}
        if layout == "v3":
            header["timezone"] = "cst" if person.site == "UAB" else "pst"
        path.write_text(json.dumps({"header": header, "body": body}, indent=indent))


def iso(time: datetime | str, layout: str = "v3", activity: bool = False) -> str:
    """A time as the layout writes it; text is taken as it is."""
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
    quantity = {"value": value, "unit": stream(name).unit}
    return {stream(name).quantity[0]: quantity, "effective_time_frame": {"date_time": time}}


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
    """Write the clinical tables; measurement with the index columns without a name that v3 has."""
    folder = root / "clinical_data"
    folder.mkdir(exist_ok=True)
    columns = {
        "measurement": MEASUREMENT,
        "observation": OBSERVATION,
        "condition_occurrence": CONDITION,
        "visit_occurrence": VISIT,
        "person": PERSON,
    }
    for name, known in columns.items():
        extra = ["", "X"] if name == "measurement" else []
        with (folder / f"{name}.csv").open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow([*extra, *known])
            for number, row in enumerate(tables.get(name, []), 1):
                cells = [row.get(column, "") for column in known]
                writer.writerow([*[str(number)] * len(extra), *cells])
