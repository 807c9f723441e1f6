"""Who the answer is about: red flags, the person by id alone, what was measured."""

from __future__ import annotations

from collections.abc import Iterator

from sensecf_core.cohorts.encoding import Value
from sensecf_core.cohorts.feature import Feature
from sensecf_core.counterfactuals.checks.red_flags import ACT_FIRST, with_source
from sensecf_core.records.exports import raised
from sensecf_core.records.fhir.codes import LOINC, TERMINOLOGY, UCUM
from sensecf_core.records.fhir.context import Context
from sensecf_core.types import Json


def flags(context: Context) -> list[Json]:
    """The row's red flags, each a ``Flag``."""
    return [
        {
            **context.start("Flag", f"flag {flag.name}", asserted=False),
            "status": "active",
            "category": [{"coding": [{"system": f"{TERMINOLOGY}/flag-category", "code": "clinical"}]}],
            "code": {"text": context.text(f"{ACT_FIRST.upper()}: {with_source(flag)}")},
            "subject": context.reference("patient"),
            "author": context.reference("device"),
        }
        for flag in raised(context.answer, context.schema)
    ]


def patient(context: Context) -> Json:
    """The person: an id in the cohort, no name, no date of birth."""
    system = f"urn:sensecf:cohort:{context.schema.name}:participant"
    value = context.text(context.answer.participant_id)
    return {
        **context.start("Patient", "patient", asserted=False),
        "identifier": [{"system": system, "value": value}],
    }


def observations(context: Context) -> list[Json]:
    """One ``Observation`` for each value of the row that was measured."""
    return list(_observations(context))


def _observations(context: Context) -> Iterator[Json]:
    for feature in context.schema.features:
        value = context.answer.factual.features.get(feature.name)
        if value is None:
            continue
        yield {
            **context.start("Observation", f"observation {feature.name}", asserted=False),
            "status": "final",
            "code": concept(context, feature),
            "subject": context.reference("patient"),
            **_value(context, feature, value),
        }


def concept(context: Context, feature: Feature) -> Json:
    """What a feature measures: its LOINC code where the schema has one, and its name in the cohort."""
    own = {"system": f"urn:sensecf:cohort:{context.schema.name}:feature", "code": feature.name}
    loinc = [{"system": LOINC, "code": feature.loinc}] if feature.loinc else []
    return {"coding": [*loinc, own], "text": context.text(feature.label)}


def quantity(context: Context, feature: Feature, value: float) -> Json:
    """A number with its unit, coded where the schema has a UCUM code."""
    unit = {"unit": context.text(feature.unit)} if feature.unit else {}
    ucum = {"system": UCUM, "code": feature.ucum} if feature.ucum else {}
    return {"value": round(value, feature.decimals) if feature.decimals else value, **unit, **ucum}


def _value(context: Context, feature: Feature, value: Value) -> Json:
    if isinstance(value, str):
        return {"valueCodeableConcept": {"text": context.text(value)}}
    if feature.kind == "binary":
        return {"valueBoolean": bool(value)}
    assert value is not None
    return {"valueQuantity": quantity(context, feature, value)}
