"""OMOP records of invented people, with the traps of the real tables."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from sensecf_core.aireadi.release import clinical, locate
from sensecf_core.errors import InputError
from tests.aireadi import micro
from tests.aireadi.micro import Person

ANN, BEN = "900001", "900002"


def measured(person: str, source: str, value: str, concept: str = "0", **more: str) -> dict[str, str]:
    return {
        "person_id": person,
        "measurement_source_value": source,
        "value_as_number": value,
        "measurement_concept_id": concept,
        "measurement_date": "2025-03-04",
        **more,
    }


def observed(person: str, source: str, value: str, **more: str) -> dict[str, str]:
    columns = {"person_id": person, "observation_source_value": source, "value_as_number": value}
    return {**columns, "observation_date": "3/4/25", **more}


MEASUREMENTS = [
    measured(ANN, "bp1_sysbp_vsorres, Systolic (mmHg)", "130", "3004249"),
    measured(ANN, "bp2_sysbp_vsorres, Systolic (mmHg)", "121.0", "3004249"),
    measured(ANN, "pulse_vsorres, Heart Rate (bpm)", "70", "4239408"),
    measured(ANN, "pulse_vsorres_2, Heart Rate (bpm)", "74", "4239408"),
    measured(ANN, "import_hba1c, Hemoglobin A1c/Hemoglobin.total in ", "5.9", "3004410"),
    measured(ANN, "lbscat_a1c, Hemoglobin - g/dL", "13.5", "2005200184"),
    measured(ANN, "import_nt_probnp, Natriuretic peptide.B prohormon", "555", "3029187"),
    measured(ANN, "import_troponin_t, Troponin T.cardiac [Mass/volum", "6", operator_concept_id="4171756"),
    measured(ANN, "import_crp_hs, C reactive protein [Mass/volume] i", "", value_source_value="<0.2"),
    measured(ANN, "waist_vsorres, Waist Circumference (cm)", "0", "4172830"),
    measured(ANN, "bmi_vsorres, BMI", "95", "4245997"),
    measured(ANN, "import_insulin, Insulin [Units/volume] in Serum o", "11.2"),
    measured(ANN, "viaodplog, VA Letter Score - Photopic VA - OD", "80"),
    measured(BEN, "HbA1c (%)", "8.1", "3004410"),
    measured(BEN, "BMI", "31.4"),
    measured(BEN, "Alkaline Phosphatase (IU/L)", "80"),
    measured(BEN, "ALT of an unknown heading (IU/L)", "25", "3006923.0"),
    measured(BEN, "Microalbumin", "12", "3001802"),
    measured(BEN, "import_glucose, Glucose [Mass/volume] in Serum or", "lost"),
]
OBSERVATIONS = [
    observed(ANN, "mhoccur_hbp, High blood pressure", "1", qualifier_concept_id="316866"),
    observed(ANN, "mhoccur_clsh, High blood cholesterol", "777", qualifier_concept_id="4159131"),
    observed(ANN, "of an unknown heading", "0.0", qualifier_concept_id="433736.0"),
    observed(ANN, "cestl, CESD-10 Score", "7"),
    observed(ANN, "susmkncf, Have you smoked at least 100 cigarettes", "1"),
    observed(BEN, "paate, How many hours since you last ate? (number", "99"),
    observed(BEN, "fh_dm2pt, Were either of your parents diagnosed w", "555"),
]
CONDITIONS = [
    {"person_id": ANN, "condition_concept_id": "316866", "condition_source_value": "mhoccur_hbp, High"},
    {"person_id": BEN, "condition_concept_id": "316866", "condition_source_value": "mhoccur_hbp, High"},
    {"person_id": BEN, "condition_concept_id": "4291025.0", "condition_source_value": "something"},
    {"person_id": BEN, "condition_concept_id": "1", "condition_source_value": "unheard of"},
]
VISITS = [
    {"person_id": ANN, "visit_start_date": "2025-03-05", "visit_source_value": "lbdattim2, Draw"},
    {"person_id": ANN, "visit_start_date": "3/4/25", "visit_source_value": "pacmpdat, Date"},
    {"person_id": BEN, "visit_start_date": "unknown"},
]


@pytest.fixture
def release(tmp_path: Path) -> locate.Release:
    root = micro.write(tmp_path, [Person(ANN), Person(BEN)])
    tables = {
        "measurement": MEASUREMENTS,
        "observation": OBSERVATIONS,
        "condition_occurrence": CONDITIONS,
        "visit_occurrence": VISITS,
        "person": [{"person_id": ANN, "gender_concept_id": "0", "year_of_birth": "1964"}],
    }
    micro.clinical(root, tables)
    return locate.find(root)


@pytest.fixture
def records(release: locate.Release) -> pd.DataFrame:
    return clinical.records(release)


def one(records: pd.DataFrame, person: str, item: str) -> pd.Series:
    rows = records[(records["participant_id"] == person) & (records["item"] == item)]
    assert len(rows) == 1
    return rows.iloc[0]


def test_two_readings_are_averaged(records: pd.DataFrame) -> None:
    wide = clinical.wide(records)
    assert wide.loc[ANN, "systolic"] == 125.5
    assert wide.loc[ANN, "pulse"] == 72
    assert list(wide.columns) == [item.name for item in clinical.items()]


def test_haemoglobin_is_not_hba1c(records: pd.DataFrame) -> None:
    wide = clinical.wide(records)
    assert (wide.loc[ANN, "hba1c"], wide.loc[ANN, "haemoglobin"]) == (5.9, 13.5)


def test_headings_of_older_versions_and_unknown_headings_of_laboratory_values(records: pd.DataFrame) -> None:
    wide = clinical.wide(records)
    values = wide.loc[BEN, ["hba1c", "bmi", "alkaline_phosphatase", "alt", "urine_albumin"]]
    assert values.tolist() == [8.1, 31.4, 80, 25, 12]


def test_unknown_answers_are_no_values_but_555_is_a_legal_measurement(records: pd.DataFrame) -> None:
    assert one(records, ANN, "nt_probnp")["value"] == 555
    for person, item in ((ANN, "high_cholesterol"), (BEN, "fasting_hours"), (BEN, "parent_type2")):
        row = one(records, person, item)
        assert (row["state"], pd.isna(row["value"])) == ("not_answered", True)


def test_impossible_values_are_kept_as_such(records: pd.DataFrame) -> None:
    assert one(records, ANN, "waist")["state"] == "out_of_range"
    bmi = one(records, ANN, "bmi")
    assert (bmi["state"], bmi["value"]) == ("out_of_range", 95)
    assert one(records, BEN, "glucose_serum")["state"] == "not_a_number"
    assert pd.isna(clinical.wide(records).loc[ANN, "bmi"])


def test_censored_values_are_marked(records: pd.DataFrame) -> None:
    assert one(records, ANN, "troponin_t")["censored"] == clinical.EITHER
    crp = one(records, ANN, "crp_hs")
    assert (crp["censored"], crp["value"]) == ("<", 0.2)
    assert one(records, ANN, "hba1c")["censored"] == ""
    signed = clinical.signs(records)
    assert dict(signed) == {ANN: "crp_hs< troponin_t?"}
    assert clinical.sign_of("crp_hs", signed[ANN]) == "<"
    assert clinical.sign_of("hba1c", signed[ANN]) == clinical.sign_of("crp_hs", float("nan")) == ""


@pytest.mark.parametrize(("other", "sign"), [("<", "<"), (">", "?"), ("", "?")])
def test_a_mean_of_a_limit_and_something_else_says_neither(
    records: pd.DataFrame, other: str, sign: str
) -> None:
    limit = records[(records["participant_id"] == ANN) & (records["item"] == "crp_hs")]
    both = pd.concat([records, limit.assign(value=3.0, censored=other)], ignore_index=True)
    assert clinical.sign_of("crp_hs", clinical.signs(both)[ANN]) == sign


def test_history_by_key_and_by_qualifier(records: pd.DataFrame) -> None:
    assert one(records, ANN, "hypertension")["value"] == 1
    assert one(records, ANN, "obesity")["value"] == 0
    assert one(records, ANN, "hypertension")["date"] == "2025-03-04"


def test_the_yes_list_fills_only_what_nobody_answered(records: pd.DataFrame) -> None:
    assert one(records, BEN, "hypertension")["value"] == 1
    assert one(records, BEN, "arthritis")["value"] == 1
    assert "arthritis" not in records.loc[records["participant_id"] == ANN, "item"].tolist()


def test_the_first_visit(release: locate.Release) -> None:
    visits = clinical.visits(release)
    assert visits.to_dict() == {ANN: pd.Timestamp("2025-03-04")}
    assert clinical.people_listed(release) == {ANN}


def test_a_release_without_clinical_files(tmp_path: Path) -> None:
    root = micro.write(tmp_path, [Person(ANN)])
    for path in (root / "clinical_data").iterdir():
        path.unlink()
    bare = locate.find(root)
    assert clinical.records(bare).empty
    assert clinical.wide(clinical.records(bare)).empty
    assert clinical.visits(bare).empty


def test_keys_agree_with_the_49_characters_of_the_release() -> None:
    keys = [key for item in clinical.items() for key in item.keys]
    assert len(set(keys)) == len(keys)
    assert clinical.plain_key("import_hba1c, Hemoglobin A1c/Hemoglobin.total in ") == "import_hba1c"
    assert clinical.plain_key("HbA1c (%)") == "hba1c"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("person_id,a\n1,2\n", "no column 'measurement_source_value'"),
        ("a,b\n1,2,3,4\n1,2,3,4,5\n", "cannot be read as a table"),
        ("", "cannot be read as a table"),
    ],
)
def test_a_broken_file_is_one_sentence(release: locate.Release, text: str, expected: str) -> None:
    (release.root / "clinical_data" / "measurement.csv").write_text(text)
    with pytest.raises(InputError, match=expected):
        clinical.records(release)
