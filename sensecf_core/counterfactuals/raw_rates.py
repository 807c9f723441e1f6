"""How good a language model's raw candidates are, before anything is filtered, refined or sorted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from time import perf_counter

import numpy as np

from sensecf_core.cohorts.schema import Schema
from sensecf_core.counterfactuals.checker import Checker, Meter
from sensecf_core.counterfactuals.judge import distinct, judge
from sensecf_core.counterfactuals.moves import Moves
from sensecf_core.counterfactuals.pairs import Pair
from sensecf_core.counterfactuals.proposers import Proposal, Run
from sensecf_core.counterfactuals.tuned_proposer import TunedProposer
from sensecf_core.language.local_model import LocalModel


@dataclass(frozen=True)
class RawRates:
    """Means over queries; rates are shares of the candidates that were sampled."""

    readable: float
    within_limits: float
    valid: float
    any_valid: float
    distinct: float
    changed: float
    gower: float
    seconds: float
    queries: int
    valid_of: tuple[float, ...] = ()
    """Share of valid candidates of each query, in order."""


def raw_rates(
    checker: Checker,
    model: LocalModel,
    pairs: Sequence[Pair],
    *,
    candidates: int = 16,
    temperature: float = 1.0,
    seed: int = 0,
    grammar: bool = True,
    cancelled: Callable[[], bool] = lambda: False,
) -> RawRates:
    """Sample candidates for each query and judge them as they came."""
    rows: list[dict[str, float]] = []
    for pair in pairs:
        if cancelled():
            break
        begun = perf_counter()
        proposal = propose(
            checker.schema,
            model,
            pair,
            candidates=candidates,
            temperature=temperature,
            seed=seed,
            grammar=grammar,
            cancelled=cancelled,
        )
        seconds = perf_counter() - begun
        rows.append({**_of_one(checker, pair, proposal), "seconds": seconds})
    names = [field.name for field in fields(RawRates) if field.name not in ("queries", "valid_of")]
    means = {name: float(np.mean([row[name] for row in rows])) if rows else 0.0 for name in names}
    return RawRates(queries=len(rows), valid_of=tuple(row["valid"] for row in rows), **means)


def _of_one(checker: Checker, pair: Pair, proposal: Proposal) -> dict[str, float]:
    moves = Moves.of(checker.schema, pair.query)
    judged = judge(checker, moves, proposal, Meter(checker.classifier, 10**9))
    verdicts = judged.verdicts
    good = verdicts.valid & verdicts.within_limits
    n, readable = max(len(proposal.texts), 1), len(verdicts.codes)
    return {
        "readable": readable / n,
        "within_limits": verdicts.within_limits.sum() / n,
        "valid": good.sum() / n,
        "any_valid": float(good.any()),
        "distinct": len({distinct(one) for one in judged.candidates}) / n,
        "changed": float(verdicts.n_changed.mean()) if readable else 0.0,
        "gower": float(verdicts.gower.mean()) if readable else 0.0,
    }


def propose(
    schema: Schema,
    model: LocalModel,
    pair: Pair,
    *,
    candidates: int,
    temperature: float,
    seed: int,
    grammar: bool = True,
    cancelled: Callable[[], bool] = lambda: False,
) -> Proposal:
    """Sample candidates for the query of a pair with what its prompt tells."""
    run = Run(candidates, seed, temperature, perf_counter() + 120, cancelled, lambda done, words: None)
    return TunedProposer(schema, model, pair.told, grammar).propose(pair.query, run)
