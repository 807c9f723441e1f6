"""Asking a fine-tuned model again when nothing of what it proposed passes the checks.

Before it has answered, a model is told estimates (:mod:`levers`). Once it has, the classifier may be asked
about changed rows, so the second and third time it is told what each change is measured to be worth. It is
asked again only where some combination of these changes does pass the checks: what is shown is still
proposed by the model, never taken from the search.
"""

from __future__ import annotations

from dataclasses import replace

from sensecf_core.counterfactuals.checks.verify import verify
from sensecf_core.counterfactuals.problem.problem import Problem
from sensecf_core.counterfactuals.proposal import Proposal, ProposalRequest
from sensecf_core.counterfactuals.proposers.fine_tuned import FineTunedProposer
from sensecf_core.counterfactuals.search.combinations import combinations
from sensecf_core.counterfactuals.search.effects import estimate_effects

MAX_ATTEMPTS = 3
"""How often a model is asked one query, the first time included."""
SEEDS_APART = 1_000_003
"""Distance between the seeds of one asking and the next."""


def with_measured_effects(problem: Problem, proposer: FineTunedProposer) -> FineTunedProposer | None:
    """Tell a proposer what the query's changes are measured to be worth.

    None where no combination of them passes the checks. Raises ``BudgetSpentError`` through ``budget``.
    """
    hints = estimate_effects(problem.fitted, [problem.space.query], "probes", problem.budget.margin)[0]
    rows = combinations(problem.space, hints)
    if not len(rows):
        return None
    able = verify(problem, rows).passed.any()
    return replace(proposer, hints=hints) if able else None


def next_attempt(run: ProposalRequest, asking: int) -> ProposalRequest:
    """How a later asking (2, 3, …) is bounded: another seed, and progress that goes on from the checks."""
    return replace(
        run,
        seed=run.seed + SEEDS_APART * (asking - 1),
        callbacks=replace(
            run.callbacks,
            progress=lambda done, words: run.callbacks.progress(
                0.9, f"Asking again: {words[0].lower()}{words[1:]}"
            ),
        ),
    )


def concatenate(first: Proposal, second: Proposal) -> Proposal:
    """One proposal of two askings: texts in the order they came, prompts one after the other."""
    return Proposal(
        texts=first.texts + second.texts,
        cut=first.cut | {place + len(first.texts) for place in second.cut},
        prompt="\n\n".join(filter(None, (first.prompt, second.prompt))),
        prefill_seconds=_sum(first.prefill_seconds, second.prefill_seconds),
        decode_seconds=_sum(first.decode_seconds, second.decode_seconds),
        stopped=second.stopped,
        provenance=first.provenance,
        begins=(*first.begins, len(first.texts)),
    )


def _sum(one: float | None, other: float | None) -> float | None:
    return None if one is None or other is None else one + other
