"""Answer one request: resolve it once, then propose, verify, refine, select; every step is counted."""

from __future__ import annotations

from dataclasses import dataclass, replace
from time import perf_counter
from typing import Literal

import numpy as np

from sensecf_core.cohorts.cohort import locate
from sensecf_core.cohorts.schema import Profile, Schema
from sensecf_core.counterfactuals.checks.option_order import numbered
from sensecf_core.counterfactuals.checks.sentences import risk
from sensecf_core.counterfactuals.feasibility.ask import confirmed, decided, look, nothing_to_find
from sensecf_core.counterfactuals.pipeline import CANCELLED, Pipeline
from sensecf_core.counterfactuals.problem.budget import Budget, CancelledError
from sensecf_core.counterfactuals.problem.constraints import is_actionable, resolve_limits
from sensecf_core.counterfactuals.problem.fitted_cohort import FittedCohort, load_fitted
from sensecf_core.counterfactuals.problem.make_queries import drivers, make_queries
from sensecf_core.counterfactuals.problem.problem import Problem
from sensecf_core.counterfactuals.proposal import ProposalRequest
from sensecf_core.counterfactuals.proposers.registry import Context, check_method, proposer_for
from sensecf_core.counterfactuals.proposers.resolve_model import check_model
from sensecf_core.counterfactuals.result import QueryResult, to_answer
from sensecf_core.errors import InputError
from sensecf_core.language.models.registry import ModelSpec
from sensecf_core.queries.answer import Answer, Seconds
from sensecf_core.queries.goal import Goal
from sensecf_core.queries.methods import METHODS, Family
from sensecf_core.queries.query import Query
from sensecf_core.queries.request import ExplainRequest
from sensecf_core.types import NO_CALLBACKS, Callbacks

PREPARING: dict[Family, str] = {
    "language model": "Getting the language model ready",
    "control": "Getting the control ready",
    "search": "Getting ready to search",
}
NOTHING_MOVES = (
    "Nothing may move for this participant under these limits; unfreeze a feature or widen a range."
)


@dataclass(frozen=True)
class ResolvedRequest:
    """A request that was checked: the query it poses, and the language model that it names, if any."""

    request: ExplainRequest
    query: Query
    model: ModelSpec | None


def explain(request: ExplainRequest, callbacks: Callbacks = NO_CALLBACKS) -> Answer:
    """Answer one request with checked counterfactuals, or say why there are none.

    The same request on the same machine, thread count and precision gives the same answer (times
    aside).

    Raises ``InputError`` for anything the request gets wrong, before a model is loaded, and
    ``NotReadyError`` when the classifier or the language model is missing.
    """
    callbacks.progress(0.0, "Getting the cohort and its classifier ready")
    return answer(load_fitted(request.cohort), request, callbacks)


def answer(fitted: FittedCohort, request: ExplainRequest, callbacks: Callbacks = NO_CALLBACKS) -> Answer:
    """Answer one request about a cohort that is loaded already; see :func:`explain`."""
    resolved = resolve(fitted, request)
    alone = behaviour_request(fitted.schema, request)
    if alone is None or _has_it_already(fitted, resolved.query):
        return numbered(fitted.schema, _answered(fitted, resolved, callbacks))
    behaviours = _answered(fitted, resolve(fitted, alone), _part(callbacks, 0.0, 0.5))
    found = _answered(fitted, resolved, _part(callbacks, 0.5, 1.0))
    return numbered(fitted.schema, found.model_copy(update={"behaviours": behaviours}))


def behaviour_request(schema: Schema, request: ExplainRequest) -> ExplainRequest | None:
    """The request that asks for behaviours alone beside one that asks for them too; None where none does.

    None also where no behaviour is left to move, or nothing else is: it would be the same question.
    """
    if not request.behaviours_too or (request.profile or schema.default_limits) != "intervention":
        return None
    free = [f for f in schema.features if is_actionable(f, "intervention") and f.name not in request.frozen]
    does = {feature.name for feature in free if is_actionable(feature, "behaviour")}
    if not does or len(does) == len(free):
        return None
    known = {feature.name for feature in schema.features if is_actionable(feature, "behaviour")}
    return request.model_copy(
        update={
            "profile": "behaviour",
            "behaviours_too": False,
            "frozen": tuple(name for name in request.frozen if name in known),
            "ranges": {name: span for name, span in request.ranges.items() if name in known},
            "levels": {name: levels for name, levels in request.levels.items() if name in known},
        }
    )


def _part(callbacks: Callbacks, start: float, end: float) -> Callbacks:
    """Report progress as the part of it between two shares."""

    def progress(share: float, message: str) -> None:
        callbacks.progress(start + (end - start) * share, message)

    return Callbacks(progress, callbacks.cancelled)


