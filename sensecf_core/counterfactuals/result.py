"""The result of one query, and the answer made of it, with its id and provenance."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sensecf_core.classifiers.protocol import ClassifierLike
from sensecf_core.cohorts.cohort import Cohort
from sensecf_core.counterfactuals.checks.red_flags import red_flags
from sensecf_core.counterfactuals.problem.constraints import emptied_by_request
from sensecf_core.counterfactuals.problem.fitted_cohort import FittedCohort
from sensecf_core.provenance import commit, versions
from sensecf_core.queries.answer import Answer, Best, Counterfactual, Feasibility, Seconds, Status, Trace
from sensecf_core.queries.goal import Goal
from sensecf_core.queries.query import Driver, Query
from sensecf_core.queries.request import ExplainRequest

EMPTY_TRACE = Trace(proposed=0, unique=0, readable=0, within_limits=0, valid=0, plausible=0, shown=0)
NO_SECONDS = Seconds()
HASHES = ("base_model", "adapter", "prompt_template")
"""Entries of a model's provenance that are content hashes."""


@dataclass(frozen=True)
class QueryResult:
    """What the pipeline found for one query."""

    status: Status
    reasons: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    counterfactuals: tuple[Counterfactual, ...] = ()
    goal: Goal | None = None
    best: Best | None = None
    trace: Trace = EMPTY_TRACE
    seconds: Seconds = NO_SECONDS
    prompt: str | None = None
    model: tuple[tuple[str, str], ...] = ()


def to_answer(
    fitted: FittedCohort,
    request: ExplainRequest,
    query: Query,
    why: tuple[Driver, ...],
    result: QueryResult,
    *,
    feasibility: Feasibility | None = None,
) -> Answer:
    """Make the answer of one query; the same request to the same models has the same ``answer_id``."""
    provenance = provenance_of(fitted, result.model)
    settings = settings_of(request)
    # An answer that was cut short never replaces a complete one.
    complete = result.status not in ("cancelled", "budget_spent") and not (
        result.status == "found" and result.reasons
    )
    cut_short = "" if complete else result.status
    sampled_at = provenance.get("temperature")
    return Answer(
        red_flags=red_flags(fitted.schema, query.factual.features),
        answer_id=answer_id(settings, query.row_id, provenance["sha256"], sampled_at, cut_short),
        cohort=query.cohort,
        method=request.method,
        seed=request.seed,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        participant_id=query.participant_id,
        row_id=query.row_id,
        status=result.status,
        reasons=(*result.reasons, *emptied_by_request(fitted.schema, fitted.domain, query)),
        notes=result.notes,
        goal=result.goal or query.goal,
        feasibility=feasibility,
        factual=query.factual,
        desired=query.desired,
        limits=query.limits,
        threshold=fitted.classifier.threshold,
        second_threshold=fitted.classifier.second_threshold,
        counterfactuals=result.counterfactuals,
        best=result.best,
        trace=result.trace,
        seconds=result.seconds,
        drivers=why,
        prompt=result.prompt,
        settings=settings,
        provenance=provenance,
    )


def settings_of(request: ExplainRequest) -> dict[str, Any]:
    """A request as JSON values, as an answer keeps them and its id is made of."""
    settings = request.model_dump(mode="json")
    if not request.behaviours_too:  # the ids of answers are older than it
        del settings["behaviours_too"]
    return settings


def answer_id(
    settings: Mapping[str, Any],
    row_id: str,
    sha256: Mapping[str, str],
    sampled_at: str | None = None,
    cut_short: str = "",
) -> str:
    """The id of the answer to a request (as JSON values) about a row, by models of these hashes.

    ``sampled_at`` is the temperature, None where nothing was sampled from a language model.
    """
    key = repr((sorted(settings.items(), key=str), row_id, sorted(sha256.items()), sampled_at, cut_short))
    return hashlib.sha256(key.encode()).hexdigest()[:16]


def content_hashes(cohort: Cohort, classifier: ClassifierLike) -> dict[str, str]:
    """Hashes of the data and the classifier that an answer rests on."""
    return {
        "cohort": cohort.data_sha256,
        "schema": cohort.schema.sha256,
        "limits": cohort.schema.limits_sha256,
        "split": cohort.split_sha256,
        "classifier": classifier.sha256,
    }


def provenance_of(fitted: FittedCohort, model: tuple[tuple[str, str], ...] = ()) -> dict[str, Any]:
    """Version, commit and content hashes that an answer rests on."""
    return {
        "version": versions(),
        "commit": commit(),
        "sha256": {
            **content_hashes(fitted.cohort, fitted.classifier),
            **{name: value for name, value in model if name in HASHES},
        },
        **{name: value for name, value in model if name not in HASHES},
    }
