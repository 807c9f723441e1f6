"""What a run rests on: everything that decides its numbers, and the id that is made of it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sensecf_core.counterfactuals.checker import Checker
from sensecf_core.counterfactuals.outcome import provenance_of
from sensecf_core.language import adapters, prompts, weights
from sensecf_core.language.tuned_prompt import TUNED_SHA256
from sensecf_core.provenance import machine

_BESIDE_THE_ENGINE = ("ui", "jobs", "records", "cli")


def origin_of(checker: Checker, options: Mapping[str, Any]) -> dict[str, Any]:
    """Everything that decides a query's answer; a run is picked up only where all of it is the same.

    ``options`` are those of the run (seed, number of candidates, …), as JSON values.
    """
    provenance = provenance_of(checker)
    provenance["sha256"] |= {
        "base_model": weights.status().sha256,
        "prompt_template": prompts.TEMPLATE_SHA256,
        "tuned_prompt_template": TUNED_SHA256,
        "adapter": found.card.weights_sha256 if (found := adapters.chosen(checker.cohort)) else None,
        "engine": engine_sha256(),
    }
    return {
        "cohort": checker.schema.name,
        **options,
        "language_model": weights.DEFAULT_MODEL,
        "machine": machine(),
        "provenance": provenance,
    }


def run_id(origin: Mapping[str, Any], *, tuned: bool) -> str:
    """Name a run by all that decides its answers, 16 hex digits.

    Neither a commit that leaves the engine alone, nor an adapter that is not used (``tuned`` is false).
    """
    provenance = {k: v for k, v in origin["provenance"].items() if k != "commit"}
    if not tuned:
        provenance["sha256"] = {k: v for k, v in provenance["sha256"].items() if k != "adapter"}
    decisive = {**origin, "provenance": provenance}
    return hashlib.sha256(json.dumps(decisive, sort_keys=True, default=str).encode()).hexdigest()[:16]


def engine_sha256() -> str:
    """Hash of the source that makes and judges answers."""
    import sensecf_core

    digest = hashlib.sha256()
    package = Path(sensecf_core.__file__).parent
    for path in sorted(package.rglob("*.py")):
        if path.relative_to(package).parts[0] not in _BESIDE_THE_ENGINE:
            digest.update(path.read_bytes())
    return digest.hexdigest()
