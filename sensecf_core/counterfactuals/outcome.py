"""What became of one query, and the answer that is made of it: with its address and its provenance."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sensecf_core.counterfactuals.checker import Checker
from sensecf_core.counterfactuals.limits import closed_by_request
from sensecf_core.provenance import commit, versions
from sensecf_core.queries.answer import Answer, Best, Counterfactual, Seconds, Status, Trace
from sensecf_core.queries.query import Driver, Query
from sensecf_core.queries.request import ExplainRequest

EMPTY_TRACE = Trace(proposed=0, unique=0, readable=0, within_limits=0, valid=0, plausible=0, shown=0)
NO_SECONDS = Seconds()
HASHES = ("base_model", "adapter", "prompt_template")
"""What of a model's provenance stands among the hashes."""


@dataclass(frozen=True)
class Outcome:
    """What an answer says beyond its query."""

    status: Status
    reasons: tuple[str, ...] = ()
    counterfactuals: tuple[Counterfactual, ...] = ()
    best: Best | None = None
    trace: Trace = EMPTY_TRACE
    seconds: Seconds = NO_SECONDS
    prompt: str | None = None
    model: tuple[tuple[str, str], ...] = ()


def to_answer(
    judges: Checker, request: ExplainRequest, query: Query, why: tuple[Driver, ...], outcome: Outcome
) -> Answer:
    """Write the answer of one query; the same question to the same models has the same ``answer_id``."""
    provenance = provenance_of(judges, outcome.model)
    settings = request.model_dump(mode="json")
    # An answer that was cut short never takes the place of a whole one.
    whole = outcome.status not in ("cancelled", "budget_spent") and not (
        outcome.status == "found" and outcome.reasons
    )
    cut_short = "" if whole else outcome.status
    hashes = sorted(provenance["sha256"].items())
    sampled_at = provenance.get("temperature")
    key = repr((sorted(settings.items(), key=str), query.row_id, hashes, cut_short, sampled_at))
    return Answer(
        answer_id=hashlib.sha256(key.encode()).hexdigest()[:16],
        cohort=query.cohort,
        method=request.method,
        seed=request.seed,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        participant_id=query.participant_id,
        row_id=query.row_id,
        status=outcome.status,
        reasons=(*outcome.reasons, *closed_by_request(judges.schema, judges.domain, query)),
        factual=query.factual,
        desired=query.desired,
        limits=query.limits,
        threshold=judges.classifier.threshold,
        counterfactuals=outcome.counterfactuals,
        best=outcome.best,
        trace=outcome.trace,
        seconds=outcome.seconds,
        drivers=why,
        prompt=outcome.prompt,
        settings=settings,
        provenance=provenance,
    )


def provenance_of(judges: Checker, model: tuple[tuple[str, str], ...] = ()) -> dict[str, Any]:
    """Version, commit and content hashes that an answer rests on."""
    return {
        "version": versions(),
        "commit": commit(),
        "sha256": {
            "cohort": judges.cohort.data_sha256,
            "schema": judges.schema.sha256,
            "split": judges.cohort.split_sha256,
            "classifier": judges.classifier.sha256,
            **{name: value for name, value in model if name in HASHES},
        },
        **{name: value for name, value in model if name not in HASHES},
    }
