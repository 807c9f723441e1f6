from __future__ import annotations

import json
import re
from typing import Any

import pytest
from pydantic import ValidationError

from sensecf_core.classifiers import store
from sensecf_core.cohorts import builtin
from sensecf_core.cohorts.feature import Feature
from sensecf_core.cohorts.schema import ABOUT_RISK, Coupling, LinearRule, Schema
from sensecf_core.paths import MODELS, ROOT
from tests.small_cohort import SCHEMA

NUMBER = {"name": "bmi", "label": "BMI", "kind": "continuous", "role": "clinical", "valid": [10, 80]}
LEVELS = {
    "name": "smoking",
    "label": "Smoking",
    "kind": "ordinal",
    "role": "behaviour",
    "levels": ["no", "yes"],
}


CATEGORY = {
    "name": "ecg",
    "label": "ECG",
    "kind": "categorical",
    "role": "clinical",
    "levels": ["a", "b", "c"],
}
SOURCE = {"risk_source": "Somebody 2001"}


@pytest.mark.parametrize(
    ("base", "change", "message"),
    [
        (NUMBER, {"valid": None}, "must have a `valid` range"),
        (NUMBER, {"valid": [80, 10]}, r"`valid` must be \[low, high\]"),
        (NUMBER, {"valid": [0, float("inf")]}, "finite"),
        (NUMBER, {"suggest": [5, 20]}, "must lie inside `valid`"),
        (NUMBER, {"step": 0}, "greater than 0"),
        (NUMBER, {"levels": ["a", "b"]}, "belong to ordinal and categorical"),
        (NUMBER, {"kind": "integer", "decimals": 1}, "whole `step`"),
        (NUMBER, {"kind": "integer", "step": 0.5}, "whole `step`"),
        (NUMBER, {"kind": "binary"}, r"`valid` must be \[0, 1\]"),
        (NUMBER, {"name": "Body Mass"}, "pattern"),
        (LEVELS, {"levels": ["no"]}, "at least two"),
        (LEVELS, {"levels": ["no", "no"]}, "differ"),
        (LEVELS, {"levels": ["no", " "]}, "plain text"),
        (LEVELS, {"levels": ["no", "a|b"]}, "plain text"),
        (LEVELS, {"levels": ["no", "a\nb"]}, "plain text"),
        (LEVELS, {"suggest_levels": ["maybe"]}, "unknown levels"),
        (LEVELS, {"suggest": [0, 1]}, "must be"),
        (NUMBER, {"risk": "up"}, "needs its `risk_source`"),
        (NUMBER, {"risk": "up", "risk_source": " "}, "needs its `risk_source`"),
        (NUMBER, {"risk": "any"} | SOURCE, "'up' or 'down'"),
        (NUMBER, SOURCE, "`risk_source` needs `risk`"),
        (LEVELS, {"risk_levels": ["no", "yes"]} | SOURCE, "categorical features only, use `risk`"),
        (CATEGORY, {"risk": "up"} | SOURCE, "has no order"),
        (CATEGORY, {"risk_levels": ["a", "d"]} | SOURCE, "unknown levels"),
        (CATEGORY, {"risk_levels": ["a"]} | SOURCE, "at least two different"),
        (CATEGORY, {"risk_levels": ["a", "b", "a"]} | SOURCE, "at least two different"),
    ],
)
def test_a_feature_that_makes_no_sense_is_refused(
    base: dict[str, Any], change: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValidationError, match=message):
        Feature.model_validate(base | change)


def test_all_problems_of_a_feature_are_named_together() -> None:
    with pytest.raises(ValidationError, match=r"differ.*unknown levels"):
        Feature.model_validate(LEVELS | {"levels": ["no", "no"], "suggest_levels": ["maybe"]})


def test_rules_need_terms_and_finite_numbers() -> None:
    with pytest.raises(ValidationError, match="at least 1"):
        LinearRule(name="r", text="r", terms={})
    with pytest.raises(ValidationError, match="finite"):
        LinearRule(name="r", text="r", terms={"bmi": float("nan")})
    with pytest.raises(ValidationError, match="finite"):
        Coupling(name="c", text="c", feature="a", follows="b", slope=float("inf"), tolerance=1)


@pytest.mark.parametrize(
    ("base", "change", "message"),
    [
        (NUMBER, {"meaningful_change": {"value": 0, "source": "s"}}, "greater than 0"),
        (NUMBER, {"meaningful_change": {"value": 1}}, "source"),
        (NUMBER, {"meaningful_change": {"value": 5, "source": "s"}, "largest_change": 4}, "must not exceed"),
        (LEVELS, {"meaningful_change": {"value": 1, "source": "s"}}, "continuous and integer features only"),
    ],
)
def test_a_meaningful_change_that_makes_no_sense_is_refused(
    base: dict[str, Any], change: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValidationError, match=message):
        Feature.model_validate(base | change)


