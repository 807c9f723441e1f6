from __future__ import annotations

import csv
import json
from collections import Counter

import pytest

from sensecf_core.aireadi.synthetic.files import documents
from tests.aireadi.synthetic.conftest import Release

ROOT_FILES = (
    "README.md CHANGELOG.md LICENSE.txt healthsheet.md dataset_description.json study_description.json "
    "dataset_structure_description.json participants.tsv participants.json clinical_data/dqd_omop.json "
    "wearable_activity_monitor/manifest.tsv wearable_blood_glucose/manifest.tsv"
)
OMOP = {
    "person": 18,
    "visit_occurrence": 17,
    "measurement": 2 + 25,
    "observation": 21,
    "condition_occurrence": 16,
    "procedure_occurrence": 16,
}
SHAPES = {
    "heart_rate": {"heart_rate": ["value", "unit"], "effective_time_frame": ["date_time"]},
    "oxygen_saturation": {
        "oxygen_saturation": ["value", "unit"],
        "effective_time_frame": ["date_time"],
        "measurement_method": None,
    },
    "respiratory_rate": {"respiratory_rate": ["value", "unit"], "effective_time_frame": ["date_time"]},
    "stress": {"stress": ["value", "unit"], "effective_time_frame": ["date_time"]},
    "activity": {
        "activity_name": None,
        "base_movement_quantity": ["value", "unit"],
        "effective_time_frame": ["time_interval"],
    },
    "calories": {
        "activity_name": None,
        "calories_value": ["value", "unit"],
        "effective_time_frame": ["date_time"],
    },
    "sleep": {"sleep_stage_state": None, "effective_time_frame": ["time_interval"]},
    "glucose": {
        "effective_time_frame": ["time_interval"],
        "event_type": None,
        "source_device_id": None,
        "blood_glucose": ["unit", "value"],
        "transmitter_time": ["unit", "value"],
        "transmitter_id": None,
    },
}


def test_every_file_at_the_root_is_there(compact: Release) -> None:
    for name in ROOT_FILES.split():
        assert (compact.root / name).stat().st_size > 0, name


def test_omop_tables_have_the_columns_of_the_format(compact: Release) -> None:
    for name, count in OMOP.items():
        with (compact.root / f"clinical_data/{name}.csv").open(encoding="utf-8") as lines:
            header = next(csv.reader(lines))
        assert len(header) == count, name
    with (compact.root / "clinical_data/measurement.csv").open(encoding="utf-8") as lines:
        assert next(csv.reader(lines))[:4] == ["", "X", "measurement_id", "person_id"]


def test_participants_has_the_id_column_of_its_version(compact: Release) -> None:
    table = compact.table("participants.tsv")
    old = compact.settings.layout in ("v1", "v2")
    assert table.columns[0] == ("participant_id" if old else "person_id")
    assert len(table.columns) == 15
    assert len(table) == compact.settings.n
    assert set(table["clinical_data"]) == {"TRUE"}
    assert set(table["retinal_oct"]) == {"FALSE"}


@pytest.mark.parametrize("stream", sorted(SHAPES))
def test_records_have_the_shape_of_the_format(v3: Release, stream: str) -> None:
    person = v3.having(stream)[0]
    records = v3.records(stream, person)
    assert len(records) > 30
    for record in (records[0], records[-1]):
        assert list(record) == list(SHAPES[stream])
        for key, inside in SHAPES[stream].items():
            assert inside is None or list(record[key]) == inside


def test_files_are_what_json_dumps_with_an_indent_of_four_writes(v3: Release) -> None:
    person = v3.having("heart_rate", "sleep", "glucose")[0]
    for stream in ("heart_rate", "sleep", "activity", "glucose"):
        text = v3.path(stream, person).read_text(encoding="utf-8")
        assert text == json.dumps(json.loads(text), indent=4)


def test_headers(v3: Release) -> None:
    person = v3.having("heart_rate", "glucose")[0]
    heart = json.loads(v3.path("heart_rate", person).read_text())["header"]
    assert list(heart) == ["uuid", "creation_date_time", "user_id", "schema_id", "timezone"]
    assert heart["schema_id"] == {"namespace": "omh", "name": "heart-rate", "version": 2.0}
    glucose = json.loads(v3.path("glucose", person).read_text())["header"]
    assert list(glucose)[2] == "patient_id"
    assert "acquistion_rate" in glucose
    site = v3.truth.people.loc[person, "clinical_site"]
    assert heart["timezone"] == glucose["timezone"] == ("cst" if site == "UAB" else "pst")


def test_what_differs_between_versions(compact: Release) -> None:
    layout, old = compact.settings.layout, compact.settings.layout in ("v1", "v2")
    person = compact.having("heart_rate", "sleep", "calories", "activity", "glucose")[0]
    glucose = json.loads(compact.path("glucose", person).read_text())
    assert isinstance(glucose["body"], list) == (layout == "v1")
    assert ("timezone" in glucose["header"]) == (not old)
    assert ("duration" in compact.records("calories", person)[0]) == (layout == "v1")
    night = compact.records("sleep", person)[0]
    assert ("sleep_stage_time_frame" in night) == (layout == "v2")
    assert ("sleep_duration" in night) == (layout == "v1")
    began = compact.records("activity", person)[0]["effective_time_frame"]["time_interval"]["start_date_time"]
    assert began.endswith("Z") == (layout != "v1")
    manifest = compact.table("wearable_activity_monitor/manifest.tsv")
    assert ("physical_activity_num_records" in manifest) == (layout == "v1")
    assert len(manifest.columns) == 27
    names = set(compact.table("clinical_data/measurement.csv")["measurement_source_value"])
    assert ("HbA1c (%)" in names) == old
    assert ("BMI" in names) == (layout == "v1")


def test_manifests_point_at_the_files(v3: Release) -> None:
    band = v3.table("wearable_activity_monitor/manifest.tsv")
    paths = band[[name for name in band if name.endswith("_filepath")]].to_numpy().ravel()
    listed = Counter(path for path in paths if path != "None")
    listed += Counter(v3.table("wearable_blood_glucose/manifest.tsv")["glucose_filepath"])
    files = {f"/{path.relative_to(v3.root)}" for path in v3.root.rglob("wearable_*/**/*.json")}
    assert set(listed) == files
    assert set(listed.values()) == {1}
    person = v3.having("heart_rate")[0]
    row = band[band["person_id"] == person].iloc[0]
    assert int(row["heartrate_record_count"]) == len(v3.records("heart_rate", person))


def test_source_values_are_cut_and_carry_their_key(v3: Release) -> None:
    for table in ("measurement", "observation"):
        values = v3.table(f"clinical_data/{table}.csv")[f"{table}_source_value"]
        assert values.str.len().max() == 49
        assert values.str.contains(",").all()
    keys = v3.table("clinical_data/measurement.csv")["measurement_source_value"].str.partition(",")[0]
    assert {"import_hba1c", "bp1_sysbp_vsorres", "bmi_vsorres", "moca_total_score"} <= set(keys)


def test_paths_are_those_of_the_format() -> None:
    assert documents.path("respiratory_rate", "900001") == (
        "wearable_activity_monitor/respiratory_rate/garmin_vivosmart5/900001/900001_respiratoryrate.json"
    )
    assert documents.path("glucose", "900001").endswith("dexcom_g6/900001/900001_DEX.json")
