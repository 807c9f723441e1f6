"""Teach a language model the task: pairs become lessons, and the checker says how good it has become."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from sensecf_core.cohorts.encoding import Codes
from sensecf_core.counterfactuals.checks.candidates import screen_candidates
from sensecf_core.counterfactuals.checks.refine import holding, undo_unneeded
from sensecf_core.counterfactuals.checks.verify import CheckResults, verify
from sensecf_core.counterfactuals.fine_tuning import pairs as pair_search
from sensecf_core.counterfactuals.fine_tuning.pairs import Pair
from sensecf_core.counterfactuals.fine_tuning.raw_rates import propose
from sensecf_core.counterfactuals.problem.budget import CancelledError
from sensecf_core.counterfactuals.problem.fitted_cohort import FittedCohort
from sensecf_core.counterfactuals.problem.problem import Problem
from sensecf_core.language.local.model import LocalModel
from sensecf_core.language.prompts import fine_tuned
from sensecf_core.language.prompts.plain import chat_text
from sensecf_core.language.training.batches import TrainingExample
from sensecf_core.queries.answer import Edits
from sensecf_core.queries.query import PromptHints
from sensecf_core.types import Mask

if TYPE_CHECKING:
    from sensecf_core.cohorts.schema import Schema
ROUND_CANDIDATES = 8
"""Candidates sampled per training query in a round."""
ROUND_ANSWERS = 4
"""Answers of one's own that a round keeps per query."""


def training_examples(schema: Schema, tokenizer: Any, pairs: Sequence[Pair]) -> list[TrainingExample]:
    """Write pairs as texts; those without an answer teach nothing and are left out."""
    return [
        TrainingExample(
            chat_text(tokenizer, fine_tuned.build(schema, pair.query, pair.hints)),
            tuple(fine_tuned.answer_text(schema, pair.query, pair.hints, answer) for answer in pair.answers),
        )
        for pair in pairs
        if pair.answers
    ]


@dataclass(frozen=True)
class Rollout:
    """A training query that the model answered itself: what was accepted of it, and what was not."""

    pair: Pair
    accepted: bool
    rejected: tuple[str, ...]


def sample_own_answers(
    fitted: FittedCohort,
    model: LocalModel,
    pairs: Sequence[Pair],
    *,
    seed: int = 0,
    progress: Callable[[float, str], None] = lambda done, words: None,
    cancelled: Callable[[], bool] = lambda: False,
) -> tuple[Rollout, ...]:
    """One round with the checker as teacher: sample answers to training queries and judge them.

    Accepted are candidates that pass every check, with what they do not need undone, that are beyond the
    threshold by the smallest margin of the pairs at least; as in the pairs, where any are enough by what the
    prompt says, the others are left out, and nothing is undone that would leave too little. Fewest changes
    first, then nearest, each change of features once, at most :data:`ROUND_ANSWERS`. They replace the pair's
    answers; a query whose candidates all fail keeps the search's. Rejected are texts that break a limit or
    do not reach the desired class, at most as many. Raises ``CancelledError``.
    """
    rollouts = []
    for number, pair in enumerate(pairs):
        if cancelled():
            raise CancelledError
        progress(number / len(pairs), "The model answers training queries")
        proposal = propose(
            fitted.schema, model, pair, candidates=ROUND_CANDIDATES, temperature=1.0, seed=seed + number
        )
        problem = Problem.of(fitted, pair.query)
        screened = screen_candidates(problem, proposal)
        accepted = _accepted(problem, pair.hints, screened.checks)
        wrong = [c.text for c in screened.candidates if not (c.valid and c.within_limits)]
        rollouts.append(
            Rollout(
                pair=Pair(pair.query, pair.hints, accepted or pair.answers),
                accepted=bool(accepted),
                rejected=tuple(dict.fromkeys(wrong))[:ROUND_ANSWERS],
            )
        )
    return tuple(rollouts)


def _accepted(problem: Problem, hints: PromptHints, checks: CheckResults) -> tuple[Edits, ...]:
    fitted, space = problem.fitted, problem.space
    margin = pair_search.MARGINS[-1]
    beyond = fitted.reaches(checks.probability, space.desired, margin)
    codes = checks.codes[checks.passed & beyond]
    if not len(codes):
        return ()
    reached, enough = holding(problem, margin), pair_search.scores_suffice(space, codes, hints)
    holds = reached
    if enough.any():
        codes = codes[enough]

        def holds(rows: Codes) -> Mask:
            return reached(rows) & pair_search.scores_suffice(space, rows, hints)

    fewer = undo_unneeded(problem, codes, holds)
    usual = verify(problem, fewer).passed
    codes = np.where(usual[:, None], fewer, codes)
    kept = pair_search.fewest_and_nearest(fitted, space, codes, per_set=1)[:ROUND_ANSWERS]
    return tuple({n: c.after for n, c in space.changes(codes[row]).items()} for row in kept)


def preference_examples(schema: Schema, tokenizer: Any, rollouts: Sequence[Rollout]) -> list[TrainingExample]:
    """Write what was tried as texts to prefer and to avoid; queries without a wrong answer teach nothing."""
    found = []
    for one in rollouts:
        if one.rejected:
            found += [
                replace(example, rejected=one.rejected)
                for example in training_examples(schema, tokenizer, [one.pair])
            ]
    return found
