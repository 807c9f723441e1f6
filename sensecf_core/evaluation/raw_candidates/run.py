"""A whole trace from methods to table: what the command ``trace`` and a notebook start."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from sensecf_core import provenance
from sensecf_core.counterfactuals import explain
from sensecf_core.counterfactuals.problem.fitted_cohort import FittedCohort
from sensecf_core.counterfactuals.proposers.registry import check_method
from sensecf_core.errors import InputError
from sensecf_core.evaluation.metrics.independent_classifier import IndependentClassifier
from sensecf_core.evaluation.raw_candidates import table
from sensecf_core.evaluation.raw_candidates.directions import LimitsChoice, directions, requests
from sensecf_core.evaluation.raw_candidates.rates import CandidateRates
from sensecf_core.evaluation.run_identity import origin_of, run_id
from sensecf_core.paths import var
from sensecf_core.queries.methods import METHODS
from sensecf_core.types import Json, Progress


def check_methods(methods: Sequence[str]) -> None:
    """Raise ``InputError`` where no method is named, and with the near matches for an unknown one."""
    if not methods:
        raise InputError(f"--methods names none; there are {', '.join(METHODS)}.")
    for method in methods:
        check_method(method)


def run_trace(
    fitted: FittedCohort,
    methods: Sequence[str],
    *,
    n: int = 100,
    limits: LimitsChoice = None,
    k: int = 4,
    candidates: int = 16,
    max_changes: int = 3,
    grammar: bool = True,
    temperature: float | None = None,
    seed: int = 0,
    progress: Progress = lambda done, words: None,
) -> Json:
    """Count what each method gets right by itself, for test participants of both classes.

    Finished queries are kept in ``var/runs/trace``: a run that was ended goes on where it stopped.

    Parameters
    ----------
    n : test participants a class; 0 means all.
    limits : those towards the desired class.
    k, candidates, max_changes, grammar, seed : of every request; the seed draws the people too.
    temperature : at which language models sample; None: each at its own.

    Returns
    -------
    What ``trace-COHORT.json`` holds: ``command``, ``n``, all that decides the answers, the ``table``
    (:func:`~sensecf_core.evaluation.raw_candidates.table.summarise`), and ``queries``, a record each.

    Raises
    ------
    InputError : no method, or an unknown one.
    NotReadyError : a language model or its adapter is missing.
    """
    check_methods(methods)
    options = {"seed": seed, "candidates": candidates, "max_changes": max_changes, "k": k, "grammar": grammar}
    own = {} if temperature is None else {"temperature": temperature}
    asked = list(requests(fitted, directions(fitted, limits), methods, n=n, **options, **own))
    origin = origin_of(fitted, options | own)
    cohort = fitted.schema.name
    files = {
        method: var("runs", "trace", f"{cohort}-{method}-{run_id(origin, adapter_of=method)}.jsonl")
        for method in methods
    }
    measure = CandidateRates(fitted, IndependentClassifier.fit(fitted.cohort)).of
    records = table.run(asked, files, partial(explain.answer, fitted), progress, measure)
    return {
        "command": provenance.command(),
        "n": n,
        **origin,
        "table": table.summarise(records),
        "queries": records,
    }
