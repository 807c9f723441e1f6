"""Teach a language model the task: pairs become lessons, and the checker says how good it has become."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from sensecf_core.cohorts.encoding import Codes
from sensecf_core.counterfactuals.checks.candidates import screen_candidates
from sensecf_core.counterfactuals.checks.refine import holding, undo_unneeded
from sensecf_core.counterfactuals.checks.verify import CheckResults, verify
from sensecf_core.counterfactuals.fine_tuning import pairs as pair_search
from sensecf_core.counterfactuals.fine_tuning.pairs import Pair
from sensecf_core.counterfactuals.fine_tuning.raw_rates import (
    RawRates,
    propose,
    raw_rates,
)
from sensecf_core.counterfactuals.problem.fitted_cohort import (
    Budget,
    CancelledError,
    FittedCohort,
)
from sensecf_core.counterfactuals.problem.search_space import Mask, SearchSpace
from sensecf_core.counterfactuals.search.effects import Source
from sensecf_core.language.local.model import LocalModel
from sensecf_core.language.prompts import fine_tuned
from sensecf_core.language.prompts.plain import chat_text
from sensecf_core.language.training.batches import TrainingExample
from sensecf_core.queries.answer import Edits
from sensecf_core.queries.query import PromptHints

if TYPE_CHECKING:
    from sensecf_core.cohorts.schema import Schema

Group = tuple[str, int]
"""Limits profile and desired class."""
TEMPERATURES = (1.0, 0.8, 0.6)
LEAST_DISTINCT = 0.5
"""Share of the candidates that must be distinct at the temperature chosen."""
PER_GROUP = 12
"""``val`` queries per group that are asked at each validation."""
ROUND_CANDIDATES = 8
"""Candidates sampled per training query in a round."""
ROUND_ANSWERS = 4
"""Answers of one's own that a round keeps per query."""


@dataclass(frozen=True)
class ValidationSet:
    """Answerable queries with plain limits of one part, in groups of at most a given number."""

    groups: dict[Group, tuple[Pair, ...]]

    @classmethod
    def of(
        cls, checker: FittedCohort, part: pair_search.Part, most: int = PER_GROUP, source: Source = "shap"
    ) -> ValidationSet:
        """Draw the queries of a part with seed 1."""
        built = pair_search.build(checker, part=part, seed=1, variants=0, most_rows=5 * most, source=source)
        groups: dict[Group, list[Pair]] = {}
        for pair in built:
            if pair.answers:
                groups.setdefault((pair.query.limits.profile, pair.query.desired), []).append(pair)
        return cls({key: tuple(found[:most]) for key, found in groups.items()})


def training_examples(schema: Schema, tokenizer: Any, pairs: Sequence[Pair]) -> list[TrainingExample]:
    """Write pairs as texts; those without an answer teach nothing and are left out."""
    return [
        TrainingExample(
            chat_text(tokenizer, fine_tuned.build(schema, pair.query, pair.told)),
            tuple(fine_tuned.answer_text(schema, pair.query, pair.told, answer) for answer in pair.answers),
        )
        for pair in pairs
        if pair.answers
    ]


def measure(
    checker: FittedCohort,
    model: LocalModel,
    cases: ValidationSet,
    *,
    candidates: int = 8,
    temperature: float = 1.0,
    cancelled: Callable[[], bool] = lambda: False,
) -> dict[Group, RawRates]:
    """Raw rates of each group; raises ``CancelledError``."""
    return {
        group: raw_rates(
            checker, model, found, candidates=candidates, temperature=temperature, cancelled=cancelled
        )
        for group, found in cases.groups.items()
    }


def score(rates: dict[Group, RawRates]) -> float:
    """One number for early stopping: raw validity, averaged over the queries of all groups."""
    return over_queries(rates, "valid")


def over_queries(rates: dict[Group, RawRates], name: str) -> float:
    """One of the rates, averaged over the queries of all groups; 0 where there are none."""
    weights = [found.queries for found in rates.values()]
    return (
        float(np.average([getattr(found, name) for found in rates.values()], weights=weights))
        if rates
        else 0.0
    )


