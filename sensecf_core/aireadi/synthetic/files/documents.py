"""The JSON files of one participant, in the shapes of each layout (docs/aireadi.md, "Sensor files").

Records are filled into a template text, many times as fast as ``json.dumps`` of as many dictionaries. The
result is byte for byte what ``json.dumps(..., indent=4)`` would write, ``NaN`` included.
"""

from __future__ import annotations

import json
import math
import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sensecf_core.aireadi.synthetic.signals.clock import Minutes, Stream, text

Record = dict[str, Any]
VALUE, TIME, BEGIN, EXTRA = "@value@", "@time@", "@begin@", "@extra@"
BODY = "@body@"
SENSOR, TRANSMITTER = "@sensor@", "8SYN01"


@dataclass(frozen=True)
class Kind:
    """How one stream is stored: folder, file suffix, list in the body, schema, and one record."""

    folder: str
    suffix: str
    body: str
    schema: Record
    record: Callable[[str], Record]


def _moment() -> Record:
    return {"date_time": TIME}


def _interval() -> Record:
    return {"time_interval": {"start_date_time": BEGIN, "end_date_time": TIME}}


def _schema(namespace: str, name: str, version: float) -> Record:
    return {"namespace": namespace, "name": name, "version": version}


NO_SCHEMA: Record = {"namespace": "", "name": "", "version": ""}


def _heart(_: str) -> Record:
    return {"heart_rate": {"value": VALUE, "unit": "beats/min"}, "effective_time_frame": _moment()}


def _oxygen(_: str) -> Record:
    return {
        "oxygen_saturation": {"value": VALUE, "unit": "%"},
        "effective_time_frame": _moment(),
        "measurement_method": "pulse oximetry",
    }


def _breathing(_: str) -> Record:
    return {"respiratory_rate": {"value": VALUE, "unit": "breaths/min"}, "effective_time_frame": _moment()}


def _stress(_: str) -> Record:
    return {"stress": {"value": VALUE, "unit": "stress level"}, "effective_time_frame": _moment()}


def _activity(_: str) -> Record:
    return {
        "activity_name": EXTRA,
        "base_movement_quantity": {"value": VALUE, "unit": "steps"},
        "effective_time_frame": _interval(),
    }


def _calories(layout: str) -> Record:
    name = "duration" if layout == "v1" else "calories_value"
    return {
        "activity_name": "kcal_burned",
        name: {"value": VALUE, "unit": "kcal"},
        "effective_time_frame": _moment(),
    }


def _sleep(layout: str) -> Record:
    if layout == "v1":
        hours = {"value": EXTRA, "unit": "h"}
        started = {"date_time": BEGIN}
        return {"sleep_stage_state": VALUE, "sleep_duration": hours, "effective_time_frame": started}
    time_key = "sleep_stage_time_frame" if layout == "v2" else "effective_time_frame"
    return {"sleep_stage_state": VALUE, time_key: _interval()}


def _glucose(_: str) -> Record:
    return {
        "effective_time_frame": {"time_interval": {"start_date_time": TIME, "end_date_time": TIME}},
        "event_type": "EGV",
        "source_device_id": SENSOR,
        "blood_glucose": {"unit": "mg/dL", "value": VALUE},
        "transmitter_time": {"unit": "long integer", "value": EXTRA},
        "transmitter_id": TRANSMITTER,
    }


BAND = "wearable_activity_monitor/{}/garmin_vivosmart5"
KINDS = {
    "heart_rate": Kind(
        BAND.format("heart_rate"), "heartrate", "heart_rate", _schema("omh", "heart-rate", 2.0), _heart
    ),
    "oxygen_saturation": Kind(
        BAND.format("oxygen_saturation"),
        "oxygensaturation",
        "breathing",
        _schema("omh", "oxygen-saturation", 2.0),
        _oxygen,
    ),
    "stress": Kind(BAND.format("stress"), "stress", "stress", NO_SCHEMA, _stress),
    "sleep": Kind(BAND.format("sleep"), "sleep", "sleep", _schema("omh", "sleep-stages", 2.0), _sleep),
    "respiratory_rate": Kind(
        BAND.format("respiratory_rate"),
        "respiratoryrate",
        "breathing",
        _schema("omh", "respiratory-rate", 2.0),
        _breathing,
    ),
    "activity": Kind(BAND.format("physical_activity"), "activity", "activity", NO_SCHEMA, _activity),
    "calories": Kind(
        BAND.format("physical_activity_calorie"),
        "calorie",
        "activity",
        _schema("ieee", "physical-activity", 1.0),
        _calories,
    ),
    "glucose": Kind(
        "wearable_blood_glucose/continuous_glucose_monitoring/dexcom_g6",
        "DEX",
        "cgm",
        _schema("omh", "blood-glucose", 3.0),
        _glucose,
    ),
}


