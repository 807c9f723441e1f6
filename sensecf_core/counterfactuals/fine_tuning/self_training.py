"""Training examples from pairs, and from what a model answered itself (rejection sampling, preferences)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from sensecf_core.cohorts.encoding import Codes
from sensecf_core.counterfactuals.checks.candidates import screen_candidates
from sensecf_core.counterfactuals.checks.grades import RANKS, grade_rows
from sensecf_core.counterfactuals.checks.refine import holding, undo_unneeded
from sensecf_core.counterfactuals.checks.verify import CheckResults, verify
from sensecf_core.counterfactuals.fine_tuning.pairs.pair_search import Pair
from sensecf_core.counterfactuals.fine_tuning.raw_rates import propose
from sensecf_core.counterfactuals.problem.budget import CancelledError
from sensecf_core.counterfactuals.problem.fitted_cohort import FittedCohort
from sensecf_core.counterfactuals.problem.problem import Problem
from sensecf_core.counterfactuals.proposers.tuned_prompt import TunedPrompt, training_example
from sensecf_core.counterfactuals.search.answers import MARGINS, fewest_and_nearest, scores_suffice
from sensecf_core.language.local.model import LocalModel
from sensecf_core.language.training.batches import TrainingExample
from sensecf_core.queries.answer import Edits, Grade
from sensecf_core.queries.query import PromptHints
from sensecf_core.types import NO_CALLBACKS, Callbacks, Ints, Mask

ROUND_CANDIDATES = 8
"""Candidates sampled per training query in a round."""
ROUND_ANSWERS = 4
"""Accepted answers that a round keeps per query."""


def training_examples(
    prompt: TunedPrompt, tokenizer: Any, pairs: Sequence[Pair], *, not_solid_weight: float = 1.0
) -> list[TrainingExample]:
    """Write pairs as prompts and answers; those without an answer that can be written are left out.

    Answers that were graded, and are not solid, weigh ``not_solid_weight`` in the loss.
    """
    written = (
        replace(
            training_example(prompt, tokenizer, pair.query, pair.hints, answers=pair.answers),
            weight=1.0 if pair.grade in (None, "solid") else not_solid_weight,
        )
        for pair in pairs
        if pair.answers
    )
    return [example for example in written if example.answers]


@dataclass(frozen=True)
class Rollout:
    """A training query that the model answered itself: the accepted and the rejected answers."""

    pair: Pair
    accepted: bool
    rejected: tuple[str, ...]


def sample_own_answers(
    fitted: FittedCohort,
    prompt: TunedPrompt,
    model: LocalModel,
    pairs: Sequence[Pair],
    *,
    seed: int = 0,
    callbacks: Callbacks = NO_CALLBACKS,
) -> tuple[Rollout, ...]:
    """One round of rejection sampling: the model answers training queries, the checks accept or reject.

    Accepted are candidates that pass every check and lie at least the pairs' smallest margin beyond the
    threshold; changes that they do not need are undone. As in the pairs, where the scores of some add up to
    enough, the others are left out, and nothing is undone that would leave too little. Fewest changes first,
    then nearest, one answer per set of features, at most :data:`ROUND_ANSWERS`. They replace the pair's
    answers; a query whose candidates all fail keeps those of the search. Where the pair's answers are graded,
    the grade decides in place of the margin: accepted is what is no worse than they are. Rejected are
    candidates that break a limit or do not reach the desired class, at most as many. Raises
    ``CancelledError``.
    """
    rollouts = []
    for number, pair in enumerate(pairs):
        if callbacks.cancelled():
            raise CancelledError
        callbacks.progress(number / len(pairs), "The model answers training queries")
        proposal = propose(
            prompt, model, pair, candidates=ROUND_CANDIDATES, temperature=1.0, seed=seed + number
        )
        problem = Problem.of(fitted, pair.query)
        screened = screen_candidates(problem, proposal)
        if pair.grade is None:
            accepted = _accepted(problem, pair.hints, screened.checks)
        else:
            accepted = _as_good(problem, pair.grade, screened.checks)
        wrong = [c.whole or c.text for c in screened.candidates if not (c.valid and c.within_limits)]
        rollouts.append(
            Rollout(
                pair=replace(pair, answers=accepted or pair.answers),
                accepted=bool(accepted),
                rejected=tuple(dict.fromkeys(wrong))[:ROUND_ANSWERS],
            )
        )
    return tuple(rollouts)


def _accepted(problem: Problem, hints: PromptHints, checks: CheckResults) -> tuple[Edits, ...]:
    fitted, space = problem.fitted, problem.space
    margin = MARGINS[-1]
    beyond = fitted.reaches(checks.probability, space.desired, margin)
    codes = checks.codes[checks.passed & beyond]
    if not len(codes):
        return ()
    reached, enough = holding(problem, margin), scores_suffice(space, codes, hints)

    def holds(rows: Codes, _: Ints) -> Mask:
        return reached(rows)

    if enough.any():
        codes = codes[enough]

        def holds(rows: Codes, _: Ints) -> Mask:
            return reached(rows) & scores_suffice(space, rows, hints)

    fewer = undo_unneeded(problem, codes, holds)
    passed = verify(problem, fewer).passed
    codes = np.where(passed[:, None], fewer, codes)
    return _kept(problem, codes)


def _as_good(problem: Problem, grade: Grade, checks: CheckResults) -> tuple[Edits, ...]:
    """Candidates that pass every check and are graded no lower than ``grade``, needless changes undone."""

    def as_good(rows: Codes, _: Ints | None = None) -> Mask:
        if not len(rows):
            return np.zeros(0, dtype=bool)
        grades = grade_rows(problem, rows, complete=False).grades
        kept: Mask = verify(problem, rows).passed
        kept &= np.array([RANKS[found] >= RANKS[grade] for found in grades])
        return kept

    codes = checks.codes[checks.passed]
    codes = codes[as_good(codes)]
    return _kept(problem, undo_unneeded(problem, codes, as_good)) if len(codes) else ()


def _kept(problem: Problem, codes: Codes) -> tuple[Edits, ...]:
    best = fewest_and_nearest(problem.fitted, problem.space, codes, per_set=1)[:ROUND_ANSWERS]
    return tuple({n: c.after for n, c in problem.space.changes(codes[row]).items()} for row in best)


def preference_examples(
    prompt: TunedPrompt, tokenizer: Any, rollouts: Sequence[Rollout]
) -> list[TrainingExample]:
    """Write rollouts as answers to prefer and to avoid; queries without a rejected answer are left out."""
    found = []
    for rollout in rollouts:
        if rollout.rejected:
            examples = training_examples(prompt, tokenizer, [rollout.pair])
            found += [replace(example, rejected=rollout.rejected, estimates=()) for example in examples]
    return found
