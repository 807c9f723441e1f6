"""Whoever opens any part of a release sees at once that nobody in it is real."""

from __future__ import annotations

import json

import pytest

from tests.aireadi.synthetic.conftest import Release

TEXTS = "README.md CHANGELOG.md LICENSE.txt healthsheet.md participants.json study_description.json"
TEXTS += " dataset_description.json dataset_structure_description.json clinical_data/dqd_omop.json"


@pytest.mark.parametrize("name", TEXTS.split())
def test_every_text_says_so(v3: Release, name: str) -> None:
    assert "SYNTHETIC" in v3.text(name)


def test_ids_cannot_be_real(compact: Release) -> None:
    for table in ("participants.tsv", "clinical_data/person.csv", "wearable_activity_monitor/manifest.tsv"):
        frame = compact.table(table)
        ids = frame["person_id"] if "person_id" in frame else frame["participant_id"]
        assert ids.str.fullmatch(r"9\d{5}").all()


def test_the_description_says_so_to_programs(compact: Release) -> None:
    found = json.loads(compact.text("dataset_description.json"))
    assert found["title"][0]["titleValue"].startswith("SYNTHETIC")
    assert found["version"].endswith("-synthetic")
    assert found["version"][0] == {"v1": "1", "v2": "2"}.get(compact.settings.layout, "3")
    assert "SYNTHETIC" in found["rights"][0]["rightsName"]
    assert "not FAIRhub" in found["publisher"]["publisherName"]
    assert found["generator"]["seed"] == compact.settings.seed


def test_sensors_are_made_up(v3: Release) -> None:
    manifest = v3.table("wearable_blood_glucose/manifest.tsv")
    assert manifest["glucose_sensor_id"].str.startswith("SYN").all()
    record = v3.records("glucose", v3.having("glucose")[0])[0]
    assert record["source_device_id"].startswith("SYN")
    assert "SYN" in record["transmitter_id"]


def test_persons_are_labelled(v3: Release) -> None:
    assert v3.table("clinical_data/person.csv")["person_source_value"].str.startswith("SYNTHETIC-").all()
