"""Answer one request: ask, propose, verify, refine, select; every step counted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from time import perf_counter
from typing import Literal

import numpy as np

from sensecf_core.cohorts.rows import locate
from sensecf_core.counterfactuals.ask import ask, drivers
from sensecf_core.counterfactuals.binding import reasons
from sensecf_core.counterfactuals.checker import (
    BudgetSpentError,
    CancelledError,
    Checker,
    Floats,
    Meter,
    checker,
)
from sensecf_core.counterfactuals.judge import Judged, count, describe, judge
from sensecf_core.counterfactuals.limits import limits_of
from sensecf_core.counterfactuals.methods import check_method, proposer_for
from sensecf_core.counterfactuals.model_choice import check_model
from sensecf_core.counterfactuals.moves import Moves
from sensecf_core.counterfactuals.outcome import EMPTY_TRACE, Outcome, to_answer
from sensecf_core.counterfactuals.proposers import Progress, Proposal, Proposer, Run
from sensecf_core.counterfactuals.refine import refine, without
from sensecf_core.counterfactuals.select import select
from sensecf_core.counterfactuals.verify import Verdicts, verify
from sensecf_core.queries.answer import Answer, Best, Candidate, Seconds, Trace
from sensecf_core.queries.query import Query
from sensecf_core.queries.request import ExplainRequest

CANCELLED = "Cancelled before it was done."
NOTHING_MOVES = (
    "Nothing may move for this participant under these limits; unfreeze a feature or widen a range."
)
GRACE_SECONDS = 5.0
"""Time that the checks may take beyond the deadline, so that what was proposed in time is judged."""


def explain(
    request: ExplainRequest,
    *,
    progress: Progress | None = None,
    cancelled: Callable[[], bool] | None = None,
    keep_candidates: bool = True,
) -> Answer:
    """Answer one request with checked counterfactuals, or say why there are none.

    The same request on the same machine, thread count and precision gives the same answer (times
    aside). ``progress`` is called with the share done (0 to 1) and words; ``cancelled`` is asked often;
    ``keep_candidates`` keeps every proposed text in the trace.

    Raises ``InputError`` for anything the request gets wrong, before a model is loaded, and
    ``NotReadyError`` when the classifier or the language model is missing.
    """
    check_method(request.method)
    check_model(request)
    if progress:
        progress(0.0, "Getting the cohort and its classifier ready")
    found = answer(checker(request.cohort), request, progress=progress, cancelled=cancelled)
    if keep_candidates:
        return found
    return found.model_copy(update={"trace": found.trace.model_copy(update={"candidates": ()})})


def answer(
    judges: Checker,
    request: ExplainRequest,
    *,
    progress: Progress | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Answer:
    """Answer one request with a checker that is already at hand; see :func:`explain`."""
    started = perf_counter()
    query = _query(judges, request)
    why = drivers(judges, [query])[0]
    if query.factual.predicted == query.desired:
        return to_answer(judges, request, query, why, _already(judges, query))
    if not query.movable:
        return to_answer(judges, request, query, why, Outcome("none", (NOTHING_MOVES,)))
    asked_to_stop = cancelled or (lambda: False)
    tell = progress or (lambda done, words: None)
    tell(0.02, "Getting the language model ready" if request.method != "random" else "Drawing")
    try:
        proposer = proposer_for(request, judges, query, why, asked_to_stop)
    except CancelledError:
        return to_answer(judges, request, query, why, Outcome("cancelled", (CANCELLED,)))
    run = Run(
        candidates=request.candidates,
        seed=request.seed,
        temperature=request.temperature,
        deadline=started + request.max_seconds,
        cancelled=asked_to_stop,
        progress=tell,
    )
    outcome = _pursue(judges, request, query, proposer, run)
    total = outcome.seconds.model_copy(update={"total": perf_counter() - started})
    return to_answer(judges, request, query, why, replace(outcome, seconds=total))


def _query(judges: Checker, request: ExplainRequest) -> Query:
    limits = limits_of(request, judges.cohort, judges.domain)
    key = locate(judges.cohort, request.participant_id, request.row_id)
    desired: Literal[0, 1] = judges.schema.task.desired if request.desired is None else request.desired
    return ask(judges, [key], desired, limits)[0]


def _already(judges: Checker, query: Query) -> Outcome:
    task = judges.schema.task
    here, there = (task.class_1, task.class_0) if query.desired else (task.class_0, task.class_1)
    return Outcome(
        "already_desired",
        (
            f"The model already says “{here}” for this participant.",
            f"To see what would tip the prediction to “{there}”, ask with `contrast` limits and the "
            f"desired class {1 - query.desired}.",
        ),
    )


def _pursue(judges: Checker, request: ExplainRequest, query: Query, proposer: Proposer, run: Run) -> Outcome:
    """Propose, verify, refine and select for one query, within its budget."""
    started = perf_counter()
    proposal = proposer.propose(query, run)
    seconds = Seconds(
        propose=perf_counter() - started,
        prefill=proposal.prefill_seconds,
        decode=proposal.decode_seconds,
    )
    partial = Outcome(
        "cancelled",
        (CANCELLED,),
        trace=_unjudged(proposal),
        seconds=seconds,
        prompt=proposal.prompt,
        model=proposal.provenance,
    )
    if proposal.stopped == "cancelled" or run.cancelled():
        return partial
    run.progress(0.9, "Checking the candidates")
    meter = Meter(
        judges.classifier,
        request.max_model_rows,
        lambda: perf_counter() > run.deadline + GRACE_SECONDS,
        run.cancelled,
    )
    try:
        outcome = _check(judges, request, Moves.of(judges.schema, query), proposal, meter)
    except CancelledError:
        outcome = partial
    except BudgetSpentError as spent:
        outcome = replace(partial, status="budget_spent", reasons=(f"Stopped: {spent}.",))
    trace = outcome.trace.model_copy(update={"model_rows": meter.rows})
    steps = seconds.model_copy(update=outcome.seconds.model_dump(include={"verify", "refine", "select"}))
    return replace(outcome, trace=trace, seconds=steps, prompt=proposal.prompt, model=proposal.provenance)


def _unjudged(proposal: Proposal) -> Trace:
    return EMPTY_TRACE.model_copy(
        update={
            "proposed": len(proposal.texts),
            "unique": len(set(proposal.texts)),
            "candidates": tuple(Candidate(text=text, edits=None, readable=False) for text in proposal.texts),
        }
    )


def _check(
    judges: Checker, request: ExplainRequest, moves: Moves, proposal: Proposal, meter: Meter
) -> Outcome:
    """Verify, refine and select what was proposed."""
    clock = [perf_counter()]
    judged = judge(judges, moves, proposal, meter)
    clock.append(perf_counter())
    try:
        refined = _refined(judges, moves, judged, meter)
    except BudgetSpentError as spent:
        return Outcome(
            "budget_spent", (f"Stopped: {spent}.",), best=_best(moves, judged), trace=count(judged)
        )
    clock.append(perf_counter())
    counted = count(judged)
    # A candidate may give two options; no more are shown than candidates passed every check.
    most = min(request.k, counted.plausible)
    chosen = refined.take(select(refined, moves.changed(refined.codes), most))
    shown = describe(judges, moves, chosen)
    clock.append(perf_counter())
    verify_s, refine_s, select_s = np.diff(clock).tolist()
    trace = counted.model_copy(update={"shown": len(shown)})
    seconds = Seconds(verify=verify_s, refine=refine_s, select=select_s)
    late = (
        (f"Stopped after {request.max_seconds:g} s, the time allowed for one answer.",)
        if proposal.stopped == "deadline"
        else ()
    )
    if shown:
        return Outcome("found", late, counterfactuals=shown, trace=trace, seconds=seconds)
    said = (*late, *reasons(judges, moves, trace, meter))
    return Outcome(
        "budget_spent" if proposal.stopped == "deadline" else "none",
        said,
        best=_best(moves, judged),
        trace=trace,
        seconds=seconds,
    )


def _refined(judges: Checker, moves: Moves, judged: Judged, meter: Meter) -> Verdicts:
    """Shrink what passed every check; a row that refining would make unusual stays as it was."""
    verdicts = judged.verdicts
    raw = verdicts.take(np.flatnonzero(verdicts.within_limits & verdicts.valid & verdicts.plausible))
    if not len(raw.codes):
        return raw
    shrunk = verify(judges, moves, refine(judges, moves, raw.codes, meter), meter)
    usual = shrunk.valid & shrunk.within_limits & shrunk.plausible
    seconds = without(judges, moves, raw.codes, shrunk.codes, meter)
    everything = np.vstack([np.where(usual[:, None], shrunk.codes, raw.codes), seconds])
    pool = verify(judges, moves, everything, meter)
    return pool.take(np.flatnonzero(pool.valid & pool.within_limits & pool.plausible))


def _best(moves: Moves, judged: Judged) -> Best | None:
    """The within-limits candidate nearest to the desired class, if it improves on the factual."""
    verdicts = judged.verdicts
    sign = 1 if moves.desired else -1
    gain: Floats = sign * (verdicts.probability - moves.query.factual.probability)
    gain = np.where(verdicts.within_limits, gain, -np.inf)
    if not len(gain) or not gain.max() > 0:
        return None
    row = int(gain.argmax())
    return Best(changes=moves.changes(verdicts.codes[row]), probability=float(verdicts.probability[row]))