class TestHashes:
    """What only decides suggestions keeps classifiers and adapters, and is noticed by stored answers."""

    @pytest.mark.parametrize(
        "change",
        [
            {"meaningful_change": {"value": 0.5, "source": "s"}},
            {"reference": {"text": "t", "source": "s", "high": 25, "ends_change": False}},
            {
                "reference": {
                    "text": "t",
                    "source": "s",
                    "high": 25,
                    "groups": [{"feature": "sex", "level": "male"}],
                }
            },
        ],
    )
    def test_of_a_feature(self, change: dict[str, Any]) -> None:
        plain = small_schema(bmi={"reference": {"text": "t", "source": "s", "high": 25}})
        changed = small_schema(bmi={"reference": {"text": "t", "source": "s", "high": 25}} | change)
        assert changed.sha256 == plain.sha256
        assert changed.limits_sha256 != plain.limits_sha256

    def test_of_red_flags(self) -> None:
        bound = {"terms": {"bmi": 1}, "at_least": 60}
        flag = {"name": "f", "label": "{bmi}", "text": "t", "source": "s", "any_of": [bound]}
        plain, changed = small_schema(), small_schema(red_flags=[flag])
        assert changed.sha256 == plain.sha256
        assert changed.limits_sha256 != plain.limits_sha256

    def test_codes_for_exports_change_nothing(self) -> None:
        plain, changed = small_schema(), small_schema(bmi={"loinc": "39156-5", "ucum": "kg/m2"})
        assert changed.feature("bmi").loinc == "39156-5"
        assert (changed.sha256, changed.limits_sha256) == (plain.sha256, plain.limits_sha256)

    def test_how_the_data_file_writes_things_changes_nothing(self) -> None:
        plain, changed = small_schema(), small_schema(bmi={"column": "BMI [kg/m²]", "missing": [-9, "?"]})
        assert changed.feature("bmi").source_column == "BMI [kg/m²]"
        top = {"encoding": "cp1252", "missing": (99,), "ignore_other_columns": True, "number_rows": True}
        both = changed.model_copy(update=top)
        task = changed.task.model_copy(update={"words": ("no", "yes"), "leave_out_missing": True})
        for one in (
            changed,
            Schema.model_validate(both.model_dump()),
            both.model_copy(update={"task": task}),
        ):
            assert (one.sha256, one.limits_sha256) == (plain.sha256, plain.limits_sha256)

    def test_what_rows_and_prompts_depend_on_still_counts(self) -> None:
        plain = small_schema()
        assert small_schema(bmi={"label": "BMI"}).sha256 != plain.sha256
        assert small_schema(bmi={"largest_change": 3}).sha256 != plain.sha256
        assert small_schema(bmi={"reference": {"text": "t", "source": "s"}}).sha256 != plain.sha256

    @pytest.mark.parametrize("name", builtin.NAMES)
    def test_the_committed_classifiers_and_adapters_fit(self, name: str) -> None:
        cohort = builtin.load(name)
        assert cohort.schema.red_flags
        assert store.ready(cohort)
        cards = (MODELS / "adapters" / name).glob("*/card.json")
        hashes = {json.loads(card.read_text("utf-8"))["schema_sha256"] for card in cards}
        assert hashes == {cohort.schema.sha256}


def small_schema(bmi: dict[str, Any] | None = None, **whole: Any) -> Schema:
    values = SCHEMA.model_dump() | whole
    features = [f | (bmi or {}) if f["name"] == "bmi" else f for f in values["features"]]
    return Schema.model_validate(values | {"features": features})


@pytest.mark.parametrize("name", builtin.NAMES)
def test_every_number_that_may_move_has_a_meaningful_change_with_its_source(name: str) -> None:
    """None of the shipped figures is confirmed by a clinician; the schema does not claim so."""
    for feature in builtin.load(name).schema.features:
        number = not feature.named and feature.kind != "binary"
        if number and feature.role != "context":
            assert feature.meaningful_change is not None, feature.name
            assert feature.meaningful_change.source and not feature.meaningful_change.confirmed
            assert feature.least_change >= 10.0**-feature.decimals
            assert feature.largest_change is None or feature.least_change <= feature.largest_change / 2


@pytest.mark.parametrize(
    ("name", "least"),
    [("waist", 2), ("systolic", 5), ("bmi", 0.5), ("sleep", 0.5)],
)
def test_the_figures_that_were_asked_for(name: str, least: float) -> None:
    assert builtin.load("nhanes").schema.feature(name).least_change == least