def path(name: str, participant: str) -> str:
    """Path of a participant's stream below the release's root."""
    kind = KINDS[name]
    return f"{kind.folder}/{participant}/{participant}_{kind.suffix}.json"


def sensor(participant: str) -> str:
    """Id of a participant's glucose sensor, which no real sensor can have."""
    return f"SYN{int(participant):08d}"


def write(
    name: str, stream: Stream, *, participant: str, zone: str, created: str, layout: str, indent: int | None
) -> str:
    """Write one file's text; ``zone`` as headers have it, ``created`` an ISO time."""
    kind = KINDS[name]
    header = _header(name, participant, zone, created, layout)
    in_list = name == "glucose" and layout == "v1"
    count = len(stream.values)
    items = [BODY] if count else []
    shell = _dumps({"header": header, "body": items if in_list else {kind.body: items}}, indent)
    if not count:
        return shell
    before, after = shell.split(f'"{BODY}"')
    pad = before.rpartition("\n")[2] if indent else ""
    between = f",\n{pad}" if indent else ","
    record = _dumps(kind.record(layout), indent).replace(SENSOR, sensor(participant))
    template, order = _template(textwrap.indent(record, pad)[len(pad) :])
    columns = _columns(stream, old_times=name == "activity" and layout == "v1", hours=layout == "v1")
    rows = zip(*(columns[mark] for mark in order), strict=True)
    return before + between.join([template % row for row in rows]) + after


def _header(name: str, participant: str, zone: str, created: str, layout: str) -> Record:
    person = f"AIREADI-{participant}"
    glucose = name == "glucose"
    header: Record = {"uuid": person, "creation_date_time": created}
    header |= {"patient_id" if glucose else "user_id": person, "schema_id": KINDS[name].schema}
    if glucose:
        header |= {
            "modality": "sensed",
            "acquistion_rate": {"number_of_times": 1, "time_window": {"value": 5, "unit": "min"}},
            "external_datasheets": {
                "datasheet_type": "source_device",
                "datasheet_reference": "iri-of-cgm-device",
            },
        }
    return header | ({"timezone": zone} if layout in ("v3", "mini") else {})


def _dumps(value: Any, indent: int | None) -> str:
    return json.dumps(value, indent=indent, separators=None if indent else (",", ":"))


def _template(record: str) -> tuple[str, list[str]]:
    """Turn a dumped record into a ``%`` template, and return its columns in order.

    Values and numbers come as JSON text, so their quotes are removed; times are plain text and keep them.
    """
    record = record.replace("%", "%%").replace(f'"{VALUE}"', VALUE).replace(f'"{EXTRA}"', EXTRA)
    marks = sorted(
        (position, mark) for mark in (VALUE, TIME, BEGIN, EXTRA) for position in _positions(record, mark)
    )
    for mark in (VALUE, TIME, BEGIN, EXTRA):
        record = record.replace(mark, "%s")
    return record, [mark for _, mark in marks]


def _positions(record: str, mark: str) -> list[int]:
    return [position for position in range(len(record)) if record.startswith(mark, position)]


def _columns(stream: Stream, *, old_times: bool, hours: bool) -> dict[str, list[str]]:
    """Values and times of every record as text, by placeholder."""
    columns = {VALUE: _json_texts(stream.values), TIME: _times(stream.utc, stream.seconds, old_times)}
    if stream.begin is not None:
        columns[BEGIN] = _times(stream.begin, stream.seconds, old_times)
    if stream.extra:
        columns[EXTRA] = _json_texts(stream.extra)
    elif hours and stream.begin is not None:
        columns[EXTRA] = [str(round(length / 60, 4)) for length in (stream.utc - stream.begin).tolist()]
    return columns


def _json_texts(values: list[Any]) -> list[str]:
    if all(type(value) is int for value in values):
        return list(map(str, values))
    return [
        repr(item) if type(item) is float and math.isfinite(item) else json.dumps(item) for item in values
    ]


def _times(utc: Minutes, seconds: int, old_format: bool) -> list[str]:
    end = f":{seconds:02d}" + ("" if old_format else "Z")
    times: list[str] = [stamp + end for stamp in text(utc).tolist()]
    return [stamp.replace("T", " ") for stamp in times] if old_format else times