def _answered(fitted: FittedCohort, resolved: ResolvedRequest, callbacks: Callbacks) -> Answer:
    """Answer one checked request under its own limits."""
    started = perf_counter()
    request, query = resolved.request, resolved.query
    why = drivers(fitted, [query])[0]
    if _has_it_already(fitted, query):
        return to_answer(fitted, request, query, why, _already(fitted, query))
    if not query.movable:
        return to_answer(fitted, request, query, why, QueryResult("none", (NOTHING_MOVES,)))
    feasibility, searched = None, 0.0
    try:
        if request.search_first:
            callbacks.progress(0.01, "Searching what is feasible")
            feasibility = look(fitted, query, Budget(fitted.classifier, cancelled=callbacks.cancelled))
            query = decided(query, feasibility)
            searched = perf_counter() - started
            none = nothing_to_find(Problem.of(fitted, query), feasibility)
            if none is not None:
                seconds = Seconds(search=searched, total=searched)
                result = QueryResult("none", none, seconds=seconds)
                return to_answer(fitted, request, query, why, result, feasibility=feasibility)
        callbacks.progress(0.02, PREPARING[METHODS[request.method].family])
        proposer = proposer_for(Context(request, fitted, query, why, callbacks.cancelled, resolved.model))
    except CancelledError:
        return to_answer(fitted, request, query, why, QueryResult("cancelled", (CANCELLED,)))
    run = ProposalRequest(
        candidates=request.candidates,
        seed=request.seed,
        temperature=request.temperature,
        deadline=started + request.max_seconds,
        callbacks=callbacks,
    )
    result = Pipeline.of(fitted, request, query, run, feasibility).run(proposer)
    feasibility = confirmed(feasibility, result.counterfactuals, result.goal or query.goal)
    total = result.seconds.model_copy(update={"total": perf_counter() - started, "search": searched})
    return to_answer(fitted, request, query, why, replace(result, seconds=total), feasibility=feasibility)


def resolve(fitted: FittedCohort, request: ExplainRequest) -> ResolvedRequest:
    """Check all of a request against a cohort, once; raises as :func:`explain`."""
    check_method(request.method)
    return ResolvedRequest(request, query_of(fitted, request), check_model(request, fitted.cohort))


def query_of(fitted: FittedCohort, request: ExplainRequest) -> Query:
    """What a request asks: its row, limits and desired class, resolved against a cohort."""
    limits = resolve_limits(request, fitted.cohort, fitted.domain)
    key = locate(fitted.cohort, request.participant_id, request.row_id)
    desired: Literal[0, 1] = fitted.schema.task.desired if request.desired is None else request.desired
    query = make_queries(fitted, [key], desired, limits)[0]
    return query.model_copy(update={"goal": goal_of(request, limits.profile)})


def goal_of(request: ExplainRequest, profile: Profile) -> Goal:
    """The goal that a request asks for; ``auto`` is held as ``cross`` until something decides it.

    Raises ``InputError`` for a target that is no risk, or beside another goal.
    """
    if request.target is not None:
        if request.goal in ("cross", "lower"):
            raise InputError(f"A target risk is a goal of its own; leave out `{request.goal}`.")
        if not 0 < request.target < 100:
            raise InputError(
                f"`target` is a risk in points of 100, above 0 and below 100, got {request.target:g}."
            )
        return Goal(kind="target", target=request.target, asked="target")
    asked = request.goal or ("cross" if profile == "contrast" else "auto")
    return Goal(kind="lower" if asked == "lower" else "cross", asked=asked)


def _has_it_already(fitted: FittedCohort, query: Query) -> bool:
    """Whether the row as it is meets the goal; where it was asked for, a risk can always be lowered."""
    if query.goal.kind == "target":
        risk = np.array([query.factual.probability])
        return bool(Problem.of(fitted, query).aim.met(risk, risk)[0])
    return query.factual.predicted == query.desired and query.goal.asked != "lower"


def _already(fitted: FittedCohort, query: Query) -> QueryResult:
    if query.goal.target is not None:
        return QueryResult(
            "already_desired",
            (f"The risk is {risk(query.factual.probability)} of 100 already; ask for a lower one.",)
            if query.desired == 0
            else (f"The risk is {risk(query.factual.probability)} of 100 already; ask for a higher one.",),
        )
    task = fitted.schema.task
    current, other = (task.class_1, task.class_0) if query.desired else (task.class_0, task.class_1)
    return QueryResult(
        "already_desired",
        (
            f"The model already says “{current}” for this participant.",
            f"To see what would tip the prediction to “{other}”, ask with `contrast` limits and the "
            f"desired class {1 - query.desired}.",
        ),
    )
