"""One task of a benchmark: answer, then score; the record holds plain JSON values."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from functools import cache, cached_property
from importlib.util import find_spec
from typing import Any, Literal

import numpy as np

from sensecf_core.classifiers.classifier import Classifier
from sensecf_core.cohorts.encoding import Codes, to_codes, to_rows
from sensecf_core.counterfactuals import explain
from sensecf_core.counterfactuals.baselines.exact_distance import OptimalityProof, prove
from sensecf_core.counterfactuals.checks.verify import verify
from sensecf_core.counterfactuals.problem.budget import Budget
from sensecf_core.counterfactuals.problem.fitted_cohort import FittedCohort, load_fitted
from sensecf_core.counterfactuals.problem.measurement_error import noisy
from sensecf_core.counterfactuals.problem.problem import Problem
from sensecf_core.counterfactuals.problem.search_space import SearchSpace
from sensecf_core.evaluation.benchmark.entries import VARIANTS, Entry, Scored, scored
from sensecf_core.evaluation.benchmark.plan import Task
from sensecf_core.evaluation.metrics.robustness import tiny_errors
from sensecf_core.evaluation.metrics.scores import Evaluators, score
from sensecf_core.evaluation.raw_candidates import table
from sensecf_core.evaluation.raw_candidates.rates import CandidateRates, control
from sensecf_core.queries.answer import Answer

Record = dict[str, Any]
Ended = Literal["itself", "deadline", "budget", "failure", "proven"]
"""What ended an answer; "proven": the method was not asked, since there is provably no answer."""
CONTROL_DRAWS = 32
"""Uniform draws of each number of changes that a query's control makes."""

Prove = Callable[[FittedCohort, SearchSpace], OptimalityProof]
"""An exact search of tree classifiers: gives the least distance, and whether a query has an answer."""


@dataclass(frozen=True)
class Bench:
    """What a benchmark of one cohort needs; ``prove`` of None: nothing can be proven here."""

    evaluators: Evaluators
    rates: CandidateRates
    prove: Prove | None = None

    @classmethod
    def of(cls, fitted: FittedCohort, prove: Prove | None = None) -> Bench:
        """Fit the evaluators that only a benchmark needs."""
        evaluators = Evaluators.fit(fitted)
        return cls(evaluators, CandidateRates(fitted, evaluators.independent), prove)

    @cached_property
    def with_noise(self) -> FittedCohort:
        """The same fitted cohort with tiny noise on each test row; nothing is fitted again."""
        known = self.evaluators.fitted
        cohort = known.cohort
        codes = to_codes(cohort.schema, cohort.rows)
        errors = tiny_errors(cohort.schema, self.evaluators.errors)
        for row in np.flatnonzero(cohort.parts.eq("test").to_numpy()):
            digest = hashlib.sha256(repr(tuple(map(str, cohort.rows.index[row]))).encode()).digest()
            own = int.from_bytes(digest[:6], "big")
            codes[row] = noisy(cohort.schema, codes[[row]], errors, draws=1, seed=own)[0, 0]
        rows = to_rows(cohort.schema, codes, cohort.rows.index)
        return replace(known, cohort=replace(cohort, rows=rows))


def make_bench(fitted: FittedCohort) -> Bench:
    """The bench of a cohort; it proves what can be proven of trees where treecf is installed."""
    provable = isinstance(fitted.classifier, Classifier) and find_spec("treecf") is not None
    return Bench.of(fitted, prove if provable else None)


@cache
def load_bench(cohort: str) -> Bench:
    """The bench of a cohort that has a name, made once per process."""
    return make_bench(load_fitted(cohort))


def run_in_process(cohort: str, task: Task) -> Record:
    """Do one task, in whichever process this is."""
    return run_task(load_bench(cohort), task)


def run_task(bench: Bench, task: Task) -> Record:
    """Do one task; see :class:`~sensecf_core.evaluation.benchmark.plan.Task` for what each pass keeps."""
    fitted = bench.with_noise if task.kind == "noise" else bench.evaluators.fitted
    space = SearchSpace.of(fitted.schema, explain.query_of(fitted, task.request))
    if task.entry is None:
        return _about_query(bench, space, task)
    if task.infeasible:
        return _not_asked(bench, space, task)
    answer = explain.answer(fitted, task.request)
    found = scored(fitted, space, answer, task.entry, task.request.k)
    if task.kind == "timed":
        return {"seconds": _seconds(answer, task.entry, found)}
    if task.kind in ("seed", "noise"):
        by_variant = {variant: _plain(codes) for variant, codes in found.codes.items()}
        return {"status": answer.status, "codes": by_variant}
    record: Record = {
        "status": answer.status,
        "ended": ended(answer),
        "model_rows": _model_rows(answer, task.entry, found),
        "rows": {variant: _scored(bench, space, codes, task) for variant, codes in found.codes.items()},
    }
    if task.entry.samples:
        raw = {**table.record(task.direction, answer), **bench.rates.rates(answer)}
        record["raw"] = {**raw, "method": task.entry.name}
    return record


