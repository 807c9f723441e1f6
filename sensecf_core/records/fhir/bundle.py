"""An answer as a FHIR R4B bundle: what the model says of whom, on what basis, and the options to discuss.

After HL7 AI Transparency on FHIR (ballot 2026-01): what the model asserts has the security label ``AIAST``,
and a ``Device`` says which software asserts it. Nothing in the bundle is an order: goals are ``proposed``,
care plans are drafts and proposals, and counterfactuals that only explain are notes.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from sensecf_core.cohorts.schema import Schema
from sensecf_core.errors import NotReadyError
from sensecf_core.provenance import install_command
from sensecf_core.queries.answer import Answer, Effort
from sensecf_core.records.fhir import options, person, software
from sensecf_core.records.fhir.codes import wrong_codes
from sensecf_core.records.fhir.context import Context
from sensecf_core.records.kept_options import kept_options
from sensecf_core.types import Json, JsonView


def answer_fhir(
    answer: Answer,
    schema: Schema,
    card: JsonView | None = None,
    kept: Sequence[int] | None = None,
    efforts: Mapping[str, Effort] | None = None,
) -> str:
    """Write an answer as the JSON of a bundle; parameters and errors as those of :func:`answer_bundle`."""
    bundle = answer_bundle(answer, schema, card, kept, efforts)
    return json.dumps(bundle, indent=1, ensure_ascii=False) + "\n"


def answer_bundle(
    answer: Answer,
    schema: Schema,
    card: JsonView | None = None,
    kept: Sequence[int] | None = None,
    efforts: Mapping[str, Effort] | None = None,
) -> Json:
    """Make the bundle (type ``collection``) of an answer about a row of the cohort of ``schema``.

    Red flags come first. ``card`` is that of the classifier which gave the answer, None where it is not at
    hand; ``kept`` are numbers of options, None for all; ``efforts`` is how hard somebody said that changes
    are for the person, by feature. Ids depend on the answer alone.

    Raises
    ------
    InputError : a number in ``kept`` is not there.
    NotReadyError : ``fhir.resources`` is not installed.
    """
    chosen = kept_options(answer, kept)
    context = Context(answer, schema, efforts or {})
    flags = person.flags(context)
    observations = person.observations(context)
    assessment = options.risk_assessment(context, observations, chosen, card)
    plans = options.plans(context, chosen)
    asserted = [assessment, *plans]
    resources = [
        *flags,
        person.patient(context),
        software.device(context),
        assessment,
        *observations,
        *plans,
        software.provenance(context, asserted, observations),
    ]
    bundle: Json = {
        "resourceType": "Bundle",
        "id": context.id("bundle"),
        "meta": {"security": context.labels(asserted=True)},
        "identifier": {"system": "urn:sensecf:answer", "value": context.text(answer.answer_id)},
        "type": "collection",
        "timestamp": context.created,
        "entry": [{"fullUrl": f"urn:uuid:{one['id']}", "resource": one} for one in resources],
    }
    _check(bundle)
    return bundle


def _check(bundle: Json) -> None:
    """Raise where a bundle is not R4B: its structure by ``fhir.resources``, required codes by us."""
    try:
        from fhir.resources.R4B.bundle import Bundle
    except ModuleNotFoundError as error:
        raise NotReadyError(
            f"A FHIR bundle needs fhir.resources; run `{install_command('exports')}`."
        ) from error
    Bundle.model_validate(bundle)
    if wrong := list(wrong_codes(bundle)):
        raise ValueError("; ".join(wrong))
