"""Which software asserts what, made of what."""

from __future__ import annotations

from collections.abc import Sequence

from sensecf_core.disclaimer import DISCLAIMER_LONG
from sensecf_core.queries.answer import Answer
from sensecf_core.queries.methods import BY_HAND
from sensecf_core.records.fhir.codes import AI_DEVICE, TERMINOLOGY
from sensecf_core.records.fhir.context import Context
from sensecf_core.types import Json


def device(context: Context) -> Json:
    """The software: its version, commit, method, and the hashes of what it ran on."""
    answer = context.answer
    facts: Json = {f"version of {name}": value for name, value in context.versions.items()}
    facts |= {"commit": answer.provenance.get("commit"), "method": answer.method}
    facts |= {"language model": answer.settings.get("model")}
    facts |= {f"sha256 of {name}": value for name, value in context.hashes.items()}
    return {
        **context.start("Device", "device", asserted=False),
        "status": "active",
        "deviceName": [{"name": "SenseCF", "type": "user-friendly-name"}],
        "type": {"coding": [dict(AI_DEVICE)], "text": "Artificial intelligence"},
        "version": [
            {"type": {"text": context.text(name)}, "value": context.text(str(value))}
            for name, value in facts.items()
            if value
        ],
        "note": [{"text": context.text(DISCLAIMER_LONG)}],
    }


def provenance(context: Context, asserted: Sequence[Json], observations: Sequence[Json]) -> Json:
    """Who made the asserted resources, when, and of which values, data and models."""
    sources = [{"role": "source", "what": {"reference": f"urn:uuid:{one['id']}"}} for one in observations]
    sources += [
        {
            "role": "source",
            "what": {
                "identifier": {"system": "urn:sensecf:sha256", "value": context.text(value)},
                "display": context.text(f"sha256 of {name}"),
            },
        }
        for name, value in context.hashes.items()
    ]
    agent_type = {"system": f"{TERMINOLOGY}/provenance-participant-type", "code": "assembler"}
    return {
        **context.start("Provenance", "provenance", asserted=True),
        "target": [{"reference": f"urn:uuid:{one['id']}"} for one in asserted],
        "recorded": context.created,
        "activity": {"text": context.text(f"Counterfactuals {_made(context.answer)}, each one checked")},
        "agent": [{"type": {"coding": [agent_type]}, "who": context.reference("device")}],
        "entity": sources,
    }


def _made(answer: Answer) -> str:
    return "made by hand" if answer.method == BY_HAND else f"by {answer.method}"
