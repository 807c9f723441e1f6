"""The identity of a run: everything that decides its numbers, and the id that is made of it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from sensecf_core.cohorts.cohort import Cohort
from sensecf_core.counterfactuals.problem.fitted_cohort import FittedCohort
from sensecf_core.counterfactuals.proposers.resolve_model import placement_of
from sensecf_core.counterfactuals.result import provenance_of
from sensecf_core.language.models import adapter_choice, default_model, registry
from sensecf_core.language.models.adapters import Card
from sensecf_core.language.prompts import plain
from sensecf_core.language.prompts.fine_tuned import TUNED_SHA256
from sensecf_core.provenance import code_sha256, machine
from sensecf_core.queries.methods import METHODS

ENGINE = (
    "sensecf_core.counterfactuals",
    "sensecf_core.evaluation.benchmark.run_task",
    "sensecf_core.evaluation.raw_candidates",
)
"""The code that decides what is answered, and what is recorded of an answer."""


def origin_of(fitted: FittedCohort, options: Mapping[str, Any]) -> dict[str, Any]:
    """Everything that decides a query's answer; a run goes on only where all of it is the same.

    ``options`` are those of the run (seed, number of candidates, …), as JSON values.
    """
    provenance = provenance_of(fitted)
    provenance["sha256"] |= {
        "base_model": default_model.status().sha256,
        "prompt_template": plain.TEMPLATE_SHA256,
        "tuned_prompt_template": TUNED_SHA256,
        "engine": code_sha256(*ENGINE),
    }
    adapter = adapter_choice.chosen(fitted.cohort)
    return {
        "cohort": fitted.schema.name,
        **options,
        "language_model": default_model.DEFAULT_MODEL,
        "adapter": None if adapter is None else of_adapter(adapter.card),
        "adapters": of_adapters(fitted.cohort),
        "machine": machine(),
        "provenance": provenance,
    }


def of_adapters(cohort: Cohort, base_sha256: str | None = None) -> dict[str, Any]:
    """What of a cohort's adapters decides their answers, by the method that each of them answers."""
    found = {
        method.name: adapter_choice.chosen(cohort, base_sha256, method.adapter)
        for method in METHODS.values()
        if method.needs_adapter
    }
    return {method: of_adapter(adapter.card) for method, adapter in found.items() if adapter is not None}


def of_adapter(card: Card) -> dict[str, Any]:
    """What of an adapter decides its answers."""
    return {"sha256": card.weights_sha256, "temperature": card.temperature}


def of_model(cohort: Cohort, name: str) -> dict[str, Any]:
    """What of a language model that was named decides its answers: its weights and adapter, or its server.

    Raises ``NotReadyError`` where its weights are not here.
    """
    spec = registry.spec(name)
    if spec.is_remote:
        return spec.model_dump(mode="json", include={"source", "model", "answers", "prompt", "extra"})
    placement = placement_of(spec)
    sha256 = default_model.weights_sha256(placement.folder or default_model.default_folder())
    return {
        "weights": sha256,
        "precision": placement.precision,
        "device": placement.device,
        "adapters": of_adapters(cohort, sha256),
    }


def run_id(origin: Mapping[str, Any], *, adapter_of: str | None) -> str:
    """Name a run by all that decides its answers, 16 hex digits.

    Neither a commit that leaves the engine alone, nor an adapter but that of the method ``adapter_of``.
    """
    provenance = {k: v for k, v in origin["provenance"].items() if k != "commit"}
    used = None if adapter_of is None else origin["adapters"].get(adapter_of)
    left = {key: value for key, value in origin.items() if key not in ("adapter", "adapters")}
    decisive = {**left, "provenance": provenance, "adapter": used}
    return hashlib.sha256(json.dumps(decisive, sort_keys=True, default=str).encode()).hexdigest()[:16]
