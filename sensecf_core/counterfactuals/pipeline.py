"""One query's way: propose, verify, refine, select; asked again where that may help. Every step counted."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from time import perf_counter

import numpy as np

from sensecf_core.counterfactuals.checks.candidates import ScreenedCandidates, count_steps, screen_candidates
from sensecf_core.counterfactuals.checks.evidence import with_evidence
from sensecf_core.counterfactuals.checks.graded import GradedRows
from sensecf_core.counterfactuals.checks.refine import refine_passed
from sensecf_core.counterfactuals.checks.select import select
from sensecf_core.counterfactuals.checks.sentences import on_the_line
from sensecf_core.counterfactuals.feasibility.reasons import infeasibility_reasons
from sensecf_core.counterfactuals.problem.budget import Budget, BudgetSpentError, CancelledError
from sensecf_core.counterfactuals.problem.fitted_cohort import FittedCohort
from sensecf_core.counterfactuals.problem.problem import Problem
from sensecf_core.counterfactuals.problem.search_space import SearchSpace
from sensecf_core.counterfactuals.proposal import Proposal, ProposalRequest, Proposer, RetryingProposer
from sensecf_core.counterfactuals.result import EMPTY_TRACE, QueryResult
from sensecf_core.queries.answer import Best, Candidate, Feasibility, Seconds, Trace
from sensecf_core.queries.goal import GoalKind
from sensecf_core.queries.query import Query
from sensecf_core.queries.request import ExplainRequest
from sensecf_core.types import Floats

CANCELLED = "Cancelled before it was done."
LOWERED = (
    "No change that was proposed can be relied on to cross the line; these lower the risk as far as can be "
    "relied on."
)
GRACE_SECONDS = 5.0
"""How long the checks may go on beyond the deadline, so that what was proposed in time is checked."""


@dataclass(frozen=True)
class Pipeline:
    """One query as it is answered, within its budget."""

    problem: Problem
    request: ExplainRequest
    proposal_request: ProposalRequest
    feasibility: Feasibility | None = None

    @classmethod
    def of(
        cls,
        fitted: FittedCohort,
        request: ExplainRequest,
        query: Query,
        run: ProposalRequest,
        feasibility: Feasibility | None = None,
    ) -> Pipeline:
        """Pose a query with the budget of its request."""
        budget = Budget(
            fitted.classifier,
            request.max_model_rows,
            lambda: perf_counter() > run.deadline + GRACE_SECONDS,
            run.callbacks.cancelled,
        )
        return cls(Problem.of(fitted, query, budget), request, replace(run, budget=budget), feasibility)

    def run(self, proposer: Proposer) -> QueryResult:
        """Let a proposer answer, and check what it proposes; let it retry if it can."""
        budget = self.problem.budget
        started = perf_counter()
        proposal = proposer.propose(self.problem.space.query, self.proposal_request)
        spent = perf_counter() - started
        searched = budget.rows
        result = self._checked_in_time(proposal)
        checked = budget.rows
        attempts = self._retries(proposer, proposal)
        while self._may_retry(proposal, result):
            started = perf_counter()
            try:
                attempt = next(attempts, None)
            except (BudgetSpentError, CancelledError) as why:
                result = _ended(result, why)
                break
            if attempt is None:
                break
            proposal = attempt
            spent += perf_counter() - started
            searched += budget.rows - checked
            result = self._checked_in_time(proposal, result)
            checked = budget.rows
        if result.status == "none" or (result.status == "budget_spent" and proposal.stopped is not None):
            result = self._with_reasons(result)
        seconds = result.seconds.model_copy(
            update={
                "propose": spent,
                "prefill": proposal.prefill_seconds,
                "decode": proposal.decode_seconds,
            }
        )
        counts = {"model_rows": budget.rows, "search_rows": searched}
        trace = result.trace.model_copy(update=counts)
        return replace(
            result, trace=trace, seconds=seconds, prompt=proposal.prompt, model=proposal.provenance
        )

    def _retries(self, proposer: Proposer, first: Proposal) -> Iterator[Proposal]:
        if not isinstance(proposer, RetryingProposer):
            return iter(())
        return proposer.retry(self.problem, self.proposal_request, first)

    def _may_retry(self, proposal: Proposal, result: QueryResult) -> bool:
        in_time = perf_counter() < self.proposal_request.deadline
        return result.status == "none" and proposal.stopped is None and in_time

    def _cut_short(self, proposal: Proposal) -> tuple[str, ...]:
        if proposal.stopped == "deadline":
            return (f"Stopped after {self.request.max_seconds:g} s, the time allowed for one answer.",)
        if proposal.stopped == "budget":
            return (f"Stopped: the budget of {self.request.max_model_rows:,} model rows is spent.",)
        return ()

    def _checked_in_time(self, proposal: Proposal, before: QueryResult | None = None) -> QueryResult:
        """Check what was proposed; if cut short, the result ``before`` of earlier attempts stays."""
        earlier = before or QueryResult("none", trace=_unchecked(proposal))
        if proposal.stopped == "cancelled" or self.proposal_request.callbacks.cancelled():
            return _ended(earlier, CancelledError())
        self.proposal_request.callbacks.progress(0.9, "Checking the candidates")
        try:
            return self._checked_by_goal(proposal)
        except (BudgetSpentError, CancelledError) as why:
            return _ended(earlier, why)

    def _with_reasons(self, result: QueryResult) -> QueryResult:
        """Say why nothing that was checked passed."""
        try:
            why = infeasibility_reasons(self.problem, result.trace, self.feasibility)
        except CancelledError as cancelled:
            return _ended(result, cancelled)
        return replace(result, reasons=(*result.reasons, *why))

    def _checked_by_goal(self, proposal: Proposal) -> QueryResult:
        """Check what was proposed by the goal; ``auto`` lowers the risk where no crossing is solid."""
        goal = self.problem.space.query.goal
        if goal.asked != "auto":
            return self._checked(proposal)
        crossing = self._of_kind("cross")._checked(proposal)
        if any(option.grade in ("solid", None) for option in crossing.counterfactuals):
            return crossing
        try:
            lowering = self._of_kind("lower")._checked(proposal)
        except BudgetSpentError as spent:
            return _ended(crossing, spent)
        if crossing.counterfactuals and not lowering.counterfactuals:
            return crossing
        return replace(lowering, notes=(*((LOWERED,) if lowering.counterfactuals else ()), *crossing.notes))

    def _of_kind(self, kind: GoalKind) -> Pipeline:
        query = self.problem.space.query
        query = query.model_copy(update={"goal": query.goal.of_kind(kind)})
        return replace(self, problem=Problem.of(self.problem.fitted, query, self.problem.budget))

    def _checked(self, proposal: Proposal) -> QueryResult:
        """Verify, refine and select what was proposed."""
        problem, space = self.problem, self.problem.space
        clock = [perf_counter()]
        screened = screen_candidates(problem, proposal)
        counted = count_steps(screened.candidates)
        clock.append(perf_counter())
        passed = screened.checks.only_passed()
        try:
            refined = GradedRows.of(problem, passed) if proposal.finished else refine_passed(problem, passed)
        except BudgetSpentError as spent:
            return _ended(QueryResult("none", best=_best(space, screened), trace=counted), spent)
        clock.append(perf_counter())
        # A candidate can lead to two options; at most as many are shown as candidates passed every check.
        most = min(self.request.k, counted.plausible)
        lower = space.query.goal.kind == "lower"
        listed = select(refined, space.changed(refined.checks.codes), most, lower=lower)
        shown = with_evidence(problem, refined.checks.take(listed))
        clock.append(perf_counter())
        verify_s, refine_s, select_s = np.diff(clock).tolist()
        unlisted = refined.distinct_on_the_line
        different = counted.different | {"shown": len(shown)}
        trace = counted.model_copy(
            update={"shown": len(shown), "on_the_line": unlisted, "different": different}
        )
        notes = (on_the_line(unlisted, others=len(shown)),) if unlisted else ()
        goal = space.query.goal
        seconds = Seconds(verify=verify_s, refine=refine_s, select=select_s)
        late = self._cut_short(proposal)
        if shown:
            return QueryResult("found", late, notes, shown, goal, trace=trace, seconds=seconds)
        return QueryResult(
            "budget_spent" if late else "none",
            (*late, *proposal.notes),
            notes,
            goal=goal,
            best=_best(space, screened),
            trace=trace,
            seconds=seconds,
        )


def _ended(result: QueryResult, why: BudgetSpentError | CancelledError) -> QueryResult:
    """A result that was cut short, with what had been checked by then."""
    if isinstance(why, CancelledError):
        return replace(result, status="cancelled", reasons=(CANCELLED,))
    return replace(result, status="budget_spent", reasons=(f"Stopped: {why}.",))


def _unchecked(proposal: Proposal) -> Trace:
    return EMPTY_TRACE.model_copy(
        update={
            "proposed": len(proposal.texts),
            "unique": len(set(proposal.texts)),
            "candidates": tuple(
                Candidate(text=text, edits=None, readable=False, whole=proposal.whole_of(position))
                for position, text in enumerate(proposal.texts)
            ),
        }
    )


def _best(space: SearchSpace, screened: ScreenedCandidates) -> Best | None:
    """The within-limits candidate nearest to the desired class, if it improves on the factual."""
    checks = screened.checks
    sign = 1 if space.desired else -1
    gain: Floats = sign * (checks.probability - space.query.factual.probability)
    gain = np.where(checks.within_limits, gain, -np.inf)
    if not len(gain) or not gain.max() > 0:
        return None
    row = int(gain.argmax())
    return Best(changes=space.changes(checks.codes[row]), probability=float(checks.probability[row]))
