"""One task of a benchmark: ask, then score what came; a record of plain JSON values, kept on disk."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from functools import cache, cached_property
from importlib.util import find_spec
from typing import Any

import numpy as np

from sensecf_core.cohorts.encoding import Codes, to_codes, to_rows
from sensecf_core.counterfactuals import explain
from sensecf_core.counterfactuals.ask import ask
from sensecf_core.counterfactuals.baselines.optimum import Proof, prove
from sensecf_core.counterfactuals.checker import Checker, Meter, checker
from sensecf_core.counterfactuals.limits import limits_of
from sensecf_core.counterfactuals.moves import Moves
from sensecf_core.evaluation import trace_table
from sensecf_core.evaluation.benchmark.plan import Task
from sensecf_core.evaluation.benchmark.specs import Scored, Spec, scored
from sensecf_core.evaluation.candidate_rates import CandidateRates
from sensecf_core.evaluation.metrics import UNLIMITED, Judges, score
from sensecf_core.evaluation.robustness import noisy, tiny_errors
from sensecf_core.queries.answer import Answer
from sensecf_core.queries.query import Query

Record = dict[str, Any]


Prove = Callable[[Checker, Moves], Proof]
"""An exact search of tree classifiers: the yardstick of every method's distance, and of what is possible."""


@dataclass(frozen=True)
class Bench:
    """What a benchmark of one cohort needs at hand; ``prove`` of None: nothing can be proven here."""

    judges: Judges
    rates: CandidateRates
    prove: Prove | None = None

    @classmethod
    def of(cls, checker: Checker, prove: Prove | None = None) -> Bench:
        """Fit the judges that only a benchmark needs."""
        judges = Judges.fit(checker)
        return cls(judges, CandidateRates(checker, judges.third), prove)

    @cached_property
    def shaken(self) -> Checker:
        """The same checker over a cohort whose test rows have tiny noise; nothing is fitted again."""
        known = self.judges.checker
        cohort = known.cohort
        test = cohort.parts.eq("test").to_numpy()
        codes = to_codes(cohort.schema, cohort.rows)
        errors = tiny_errors(cohort.schema, self.judges.errors)
        codes[test] = noisy(cohort.schema, codes[test], errors, draws=1, seed=0)[:, 0]
        rows = to_rows(cohort.schema, codes, cohort.rows.index)
        return replace(known, cohort=replace(cohort, rows=rows))


@cache
def bench(cohort: str) -> Bench:
    """The bench of a cohort, made once per process."""
    return Bench.of(checker(cohort), prove if find_spec("treecf") else None)


def asked(cohort: str, task: Task) -> Record:
    """Do one task, in whichever process this is."""
    return done(bench(cohort), task)


def done(here: Bench, task: Task) -> Record:
    """Do one task; see :class:`~sensecf_core.evaluation.benchmark.plan.Task` for what each pass keeps."""
    if task.kind == "query":
        return _about_query(here, task)
    judges = here.shaken if task.kind == "noise" else here.judges.checker
    answer = explain.answer(judges, task.request)
    moves = Moves.of(judges.schema, _query(judges, task))
    found = scored(judges, moves, answer, task.spec, task.request.k)
    record: Record = {"status": answer.status, "seconds": _seconds(answer, task.spec, found)}
    if task.kind == "timed":
        return record
    if task.kind in ("seed", "noise"):
        return record | {"codes": {variant: _plain(codes) for variant, codes in found.codes.items()}}
    record["model_rows"] = _model_rows(answer, task.spec, found)
    record["rows"] = {variant: _scored(here, moves, codes, task) for variant, codes in found.codes.items()}
    if task.spec.samples:
        raw = {**trace_table.record(task.direction, answer), **here.rates.of(answer)}
        record["raw"] = {**raw, "method": task.spec.name}
    return record


def _query(judges: Checker, task: Task) -> Query:
    request = task.request
    limits = limits_of(request, judges.cohort, judges.domain)
    key = (request.participant_id, request.row_id or "")
    return ask(judges, [key], 0 if task.direction.predicted else 1, limits)[0]


def _about_query(here: Bench, task: Task) -> Record:
    judges = here.judges.checker
    query = _query(judges, task)
    moves = Moves.of(judges.schema, query)
    proof = Proof() if here.prove is None else here.prove(judges, moves)
    known = proof.impossible or proof.distance is not None
    return {
        "answerable": not proof.impossible if known else here.rates.can_be_answered(query),
        "proven": known,
        "optimum": proof.distance,
    }


def _scored(here: Bench, moves: Moves, codes: Codes, task: Task) -> Record:
    """The scores of one row, with the codes they are of, so that they can be judged again."""
    checker = here.judges.checker
    scores = score(here.judges, moves, codes, task.request.k, seed=task.request.seed)
    probability = Meter(checker.classifier, UNLIMITED).probability(codes)
    reached = codes[checker.reaches(probability, moves.desired)]
    changed = moves.changed(reached).sum(axis=0)
    return {
        "codes": _plain(codes),
        "scores": {name: None if np.isnan(value) else float(value) for name, value in asdict(scores).items()},
        "nearest_valid": float(checker.distances.gower(moves.factual, reached).min())
        if len(reached)
        else None,
        "valid": len(reached),
        "changes": {
            name: int(count) for name, count in zip(checker.schema.names, changed, strict=True) if count
        },
    }


def _seconds(answer: Answer, spec: Spec, found: Scored) -> dict[str, float]:
    """Wall seconds of each row: what the method itself took, and the whole answer."""
    own = answer.seconds.propose + (answer.seconds.verify if spec.samples else 0.0)
    return {"returned": own, "refined": answer.seconds.total + found.seconds}


def _model_rows(answer: Answer, spec: Spec, found: Scored) -> dict[str, int]:
    """Rows that the classifier was asked about for each row of the table; samples are checked once each."""
    trace = answer.trace
    own = trace.search_rows + (trace.readable if spec.samples else 0)
    return {"returned": own, "refined": trace.model_rows + found.model_rows}


def _plain(codes: Codes) -> list[list[float | None]]:
    return [[None if np.isnan(code) else float(code) for code in row] for row in codes]


def codes_of(plain: list[list[float | None]], features: int) -> Codes:
    """Rows that a record kept, shape (n, features)."""
    return np.array(plain, dtype=np.float64).reshape(-1, features)
