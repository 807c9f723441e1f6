"""A fine-tuned language model as a proposer: its own short prompt, and a retry with measured effects.

Before the model has answered, its prompt holds estimated effects
(:mod:`sensecf_core.counterfactuals.search.effects`). Once it has, the classifier may be asked about changed
rows. So where nothing that was proposed passes the checks, the model is asked again with measured effects,
but only if some combination of these changes does pass. What is shown is still proposed by the model, never
taken from the search.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from sensecf_core.cohorts.schema import Schema
from sensecf_core.counterfactuals.checks.verify import verify
from sensecf_core.counterfactuals.problem.problem import Problem
from sensecf_core.counterfactuals.proposal import Proposal, ProposalRequest
from sensecf_core.counterfactuals.proposers.language import constraint_of, sample_proposal
from sensecf_core.counterfactuals.search.combinations import combinations
from sensecf_core.counterfactuals.search.effects import estimate_effects
from sensecf_core.language.backend import Backend
from sensecf_core.language.prompts.fine_tuned import TUNED_SHA256, answer_order, build, effect_scores
from sensecf_core.queries.query import PromptHints, Query

MAX_ATTEMPTS = 3
"""How often a model is asked about one query, the first time included."""
SEEDS_APART = 1_000_003
"""Distance between the seeds of one attempt and the next."""


@dataclass(frozen=True)
class FineTunedProposer:
    """Prompts a model that was fine-tuned for this schema with the effect of each allowed change."""

    schema: Schema
    model: Backend[Any]
    hints: PromptHints
    grammar: bool = True
    temperature: float = 1.0

    def propose(self, query: Query, run: ProposalRequest) -> Proposal:
        """Sample ``run.candidates`` answers in one batch."""
        if run.temperature is None:
            run = replace(run, temperature=self.temperature)
        constraint = replace(
            constraint_of(self.schema, query),
            order=answer_order(self.hints),
            scores=effect_scores(self.schema, query, self.hints),
        )
        return sample_proposal(
            self.model,
            build(self.schema, query, self.hints),
            query,
            run,
            constraint=constraint if self.grammar else None,
            templates={"text": TUNED_SHA256},
        )

    def retry(self, problem: Problem, run: ProposalRequest, first: Proposal) -> Iterator[Proposal]:
        """Ask again with measured effects, up to :data:`MAX_ATTEMPTS` times in all.

        Yields after each attempt one proposal with the texts of all attempts so far. Yields nothing where no
        combination of the measured changes passes the checks. Raises ``BudgetSpentError`` and
        ``CancelledError`` through the problem's budget.
        """
        informed = self._with_measured_effects(problem)
        if informed is None:
            return
        proposal = first
        for attempt in range(2, MAX_ATTEMPTS + 1):
            again = informed.propose(problem.space.query, next_attempt(run, attempt))
            proposal = concatenate(proposal, again)
            yield proposal

    def _with_measured_effects(self, problem: Problem) -> FineTunedProposer | None:
        hints = estimate_effects(problem.fitted, [problem.space.query], "probes", problem.budget.margin)[0]
        rows = combinations(problem.space, hints)
        feasible = len(rows) > 0 and verify(problem, rows).passed.any()
        return replace(self, hints=hints) if feasible else None


def next_attempt(run: ProposalRequest, attempt: int) -> ProposalRequest:
    """The request of a later attempt (2, 3, …): another seed, and progress that goes on after the checks."""

    def progress(done: float, message: str) -> None:
        run.callbacks.progress(0.9, f"Asking again: {message[0].lower()}{message[1:]}")

    return replace(
        run,
        seed=run.seed + SEEDS_APART * (attempt - 1),
        callbacks=replace(run.callbacks, progress=progress),
    )


def concatenate(first: Proposal, second: Proposal) -> Proposal:
    """One proposal of two attempts: texts in the order they came, prompts one after the other."""
    return Proposal(
        texts=first.texts + second.texts,
        cut=first.cut | {index + len(first.texts) for index in second.cut},
        prompt="\n\n".join(filter(None, (first.prompt, second.prompt))),
        prefill_seconds=_sum(first.prefill_seconds, second.prefill_seconds),
        decode_seconds=_sum(first.decode_seconds, second.decode_seconds),
        stopped=second.stopped,
        provenance=first.provenance,
        begins=(*first.begins, len(first.texts)),
    )


def _sum(first: float | None, second: float | None) -> float | None:
    return None if first is None or second is None else first + second
