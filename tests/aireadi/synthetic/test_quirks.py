from __future__ import annotations

import json
import math
from datetime import datetime
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from sensecf_core.aireadi.synthetic.population.assumptions import MISSING, ODD
from sensecf_core.aireadi.synthetic.population.latent import latent
from tests.aireadi.synthetic.conftest import Release


def values(release: Release, stream: str, participant: str, key: str) -> list[Any]:
    return [record[key]["value"] for record in release.records(stream, participant)]


def times(release: Release, stream: str, participant: str) -> list[datetime]:
    frames = [record["effective_time_frame"] for record in release.records(stream, participant)]
    texts = [frame.get("date_time") or frame["time_interval"]["start_date_time"] for frame in frames]
    return [datetime.fromisoformat(text) for text in texts]


def test_shares_of_what_is_missing_and_odd() -> None:
    people = latent(0, 400, 5).people
    for name, share in MISSING.items():
        assert abs(people[f"no_{name}"].mean() - share) < 0.01, name
    for name, share in ODD.items():
        assert abs(people[name].mean() - share) < 0.004, name


def test_sentinels(v3: Release) -> None:
    everyone = v3.having("stress", "respiratory_rate", "heart_rate")
    stress = np.concatenate([values(v3, "stress", person, "stress") for person in everyone])
    assert set(stress[stress < 0]) == {-1, -2}
    assert 0.40 < np.mean(stress < 0) < 0.62
    breaths = np.concatenate(
        [values(v3, "respiratory_rate", person, "respiratory_rate") for person in everyone]
    )
    assert 0.40 < np.mean(breaths < 0) < 0.62
    assert 0 in values(v3, "heart_rate", everyone[0], "heart_rate")


def test_somebody_has_only_sentinels(v3: Release) -> None:
    person = v3.who("sentinels_only")
    assert max(values(v3, "stress", person, "stress")) < 0
    assert max(values(v3, "heart_rate", person, "heart_rate")) == 0


def test_somebody_logs_for_two_months_after_removal(v3: Release) -> None:
    found = times(v3, "stress", v3.who("long_tail"))
    assert (found[-1] - found[0]).days > 60


def test_somebody_has_doubled_records(v3: Release) -> None:
    for stream in ("heart_rate", "stress", "respiratory_rate", "glucose"):
        found = times(v3, stream, v3.who("duplicates"))
        assert len(set(found)) < len(found)


def test_somebody_has_literal_nan_and_text_among_steps(v3: Release) -> None:
    person = v3.who("literal_nan")
    assert "NaN" in v3.path("activity", person).read_text()
    found = values(v3, "activity", person, "base_movement_quantity")
    assert any(isinstance(value, float) and math.isnan(value) for value in found)
    assert any(isinstance(value, str) and value.isdigit() for value in found)
    assert "" in found
    states = [record["sleep_stage_state"] for record in v3.records("sleep", person)]
    assert "unknown" in states


def test_somebody_has_an_empty_body(v3: Release) -> None:
    assert json.loads(v3.path("stress", v3.who("empty")).read_text())["body"] == {"stress": []}


def test_somebody_starts_in_1991(v3: Release) -> None:
    assert times(v3, "respiratory_rate", v3.who("starts_1991"))[0].year == 1991


def test_somebody_has_no_overlap_of_glucose_and_band(v3: Release) -> None:
    person = v3.who("no_overlap")
    worn = [
        time
        for time, beats in zip(
            times(v3, "heart_rate", person), values(v3, "heart_rate", person, "heart_rate"), strict=True
        )
        if beats
    ]
    assert min(times(v3, "glucose", person)) > max(worn)


def test_low_and_high_are_words(v3: Release) -> None:
    found = values(v3, "glucose", v3.who("extremes"), "blood_glucose")
    assert {"Low", "High"} <= {value for value in found if isinstance(value, str)}


def test_intervals_follow_each_other(v3: Release) -> None:
    records = v3.records("activity", v3.having("activity")[0])
    spans = [record["effective_time_frame"]["time_interval"] for record in records]
    assert spans[0]["start_date_time"] == spans[0]["end_date_time"]
    assert all(
        previous["end_date_time"] == following["start_date_time"] for previous, following in pairwise(spans)
    )
    last = [datetime.fromisoformat(spans[-1][edge]) for edge in ("start_date_time", "end_date_time")]
    assert (last[1] - last[0]).total_seconds() > 86_400


def test_seconds_are_one_offset_per_file(v3: Release) -> None:
    offsets = set()
    for person in v3.having("heart_rate"):
        seconds = {time.second for time in times(v3, "heart_rate", person)}
        assert len(seconds) == 1
        offsets |= seconds
    assert len(offsets) > 1


def test_clinical_tables_hold_codes_censored_and_impossible_values(v3: Release) -> None:
    measured = v3.table("clinical_data/measurement.csv")
    assert "4171756" in set(measured["operator_concept_id"])
    waist = measured["measurement_source_value"].str.startswith("waist")
    assert (measured.loc[waist, "value_as_number"].astype(float) == 0).sum() == 1
    bmi = measured.loc[measured["measurement_source_value"].str.startswith("bmi"), "value_as_number"]
    assert bmi.astype(float).max() > 90
    assert "md/dL" in set(measured["unit_source_value"])
    observed = v3.table("clinical_data/observation.csv")
    assert observed["observation_date"].str.fullmatch(r"\d{1,2}/\d{1,2}/\d\d").all()
    assert not (observed["value_as_number"] == "nan").any()


def test_codes_for_declined_and_unknown_answers_occur(tmp_path: Any) -> None:
    from sensecf_core.aireadi.synthetic.population import clinical

    people = latent(0, 600, 5).people
    answers = clinical.values(people, np.random.default_rng(0))
    assert 777 in set(answers["mhoccur_hbp"])
    assert 555 in set(answers["fh_dm2pt"])


def test_none_is_a_word_in_manifests(v3: Release) -> None:
    person = v3.who("no_oxygen_saturation")
    manifest = v3.table("wearable_activity_monitor/manifest.tsv").set_index("person_id")
    assert manifest.loc[person, "oxygen_saturation_filepath"] == "None"
    assert not v3.path("oxygen_saturation", person).exists()


def test_manifest_averages_count_sentinels(v3: Release) -> None:
    person = v3.who("sentinels_only")
    manifest = v3.table("wearable_activity_monitor/manifest.tsv").set_index("person_id")
    assert float(manifest.loc[person, "average_stress_level"]) == -1
    normal = v3.having("sleep")[0]
    assert float(manifest.loc[normal, "average_sleep_hours"]) < 0.6


def test_participants_table_has_the_line_ends_of_the_real_one(v3: Release) -> None:
    assert (v3.root / "participants.tsv").read_bytes().count(b"\r\n") == v3.settings.n + 1


def test_splits_sites_and_groups_follow_the_release_counts() -> None:
    people = latent(1, 2280, 3).people
    assert people["study_group"].value_counts().tolist() == [776, 686, 560, 258]
    insulin = people[people["study_group"] == "insulin_dependent"]
    assert insulin["recommended_split"].value_counts().to_dict() == {"train": 105, "val": 67, "test": 86}
    assert insulin["clinical_site"].value_counts()["UAB"] == 137
    assert pd.to_datetime(people["visit"]).between("2023-07-01", "2025-05-01").all()
