"""The cells of the two ablations: one change at a time from a default."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Literal

from sensecf_core.counterfactuals.fine_tuning.stages import Options
from sensecf_core.language.prompts.profile import Writing
from sensecf_core.language.training.config import PROFILE_STEP_TOKENS, Settings

MOST_PAIRS = 2800
"""Training queries of the cells that have "all": as many of each kind as there are, drawn in turns."""

ANSWERS_A_QUERY = 8
"""Of nhanes' pairs; the table has each cell's own numbers (``pairs``, ``queries_read``)."""

PROFILE_PER_GROUP = 500
"""Answered training queries of a group in the cells that tell the person alone."""

WHOLE_RANK = 576
"""The width of the default base model: a matrix of any rank can be added to its weights."""

Told = Literal["shap", "profile"]
"""What the default's prompt tells: what changes are worth, or the person alone."""


@dataclass(frozen=True)
class Cell:
    """One row of the table: what differs from the default, and how candidates are sampled."""

    name: str
    options: Options
    temperature: float = 1.0
    candidates: int = 16


def cells(tokens: int, seed: int = 0) -> tuple[Cell, ...]:
    """The cells of the table; those with the same options share an adapter.

    ``tokens`` are those read in training: a query's answers share one reading of its prompt, so that 250,000
    are about 620 queries with 8 answers each.
    """
    base = Options(
        Settings(tokens=tokens, validations=1, seed=seed),
        round_queries=150,
        most_pairs=MOST_PAIRS,
        validation_queries=4,
        keep_rounds=True,
    )
    fewer_ranks = replace(base.settings, rank=4, alpha=8)
    return (
        Cell("default: SHAP levers, rank 8, all pairs, temperature 1, 16 candidates", base),
        Cell("prompt without drivers: what may move, and how far", replace(base, source="none")),
        Cell("prompt with probes (asks the classifier about this person)", replace(base, source="probes")),
        Cell("one round with the checker as teacher", replace(base, rounds=1)),
        Cell("one round of preference training", replace(base, rounds=1, round_kind="preference")),
        Cell("rank 4", replace(base, settings=fewer_ranks)),
        Cell("about 500 pairs", replace(base, most_pairs=round(500 / ANSWERS_A_QUERY))),
        Cell("about 2,000 pairs", replace(base, most_pairs=round(2000 / ANSWERS_A_QUERY))),
        Cell("temperature 0.8", base, temperature=0.8),
        Cell("temperature 0.6", base, temperature=0.6),
        Cell("1 candidate", base, candidates=1),
        Cell("4 candidates", base, candidates=4),
    )


def profile_cells(tokens: int, seed: int = 0) -> tuple[Cell, ...]:
    """The cells of the prompt that tells the person alone."""
    settings = Settings(tokens=tokens, validations=1, seed=seed, rank=16, alpha=32)
    base = Options(
        replace(settings, batch_tokens=PROFILE_STEP_TOKENS, micro_tokens=PROFILE_STEP_TOKENS // 2),
        round_queries=150,
        validation_queries=4,
        keep_rounds=True,
        source="profile",
        per_group=PROFILE_PER_GROUP,
    )

    def ranked(rank: int) -> Options:
        return replace(base, settings=replace(base.settings, rank=rank, alpha=2 * rank))

    def at_rate(rate: float, options: Options = base) -> Options:
        return replace(options, settings=replace(options.settings, learning_rate=rate))

    return (
        Cell("default: percentiles, by importance, counting down, rank 16, learning rate 0.002", base),
        Cell("values in their units", replace(base, writing=Writing(percentiles=False))),
        Cell(
            "percentiles, and values in their units beside them", replace(base, writing=Writing(units=True))
        ),
        Cell("features in the schema's order", replace(base, writing=Writing(by_importance=False))),
        Cell(
            "answers do not count down (and no estimates)", replace(base, writing=Writing(counts_down=False))
        ),
        Cell("no estimates of drawn changes", replace(base, writing=Writing(estimates=False))),
        Cell("with the signs of this row's SHAP values", replace(base, writing=Writing(signs=True))),
        Cell("answers that are not solid weigh a third", replace(base, not_solid_weight=1 / 3)),
        Cell("one round with the grades as judge", replace(base, rounds=1)),
        Cell("rank 8", ranked(8)),
        Cell("rank 32", ranked(32)),
        Cell("rank 576: whole matrices; learning rate 0.0002", at_rate(2e-4, ranked(WHOLE_RANK))),
        Cell("learning rate 0.001", at_rate(1e-3)),
        Cell("learning rate 0.004", at_rate(4e-3)),
        Cell("learning rate does not fall", replace(base, settings=replace(base.settings, last_share=1.0))),
        Cell(
            "answers begin with the names of what they change",
            replace(base, writing=Writing(names_first=True)),
        ),
    )


TABLES: Mapping[Told, Callable[[int, int], tuple[Cell, ...]]] = {"shap": cells, "profile": profile_cells}
