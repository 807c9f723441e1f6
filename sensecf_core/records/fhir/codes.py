"""Code systems, labels, and the codes that FHIR R4B requires: ``fhir.resources`` does not check them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sensecf_core.types import Json

LOINC = "http://loinc.org"
UCUM = "http://unitsofmeasure.org"
TERMINOLOGY = "http://terminology.hl7.org/CodeSystem"

AI_ASSERTED: Json = {
    "system": f"{TERMINOLOGY}/v3-ObservationValue",
    "code": "AIAST",
    "display": "Artificial Intelligence asserted",
}
"""Security label of what a model asserts (HL7 AI Transparency on FHIR, ballot 2026-01)."""

TEST_DATA: Json = {"system": f"{TERMINOLOGY}/v3-ActReason", "code": "HTEST", "display": "test health data"}
"""Security label of what is about nobody real."""

AI_DEVICE: Json = {
    "system": "http://hl7.org/fhir/uv/aitransparency/CodeSystem/AIdeviceTypeCS",
    "code": "Artificial-Intelligence",
}
"""Type of the device (HL7 AI Transparency on FHIR, ballot 2026-01)."""

_RESULT_STATUS = "registered preliminary final amended corrected cancelled entered-in-error unknown"
_DEVICE_NAMES = "udi-label-name user-friendly-name patient-reported-name manufacturer-name model-name other"
_BUNDLES = (
    "document message transaction transaction-response batch batch-response history searchset collection"
)
_GOALS = "proposed planned accepted active on-hold completed cancelled entered-in-error rejected"
_CODES = {
    ("Bundle", "type"): _BUNDLES,
    ("Observation", "status"): _RESULT_STATUS,
    ("RiskAssessment", "status"): _RESULT_STATUS,
    ("Flag", "status"): "active inactive entered-in-error",
    ("Device", "status"): "active inactive entered-in-error unknown",
    ("Device", "deviceName.type"): _DEVICE_NAMES,
    ("Goal", "lifecycleStatus"): _GOALS,
    ("CarePlan", "status"): "draft active on-hold revoked completed entered-in-error unknown",
    ("CarePlan", "intent"): "proposal plan order option",
    ("Provenance", "entity.role"): "derivation revision quotation source removal",
}
REQUIRED: Mapping[tuple[str, str], tuple[str, ...]] = {
    element: tuple(codes.split()) for element, codes in _CODES.items()
}
"""Resource type and path of each element with a required binding that is written here, with its codes."""


def wrong_codes(bundle: Mapping[str, Any]) -> Iterator[str]:
    """Say where a bundle has a code that FHIR R4B does not admit, or lacks one; nothing where it is right."""
    for resource in (bundle, *(entry["resource"] for entry in bundle.get("entry", ()))):
        for (kind, path), admitted in REQUIRED.items():
            if resource["resourceType"] != kind:
                continue
            found = list(_at(resource, path.split(".")))
            if "." not in path and not found:
                yield f"{kind}.{path} is missing"
            for code in found:
                if code not in admitted:
                    yield f"{kind}.{path} is {code!r}, none of {', '.join(admitted)}"


def _at(element: Any, path: list[str]) -> Iterator[Any]:
    """Every value at a path, through lists."""
    if isinstance(element, list):
        for one in element:
            yield from _at(one, path)
    elif not path:
        yield element
    elif isinstance(element, Mapping) and path[0] in element:
        yield from _at(element[path[0]], path[1:])
