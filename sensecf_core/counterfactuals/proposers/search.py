"""This program's own search as a method: no language model, and the same judges as every other answer."""

from __future__ import annotations

from dataclasses import dataclass
from time import perf_counter

from sensecf_core.cohorts.encoding import Codes
from sensecf_core.counterfactuals.checks.refine import refine_passed
from sensecf_core.counterfactuals.checks.select import listed
from sensecf_core.counterfactuals.checks.verify import verify
from sensecf_core.counterfactuals.feasibility.wide_search import pools
from sensecf_core.counterfactuals.problem.budget import BudgetSpentError, CancelledError
from sensecf_core.counterfactuals.problem.fitted_cohort import FittedCohort
from sensecf_core.counterfactuals.problem.problem import Problem
from sensecf_core.counterfactuals.proposal import Proposal, ProposalRequest, Stopped, written
from sensecf_core.queries.query import Query


@dataclass(frozen=True)
class SearchProposer:
    """Searches widely, makes what passes the checks small without lowering its grade, and gives the best k.

    The search is that of the feasibility map (:mod:`sensecf_core.counterfactuals.feasibility.wide_search`).
    """

    fitted: FittedCohort
    k: int

    def propose(self, query: Query, run: ProposalRequest) -> Proposal:
        """Search on the query's behalf, asking the classifier through ``run.budget``.

        Raises ``ValueError`` without a budget.
        """
        if run.budget is None:
            raise ValueError("search asks the classifier, so it needs a run with a budget")
        started = perf_counter()
        run.callbacks.progress(0.05, "Searching")
        problem = Problem.of(self.fitted, query, run.budget)
        texts: tuple[str, ...] = ()
        stopped: Stopped | None = None
        if started > run.deadline:
            return Proposal((), stopped="deadline", finished=True)
        try:
            texts = tuple(written(problem.space, self._found(problem)))
        except BudgetSpentError:
            stopped = "budget"
        except CancelledError:
            stopped = "cancelled"
        return Proposal(
            texts,
            decode_seconds=perf_counter() - started,
            stopped=stopped,
            notes=() if texts else ("The search found nothing within these limits that passes the checks.",),
            finished=True,
        )

    def _found(self, problem: Problem) -> Codes:
        (rows,) = pools([problem], problem.budget)
        small = refine_passed(problem, verify(problem, rows).only_passed())
        return listed(problem.space, small, self.k)