def _changed(schema: Schema, name: str, change: dict[str, Any]) -> Schema:
    features = [f.model_dump() | (change if f.name == name else {}) for f in schema.features]
    return Schema.model_validate(schema.model_dump() | {"features": features})


def test_directions_of_risk_have_a_hash_of_their_own() -> None:
    heart = builtin.read_schema("heart")
    without = _changed(heart, "age", {"risk": None, "risk_source": ""})
    other_way = _changed(heart, "age", {"risk": "down"})
    fewer_levels = _changed(heart, "chest_pain", {"risk_levels": ["atypical angina", "typical angina"]})
    changed = (without, other_way, fewer_levels)
    assert {schema.sha256 for schema in changed} == {heart.sha256}
    assert len({heart.risk_sha256, *(schema.risk_sha256 for schema in changed)}) == 4
    assert _changed(heart, "age", {"risk_source": "Another 2002"}).risk_sha256 == heart.risk_sha256
    assert _changed(heart, "age", {"label": "Years"}).sha256 != heart.sha256
    assert _changed(heart, "age", {"label": "Years"}).risk_sha256 == heart.risk_sha256


@pytest.mark.parametrize("name", builtin.NAMES)
def test_directions_of_risk_made_nothing_stale(name: str) -> None:
    """The committed classifier and adapters are older than the fields, and bound to the schema's hash."""
    records = [
        *ROOT.glob(f"models/classifiers/{name}/*.json"),
        *ROOT.glob(f"models/adapters/{name}/*/card.json"),
    ]
    hashes = re.findall(r'"schema_sha256": "(\w+)"', "".join(record.read_text() for record in records))
    assert len(hashes) >= 3
    assert set(hashes) == {builtin.read_schema(name).sha256}


def test_only_the_directions_of_risk_stay_out_of_the_hash() -> None:
    assert {field for field in Feature.model_fields if field.startswith("risk")} == ABOUT_RISK


@pytest.mark.parametrize("name", builtin.NAMES)
def test_what_people_call_a_feature_is_in_no_hash(name: str) -> None:
    """Built-in schemas have synonyms; classifiers, adapters and their hashes are older."""
    schema = builtin.read_schema(name)
    without = schema.model_copy(
        update={"features": tuple(f.model_copy(update={"synonyms": ()}) for f in schema.features)}
    )
    assert any(feature.synonyms for feature in schema.features)
    assert (schema.sha256, schema.limits_sha256, schema.risk_sha256) == (
        without.sha256,
        without.limits_sha256,
        without.risk_sha256,
    )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"loinc": "39156-4"}, "`loinc` 39156-4 is not a LOINC code: its last digit does not fit"),
        ({"loinc": "BMI"}, "loinc"),
        ({"ucum": "kg m2"}, "ucum"),
        ({"kind": "binary", "valid": None, "decimals": 0, "ucum": "1"}, "`ucum` belongs to continuous"),
    ],
)
def test_codes_for_exports_that_are_wrong(change: dict[str, Any], message: str) -> None:
    bmi = {"name": "bmi", "label": "BMI", "kind": "continuous", "role": "clinical", "valid": [10, 80]}
    with pytest.raises(ValidationError, match=message):
        Feature.model_validate(bmi | change)


UCUM = {
    "kg/m²": "kg/m2",
    "cm": "cm",
    "mm": "mm",
    "mmHg": "mm[Hg]",
    "mg/dL": "mg/dL",
    "beats/min": "/min",
    "years": "a",
    "h/night": "h/d",
    "min/day": "min/d",
    "kcal/day": "kcal/d",
    "g/day": "g/d",
    "meals/week": "{meals}/wk",
    "%": "%",
}
LOINC = {
    "Age": "30525-0",
    "Standing height": "8302-2",
    "Body mass index": "39156-5",
    "Waist circumference": "8280-0",
    "Systolic blood pressure": "8480-6",
    "Resting systolic blood pressure": "8480-6",
    "Diastolic blood pressure": "8462-4",
    "Resting pulse": "8867-4",
    "Resting heart rate": "8867-4",
    "Total cholesterol": "2093-3",
    "Serum cholesterol": "2093-3",
    "HDL cholesterol": "2085-9",
    "Glycated haemoglobin (HbA1c)": "4548-4",
}


@pytest.mark.parametrize("name", builtin.NAMES)
def test_the_codes_of_the_shipped_cohorts(name: str) -> None:
    features = builtin.read_schema(name).features
    assert {f.label: f.loinc for f in features if f.loinc}.items() <= LOINC.items()
    assert {f.unit: f.ucum for f in features if f.ucum}.items() <= UCUM.items()
    assert all(f.ucum for f in features if f.loinc)
    assert sum(bool(f.loinc) for f in features) >= 3