def choose_temperature(
    checker: FittedCohort,
    model: LocalModel,
    cases: ValidationSet,
    cancelled: Callable[[], bool] = lambda: False,
) -> tuple[float, list[dict[str, Any]]]:
    """Pick the temperature with the best raw validity on ``cases`` that still gives different answers.

    Returns it and the rates of every temperature tried, as rows for the card.
    """
    rows: list[dict[str, Any]] = []
    best, best_score = TEMPERATURES[0], -1.0
    for temperature in TEMPERATURES:
        rates = measure(checker, model, cases, candidates=16, temperature=temperature, cancelled=cancelled)
        rows += rate_rows(rates, part="val", temperature=temperature)
        distinct = over_queries(rates, "distinct")
        if score(rates) > best_score and (distinct >= LEAST_DISTINCT or temperature == TEMPERATURES[0]):
            best, best_score = temperature, score(rates)
    return best, rows


def rate_rows(rates: dict[Group, RawRates], **about: Any) -> list[dict[str, Any]]:
    """Rates as rows of a table, one a group (those of single queries left out)."""
    return [
        {**about, "limits": profile, "desired": desired, **_means(found)}
        for (profile, desired), found in rates.items()
    ]


def _means(found: RawRates) -> dict[str, Any]:
    return {name: value for name, value in asdict(found).items() if name != "valid_of"}


@dataclass(frozen=True)
class Rollout:
    """A training query that the model answered itself: what was accepted of it, and what was not."""

    pair: Pair
    accepted: bool
    rejected: tuple[str, ...]


def sample_own_answers(
    checker: FittedCohort,
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
    tried = []
    for number, pair in enumerate(pairs):
        if cancelled():
            raise CancelledError
        progress(number / len(pairs), "The model answers training queries")
        proposal = propose(
            checker.schema, model, pair, candidates=ROUND_CANDIDATES, temperature=1.0, seed=seed + number
        )
        moves = SearchSpace.of(checker.schema, pair.query)
        meter = Budget(checker.classifier)
        judged = screen_candidates(checker, moves, proposal, meter)
        accepted = _accepted(checker, moves, pair.told, judged.verdicts, meter)
        wrong = [c.text for c in judged.candidates if not (c.valid and c.within_limits)]
        tried.append(
            Rollout(
                pair=Pair(pair.query, pair.told, accepted or pair.answers),
                accepted=bool(accepted),
                rejected=tuple(dict.fromkeys(wrong))[:ROUND_ANSWERS],
            )
        )
    return tuple(tried)


def _accepted(
    checker: FittedCohort, moves: SearchSpace, told: PromptHints, verdicts: CheckResults, meter: Budget
) -> tuple[Edits, ...]:
    margin = pair_search.MARGINS[-1]
    beyond = checker.reaches(verdicts.probability, moves.desired, margin)
    codes = verdicts.codes[verdicts.passed & beyond]
    if not len(codes):
        return ()
    reached, enough = holding(checker, moves, meter, margin), pair_search.scores_suffice(moves, codes, told)
    holds = reached
    if enough.any():
        codes = codes[enough]

        def holds(rows: Codes) -> Mask:
            return reached(rows) & pair_search.scores_suffice(moves, rows, told)

    fewer = undo_unneeded(checker, moves, codes, holds)
    usual = verify(checker, moves, fewer, meter).passed
    codes = np.where(usual[:, None], fewer, codes)
    kept = pair_search.fewest_and_nearest(checker, moves, codes, per_set=1)[:ROUND_ANSWERS]
    return tuple({n: c.after for n, c in moves.changes(codes[row]).items()} for row in kept)


def preference_examples(schema: Schema, tokenizer: Any, tried: Sequence[Rollout]) -> list[TrainingExample]:
    """Write what was tried as texts to prefer and to avoid; queries without a wrong answer teach nothing."""
    found = []
    for one in tried:
        if one.rejected:
            found += [
                replace(lesson, rejected=one.rejected)
                for lesson in training_examples(schema, tokenizer, [one.pair])
            ]
    return found