def _not_asked(bench: Bench, space: SearchSpace, task: Task) -> Record:
    """The record of a query that was not asked; its cost is undefined."""
    nothing = np.empty((0, len(space.factual)))
    if task.kind in ("seed", "noise"):
        return {"status": "none", "codes": {variant: [] for variant in VARIANTS}}
    return {
        "status": "none",
        "ended": "proven",
        "model_rows": dict.fromkeys(VARIANTS),
        "rows": {variant: _scored(bench, space, nothing, task) for variant in VARIANTS},
    }


def ended(answer: Answer) -> Ended:
    """What ended a method's answer: itself, the time or the budget allowed, or a failure of its package."""
    said: Ended = answer.provenance.get("ended", "itself")
    stops = [reason for reason in answer.reasons if reason.startswith("Stopped")]
    if said != "itself" or not stops:
        return said
    return "budget" if "budget" in stops[0] else "deadline"


def _about_query(bench: Bench, space: SearchSpace, task: Task) -> Record:
    """What is proven of a query, else the result of a wide search; and its control by number of changes.

    ``control`` is number of changes → (successes, draws); all methods are compared with the same draws.
    """
    fitted = bench.evaluators.fitted
    provable = bench.prove is not None and space.query.goal.kind != "lower"  # a least distance has a line
    proof = bench.prove(fitted, space) if bench.prove is not None and provable else OptimalityProof()
    found = proof.distance is not None or (not proof.known and bench.rates.is_answerable(space.query))
    sizes = range(1, min(space.max_changes, len(space.values)) + 1)
    counts = np.repeat(np.array(sizes, dtype=np.int64), CONTROL_DRAWS)
    good = control(fitted, space, counts, seed=task.request.seed)
    return {
        "proven": not proof.impossible if proof.known else None,
        "found": found,
        "optimum": proof.distance,
        "proof_ended": proof.ended,
        "control": {str(size): [int(good[counts == size].sum()), CONTROL_DRAWS] for size in sizes},
    }


def _scored(bench: Bench, space: SearchSpace, codes: Codes, task: Task) -> Record:
    """The scores of one row, with its codes, so that it can be scored again.

    ``outcomes`` are, of each counterfactual, how many changes it has and whether it is valid and within the
    limits; ``nearest_allowed`` is the least distance of those that are.
    """
    fitted = bench.evaluators.fitted
    scores = score(bench.evaluators, space, codes, task.request.k, seed=task.request.seed)
    checks = verify(Problem(fitted, space, Budget(fitted.classifier)), codes)
    allowed = checks.valid & checks.within_limits
    changed = space.changed(codes[checks.valid]).sum(axis=0)
    return {
        "codes": _plain(codes),
        "scores": {name: None if np.isnan(value) else float(value) for name, value in asdict(scores).items()},
        "nearest_allowed": float(checks.gower[allowed].min()) if allowed.any() else None,
        "outcomes": [[int(n), bool(good)] for n, good in zip(checks.n_changed, allowed, strict=True)],
        "valid": int(checks.valid.sum()),
        "changes": {
            name: int(count) for name, count in zip(fitted.schema.names, changed, strict=True) if count
        },
    }


def _seconds(answer: Answer, entry: Entry, found: Scored) -> dict[str, float]:
    """Wall seconds of each row, by one clock: from the question to the rows that are scored.

    What comes after them is taken off: checks that the row does not need, choosing and describing.
    """
    spent = answer.seconds
    refined = spent.total - spent.select + found.seconds
    checks = 0.0 if entry.samples else spent.verify
    return {"returned": spent.total - spent.select - spent.refine - checks, "refined": refined}


def _model_rows(answer: Answer, entry: Entry, found: Scored) -> dict[str, int]:
    """Rows that the classifier was asked about for each row of the table; samples are checked once each."""
    trace = answer.trace
    own = trace.search_rows + (trace.readable if entry.samples else 0)
    return {"returned": own, "refined": trace.model_rows + found.model_rows}


def _plain(codes: Codes) -> list[list[float | None]]:
    return [[None if np.isnan(code) else float(code) for code in row] for row in codes]


def codes_of(plain: list[list[float | None]], features: int) -> Codes:
    """Rows of a record, shape (n, features)."""
    return np.array(plain, dtype=np.float64).reshape(-1, features)
