"""One query's way: propose, verify, refine, select; asked again where that may help. Every step counted."""

from __future__ import annotations

from dataclasses import dataclass, replace
from time import perf_counter

import numpy as np

from sensecf_core.counterfactuals.asking_again import MOST_ASKINGS, joined, later, measured
from sensecf_core.counterfactuals.binding import reasons
from sensecf_core.counterfactuals.checker import BudgetSpentError, CancelledError, Checker, Floats, Meter
from sensecf_core.counterfactuals.judge import Judged, count, describe, judge
from sensecf_core.counterfactuals.moves import Moves
from sensecf_core.counterfactuals.outcome import EMPTY_TRACE, Outcome
from sensecf_core.counterfactuals.proposers import Proposal, Proposer, Run
from sensecf_core.counterfactuals.refine import refine, without
from sensecf_core.counterfactuals.select import select
from sensecf_core.counterfactuals.tuned_proposer import TunedProposer
from sensecf_core.counterfactuals.verify import Verdicts, verify
from sensecf_core.queries.answer import Best, Candidate, Seconds, Trace
from sensecf_core.queries.query import Query
from sensecf_core.queries.request import ExplainRequest

CANCELLED = "Cancelled before it was done."
GRACE_SECONDS = 5.0
"""Time that the checks may take beyond the deadline, so that what was proposed in time is judged."""


@dataclass(frozen=True)
class Pursuit:
    """One query under way, within its budget."""

    judges: Checker
    request: ExplainRequest
    moves: Moves
    meter: Meter
    run: Run

    @classmethod
    def of(cls, judges: Checker, request: ExplainRequest, query: Query, run: Run) -> Pursuit:
        """Begin to pursue a query; the budget is the request's."""
        meter = Meter(
            judges.classifier,
            request.max_model_rows,
            lambda: perf_counter() > run.deadline + GRACE_SECONDS,
            run.cancelled,
        )
        return cls(judges, request, Moves.of(judges.schema, query), meter, run)

    def ask(self, proposer: Proposer) -> Outcome:
        """Let a proposer answer, and check what it says."""
        started = perf_counter()
        proposal = proposer.propose(self.moves.query, self.run)
        spent = perf_counter() - started
        searched = self.meter.rows
        outcome = self._judged(proposal)
        checked = self.meter.rows
        while (again := self._told_more(proposer, proposal, outcome)) is not None:
            started = perf_counter()
            run = later(self.run, outcome.trace.askings + 1)
            proposal = joined(proposal, again.propose(self.moves.query, run))
            spent += perf_counter() - started
            searched += self.meter.rows - checked
            outcome = self._judged(proposal)
            checked = self.meter.rows
        if outcome.status == "none" or (outcome.status == "budget_spent" and proposal.stopped == "deadline"):
            outcome = self._with_reasons(outcome)
        seconds = outcome.seconds.model_copy(
            update={
                "propose": spent,
                "prefill": proposal.prefill_seconds,
                "decode": proposal.decode_seconds,
            }
        )
        asked = {"model_rows": self.meter.rows, "search_rows": searched}
        trace = outcome.trace.model_copy(update=asked)
        return replace(
            outcome, trace=trace, seconds=seconds, prompt=proposal.prompt, model=proposal.provenance
        )

    def _told_more(self, proposer: Proposer, proposal: Proposal, outcome: Outcome) -> TunedProposer | None:
        """The proposer to ask again, or None where there is no need or no use."""
        if (
            not isinstance(proposer, TunedProposer)
            or outcome.status != "none"
            or proposal.stopped is not None
            or outcome.trace.askings >= MOST_ASKINGS
        ):
            return None
        try:
            return measured(self.judges, self.moves, proposer, self.meter)
        except (BudgetSpentError, CancelledError):
            return None

    def _judged(self, proposal: Proposal) -> Outcome:
        """Check what was proposed, unless it is over."""
        partial = Outcome("cancelled", (CANCELLED,), trace=_unjudged(proposal))
        if proposal.stopped == "cancelled" or self.run.cancelled():
            return partial
        self.run.progress(0.9, "Checking the candidates")
        try:
            return self._checked(proposal)
        except CancelledError:
            return partial
        except BudgetSpentError as spent:
            return replace(partial, status="budget_spent", reasons=(f"Stopped: {spent}.",))

    def _with_reasons(self, outcome: Outcome) -> Outcome:
        """Say why nothing that was checked passed."""
        try:
            why = reasons(self.judges, self.moves, outcome.trace, self.meter)
        except CancelledError:
            return replace(outcome, status="cancelled", reasons=(CANCELLED,))
        return replace(outcome, reasons=(*outcome.reasons, *why))

    def _checked(self, proposal: Proposal) -> Outcome:
        """Verify, refine and select what was proposed."""
        judges, moves = self.judges, self.moves
        clock = [perf_counter()]
        judged = judge(judges, moves, proposal, self.meter)
        clock.append(perf_counter())
        try:
            refined = _refined(judges, moves, judged, self.meter)
        except BudgetSpentError as spent:
            return Outcome(
                "budget_spent",
                (f"Stopped: {spent}.",),
                best=_best(moves, judged),
                trace=count(judged.candidates),
            )
        clock.append(perf_counter())
        counted = count(judged.candidates)
        # A candidate may give two options; no more are shown than candidates passed every check.
        most = min(self.request.k, counted.plausible)
        chosen = refined.take(select(refined, moves.changed(refined.codes), most))
        shown = describe(judges, moves, chosen)
        clock.append(perf_counter())
        verify_s, refine_s, select_s = np.diff(clock).tolist()
        trace = counted.model_copy(update={"shown": len(shown)})
        seconds = Seconds(verify=verify_s, refine=refine_s, select=select_s)
        late = (
            (f"Stopped after {self.request.max_seconds:g} s, the time allowed for one answer.",)
            if proposal.stopped == "deadline"
            else ()
        )
        if shown:
            return Outcome("found", late, counterfactuals=shown, trace=trace, seconds=seconds)
        return Outcome(
            "budget_spent" if late else "none",
            late,
            best=_best(moves, judged),
            trace=trace,
            seconds=seconds,
        )


def _unjudged(proposal: Proposal) -> Trace:
    return EMPTY_TRACE.model_copy(
        update={
            "proposed": len(proposal.texts),
            "unique": len(set(proposal.texts)),
            "candidates": tuple(Candidate(text=text, edits=None, readable=False) for text in proposal.texts),
        }
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
