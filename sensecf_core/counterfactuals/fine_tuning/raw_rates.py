"""How good a language model's raw candidates are, before anything is filtered, refined or sorted."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from time import perf_counter

import numpy as np
import numpy.typing as npt

from sensecf_core.counterfactuals.checks.candidates import count_steps, screen_candidates
from sensecf_core.counterfactuals.checks.grades import grade_rows
from sensecf_core.counterfactuals.fine_tuning.pairs.pair_search import Pair
from sensecf_core.counterfactuals.problem.budget import CancelledError
from sensecf_core.counterfactuals.problem.fitted_cohort import FittedCohort
from sensecf_core.counterfactuals.problem.problem import Problem
from sensecf_core.counterfactuals.proposal import Proposal, ProposalRequest
from sensecf_core.counterfactuals.proposers.tuned_prompt import TunedPrompt
from sensecf_core.language.local.model import LocalModel
from sensecf_core.types import Callbacks


@dataclass(frozen=True)
class RawRates:
    """Means over queries; rates are shares of the candidates that were sampled.

    ``changed`` and ``gower`` are over queries with a readable candidate (0 where there is none).
    """

    readable: float
    within_limits: float
    valid: float
    any_valid: float
    distinct: float
    changed: float
    gower: float
    seconds: float
    queries: int
    solid: float = 0.0
    """Share of the candidates that are solid (docs/metrics.md, Grades); 0 without refits."""
    valid_of: tuple[float, ...] = ()
    """Share of valid candidates of each query, in order."""


def raw_rates(
    fitted: FittedCohort,
    prompt: TunedPrompt,
    model: LocalModel,
    pairs: Sequence[Pair],
    *,
    candidates: int = 16,
    temperature: float = 1.0,
    cancelled: Callable[[], bool] = lambda: False,
) -> RawRates:
    """Sample candidates for each query and judge them as they came; raises ``CancelledError``."""

    def ask(pair: Pair) -> Proposal:
        return propose(
            prompt,
            model,
            pair,
            candidates=candidates,
            temperature=temperature,
            cancelled=cancelled,
        )

    return rates_of(fitted, pairs, ask, cancelled)


def rates_of(
    fitted: FittedCohort,
    pairs: Sequence[Pair],
    ask: Callable[[Pair], Proposal],
    cancelled: Callable[[], bool] = lambda: False,
) -> RawRates:
    """Judge what ``ask`` proposes for each query as it came; raises ``CancelledError``."""
    rows: list[dict[str, float]] = []
    for pair in pairs:
        begun = perf_counter()
        proposal = ask(pair)
        if cancelled():
            raise CancelledError
        seconds = perf_counter() - begun
        rows.append({**_of_one(fitted, pair, proposal), "seconds": seconds})
    names = [field.name for field in fields(RawRates) if field.name not in ("queries", "valid_of")]
    means = {name: _mean([row[name] for row in rows]) for name in names}
    return RawRates(queries=len(rows), valid_of=tuple(row["valid"] for row in rows), **means)


def _of_one(fitted: FittedCohort, pair: Pair, proposal: Proposal) -> dict[str, float]:
    problem = Problem.of(fitted, pair.query)
    screened = screen_candidates(problem, proposal)
    counts, checks = count_steps(screened.candidates), screened.checks
    usable = checks.codes[checks.valid & checks.within_limits]
    solid = grade_rows(problem, usable, complete=False).grades.count("solid") if len(usable) else 0
    n = max(counts.proposed, 1)
    return {
        "readable": counts.readable / n,
        "within_limits": counts.within_limits / n,
        "valid": counts.valid / n,
        "solid": solid / n,
        "any_valid": float(counts.valid > 0),
        "distinct": counts.unique / n,
        "changed": _mean(checks.n_changed) if counts.readable else np.nan,
        "gower": _mean(checks.gower) if counts.readable else np.nan,
    }


def _mean(values: npt.ArrayLike) -> float:
    known = np.asarray(values, dtype=float)
    known = known[~np.isnan(known)]
    return float(known.mean()) if len(known) else 0.0


def propose(
    prompt: TunedPrompt,
    model: LocalModel,
    pair: Pair,
    *,
    candidates: int,
    temperature: float,
    seed: int = 0,
    cancelled: Callable[[], bool] = lambda: False,
) -> Proposal:
    """Sample candidates for the query of a pair with what its prompt tells, however long it takes."""
    run = ProposalRequest(candidates, seed, temperature, math.inf, Callbacks(cancelled=cancelled))
    return prompt.proposer(model, pair.hints).propose(pair.query, run)
