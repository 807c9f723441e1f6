"""The bundle is read back through the R4B models; codes that they do not check are checked here."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from fhir.resources.R4B.bundle import Bundle
from hypothesis import given, settings, strategies as st

from sensecf_core.cohorts.schema import Schema
from sensecf_core.disclaimer import DISCLAIMER_LONG
from sensecf_core.errors import InputError
from sensecf_core.queries.answer import Answer, RaisedFlag
from sensecf_core.queries.limits import Limits
from sensecf_core.records.fhir.bundle import answer_bundle, answer_fhir
from sensecf_core.records.fhir.codes import REQUIRED, wrong_codes
from tests.records.made_answers import make_answer, make_counterfactual
from tests.records.made_cards import CARD
from tests.small_cohort import SCHEMA

FLAG = RaisedFlag(name="f", label="Sugar 140 g", text="Act.", source="Us")


def of_kind(bundle: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    resources = [entry["resource"] for entry in bundle["entry"]]
    return [resource for resource in resources if resource["resourceType"] == kind]


def references(element: Any) -> Iterator[str]:
    if isinstance(element, dict):
        if isinstance(element.get("reference"), str):
            yield element["reference"]
        for one in element.values():
            yield from references(one)
    elif isinstance(element, list):
        for one in element:
            yield from references(one)


def test_it_is_r4b_and_says_the_same_when_it_is_read_back() -> None:
    written = json.loads(answer_fhir(make_answer(red_flags=(FLAG,)), SCHEMA, CARD))
    read = Bundle.model_validate(written)
    assert json.loads(read.model_dump_json()) == written
    assert list(wrong_codes(written)) == []


def test_what_it_holds() -> None:
    bundle = answer_bundle(make_answer(), SCHEMA, CARD)
    assert bundle["type"] == "collection" and bundle["timestamp"] == "2026-11-22T19:00:00Z"
    assert Counter(entry["resource"]["resourceType"] for entry in bundle["entry"]) == {
        "Patient": 1,
        "Device": 1,
        "RiskAssessment": 1,
        "Observation": 9,  # ten features, of which the waist was not measured
        "Goal": 3,
        "CarePlan": 2,
        "Provenance": 1,
    }


@pytest.mark.parametrize("kept", [None, (), (1,), (1, 2)])
def test_every_reference_is_resolved_in_the_bundle(kept: tuple[int, ...] | None) -> None:
    bundle = answer_bundle(make_answer(red_flags=(FLAG,)), SCHEMA, CARD, kept)
    urls = [entry["fullUrl"] for entry in bundle["entry"]]
    assert len(set(urls)) == len(urls)
    assert [f"urn:uuid:{entry['resource']['id']}" for entry in bundle["entry"]] == urls
    named = set(references(bundle))
    assert named and named <= set(urls)


def test_the_person_is_an_id() -> None:
    (patient,) = of_kind(answer_bundle(make_answer(), SCHEMA), "Patient")
    assert set(patient) == {"resourceType", "id", "meta", "identifier"}
    assert patient["identifier"] == [{"system": "urn:sensecf:cohort:small:participant", "value": "p0001"}]


def test_the_prediction_its_basis_and_its_limits() -> None:
    bundle = answer_bundle(make_answer(), SCHEMA, CARD)
    (risk,) = of_kind(bundle, "RiskAssessment")
    assert risk["status"] == "preliminary"
    assert risk["prediction"] == [{"outcome": {"text": "flag raised"}, "probabilityDecimal": 0.63}]
    assert len(risk["basis"]) == len(of_kind(bundle, "Observation"))
    notes = [note["text"] for note in risk["note"]]
    assert notes[0] == DISCLAIMER_LONG
    assert any("63 of 100; the model raises the flag from 31 of 100 on" in note for note in notes)
    assert any("AUROC 0.76 (0.73 to 0.79)" in note for note in notes)


def test_values_have_codes_where_the_schema_gives_them() -> None:
    codes = {"bmi": {"loinc": "39156-5", "ucum": "kg/m2"}}
    features = [f.model_dump() | codes.get(f.name, {}) for f in SCHEMA.features]
    schema = Schema.model_validate(SCHEMA.model_dump() | {"features": features})
    values = {
        one["code"]["text"]: one for one in of_kind(answer_bundle(make_answer(), schema), "Observation")
    }
    assert values["Body mass index"]["code"]["coding"] == [
        {"system": "http://loinc.org", "code": "39156-5"},
        {"system": "urn:sensecf:cohort:small:feature", "code": "bmi"},
    ]
    assert values["Body mass index"]["valueQuantity"] == {
        "value": 33.5,
        "unit": "kg/m²",
        "system": "http://unitsofmeasure.org",
        "code": "kg/m2",
    }
    assert values["Sugar"]["valueQuantity"] == {"value": 140, "unit": "g/day"}
    assert values["Active at leisure"]["valueBoolean"] is False
    assert values["Smoking"]["valueCodeableConcept"] == {"text": "current"}
    assert "Waist" not in values


def test_options_are_drafts_and_proposals_with_the_notice() -> None:
    bundle = answer_bundle(make_answer(red_flags=(FLAG,)), SCHEMA, CARD, kept=(1,))
    (plan,) = of_kind(bundle, "CarePlan")
    assert (plan["status"], plan["intent"], plan["title"]) == ("draft", "proposal", "Option 1, to discuss")
    assert plan["note"][0]["text"].startswith("ACT ON THIS FIRST: Sugar 140 g: Act.")
    assert plan["note"][1]["text"] == DISCLAIMER_LONG
    assert plan["note"][2]["text"].startswith("Grade: ")
    bmi, smoking = of_kind(bundle, "Goal")
    assert {bmi["lifecycleStatus"], smoking["lifecycleStatus"]} == {"proposed"}
    assert bmi["description"]["text"] == (
        "What would have to follow, not something to do: "
        "if body mass index came down to 30.0 kg/m² (now 33.5)"
    )
    assert smoking["description"]["text"] == "To discuss: smoking “former” instead of “current”"
    assert bmi["target"][0]["detailQuantity"]["value"] == 30.0
    assert smoking["target"][0]["detailCodeableConcept"] == {"text": "former"}
    assert [one["reference"] for one in plan["goal"]] == [f"urn:uuid:{goal['id']}" for goal in (bmi, smoking)]


def test_plans_and_goals_say_how_hard_they_are() -> None:
    bundle = answer_bundle(make_answer(), SCHEMA, kept=(1,), efforts={"smoking": "hard"})
    (plan,) = of_kind(bundle, "CarePlan")
    said = "Effort: hard. Said of this person: smoking hard."
    assert plan["note"][-1]["text"] == f"{said} Not estimated, counted as moderate: body mass index."
    assert [goal["note"][-1]["text"] for goal in of_kind(bundle, "Goal")] == ["Effort: not estimated.", said]
    Bundle.model_validate(bundle)


def test_an_explanation_is_no_plan() -> None:
    bundle = answer_bundle(make_answer(limits=Limits(profile="contrast")), SCHEMA, CARD)
    assert not of_kind(bundle, "CarePlan") and not of_kind(bundle, "Goal")
    (risk,) = of_kind(bundle, "RiskAssessment")
    said = [note["text"] for note in risk["note"] if note["text"].startswith("Explanation only, not advice")]
    assert said == ["Explanation only, not advice: Lower."] * 2


def test_the_red_flag_is_first() -> None:
    bundle = answer_bundle(make_answer(red_flags=(FLAG,)), SCHEMA)
    first = bundle["entry"][0]["resource"]
    assert (first["resourceType"], first["status"]) == ("Flag", "active")
    assert first["code"]["text"].startswith("ACT ON THIS FIRST: Sugar 140 g: Act. Source: Us")


def test_what_a_model_asserts_is_labelled_and_nobody_real_is_said() -> None:
    bundle = answer_bundle(make_answer(), SCHEMA)
    for kind in ("RiskAssessment", "Goal", "CarePlan", "Provenance"):
        for resource in of_kind(bundle, kind):
            assert [label["code"] for label in resource["meta"]["security"]] == ["AIAST", "HTEST"]
    for resource in of_kind(bundle, "Observation"):
        assert [label["code"] for label in resource["meta"]["security"]] == ["HTEST"]
    provenance = SCHEMA.provenance.model_dump() | {"real": True}
    real = Schema.model_validate(SCHEMA.model_dump() | {"provenance": provenance})
    bundle = answer_bundle(make_answer(), real)
    assert all("meta" not in one for one in of_kind(bundle, "Observation"))
    assert [label["code"] for label in bundle["meta"]["security"]] == ["AIAST"]


def test_the_software_and_what_it_used() -> None:
    provenance = {"version": {"sensecf": "0.1.0"}, "commit": "abc", "sha256": {"classifier": "f" * 64}}
    bundle = answer_bundle(make_answer(provenance=provenance), SCHEMA)
    (device,) = of_kind(bundle, "Device")
    assert device["type"]["coding"][0]["code"] == "Artificial-Intelligence"
    assert {one["type"]["text"]: one["value"] for one in device["version"]} == {
        "version of sensecf": "0.1.0",
        "commit": "abc",
        "method": "lm-few-shot",
        "sha256 of classifier": "f" * 64,
    }
    (origin,) = of_kind(bundle, "Provenance")
    asserted = [r for kind in ("RiskAssessment", "Goal", "CarePlan") for r in of_kind(bundle, kind)]
    assert {one["reference"] for one in origin["target"]} == {f"urn:uuid:{one['id']}" for one in asserted}
    assert origin["entity"][-1]["what"]["identifier"]["value"] == "f" * 64


def test_ids_depend_on_the_answer_alone() -> None:
    assert answer_fhir(make_answer(), SCHEMA, CARD) == answer_fhir(make_answer(), SCHEMA, CARD)
    one, other = (
        {entry["fullUrl"] for entry in answer_bundle(make_answer(name), SCHEMA)["entry"]}
        for name in ("a1", "a2")
    )
    assert not one & other


def test_an_option_that_is_not_there() -> None:
    with pytest.raises(InputError, match="no option 5"):
        answer_bundle(make_answer(), SCHEMA, kept=(5,))


@pytest.mark.parametrize(("kind", "path"), [key for key in REQUIRED if key[0] != "Bundle"])
def test_a_wrong_code_is_found_though_the_models_admit_it(kind: str, path: str) -> None:
    bundle = answer_bundle(make_answer(red_flags=(FLAG,)), SCHEMA)
    element = of_kind(bundle, kind)[0]
    *parents, last = path.split(".")
    for name in parents:
        element = element[name][0]
    element[last] = "nonsense"
    Bundle.model_validate(bundle)
    (said,) = wrong_codes(bundle)
    assert said.startswith(f"{kind}.{path} is 'nonsense', none of ")


def test_a_missing_status_is_found() -> None:
    bundle = answer_bundle(make_answer(), SCHEMA)
    del of_kind(bundle, "Observation")[0]["status"]
    assert list(wrong_codes(bundle)) == ["Observation.status is missing"]


text = st.text(st.characters(codec="utf-8"), max_size=15)


@settings(max_examples=25, deadline=None)
@given(text, text, text, st.sampled_from(["none", "already_desired", "found"]))
def test_any_text_makes_a_bundle(participant: str, level: str, reason: str, status: str) -> None:
    found = (make_counterfactual({"smoking": ("current", level)}, reason),) if status == "found" else ()
    answer = make_answer(participant_id=participant, reasons=(reason,), status=status, counterfactuals=found)
    written = answer_fhir(Answer.model_validate(answer.model_dump()), SCHEMA)
    assert list(wrong_codes(json.loads(written))) == []
    Bundle.model_validate_json(written)
