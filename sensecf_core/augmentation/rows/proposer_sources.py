"""Sources that ask the proposers which answer people: packages, controls, language models.

What they say is read and checked like any answer.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from time import perf_counter

import numpy as np

from sensecf_core.augmentation.rows.ask import CANDIDATES, Answered, Ask, Propose
from sensecf_core.augmentation.rows.transfer import TEMPERATURE
from sensecf_core.classifiers.calibration import probability
from sensecf_core.counterfactuals.baselines.proposer import BaselineProposer
from sensecf_core.counterfactuals.checks.candidates import screen_candidates
from sensecf_core.counterfactuals.problem.budget import Budget
from sensecf_core.counterfactuals.problem.fitted_cohort import FittedCohort
from sensecf_core.counterfactuals.problem.make_queries import drivers
from sensecf_core.counterfactuals.problem.problem import Problem
from sensecf_core.counterfactuals.problem.search_space import SearchSpace
from sensecf_core.counterfactuals.proposal import ProposalRequest, Proposer
from sensecf_core.paths import var
from sensecf_core.queries.methods import METHODS
from sensecf_core.queries.query import Query

ANSWERS = 4
"""Counterfactuals of one query that a package is asked for."""

SCARCE_TOKENS, SCARCE_VALIDATION = 40_000, 4
"""Tokens that an adapter of the scarce rows reads, and its ``val`` queries a group."""

SECONDS = 60.0
"""Safety stop of a package, for one query."""

Proposers = Callable[[Ask, list[Query]], list[Proposer]]


def asked(proposers: Proposers, candidates: int = CANDIDATES, *, sieved: bool = True) -> Propose:
    """A source that asks a proposer a query; ``sieved``: all rows within the limits are given."""

    def propose(ask: Ask, spaces: list[SearchSpace]) -> list[Answered]:
        seed = int(ask.rng.integers(2**31))
        made = proposers(ask, [space.query for space in spaces])
        with _one_torch_thread():
            return [
                _answered(ask, space, each, candidates, seed, sieved=sieved)
                for space, each in zip(spaces, made, strict=True)
            ]

    return propose


def _answered(
    ask: Ask, space: SearchSpace, proposer: Proposer, candidates: int, seed: int, *, sieved: bool
) -> Answered:
    fitted = ask.fitted
    deadline = perf_counter() + SECONDS if isinstance(proposer, BaselineProposer) else math.inf
    run = ProposalRequest(candidates, seed, None, deadline, budget=Budget(fitted.classifier))
    proposal = proposer.propose(space.query, run)
    checks = screen_candidates(Problem.of(fitted, space.query), proposal).checks
    kept = checks.within_limits & (checks.n_changed > 0)
    valid = checks.valid & checks.within_limits
    if not sieved:
        kept = valid & fitted.reaches(checks.probability, space.desired, ask.margin)
    _, first = np.unique(np.nan_to_num(checks.codes, nan=-1e9), axis=0, return_index=True)
    once = np.isin(np.arange(len(kept)), first)
    return Answered(checks.codes[kept & once], len(proposal.texts), int(valid.sum()))


def package(method: str) -> Propose:
    """A source that asks a package, for its row of the table of methods."""

    def proposers(ask: Ask, queries: list[Query]) -> list[Proposer]:
        asked = {desired: _beyond(ask, desired) for desired in {query.desired for query in queries}}
        return [BaselineProposer(asked[query.desired], METHODS[method], ANSWERS) for query in queries]

    return asked(proposers, ANSWERS, sieved=False)


def _beyond(ask: Ask, desired: int) -> FittedCohort:
    """The fitted cohort with its threshold moved by the margin: packages know no other way to ask."""
    if not ask.margin:
        return ask.fitted
    moved = ask.fitted.threshold_margin + (ask.margin if desired else -ask.margin)
    classifier = replace(ask.fitted.classifier, threshold=float(probability(np.array(moved))))  # type: ignore[type-var]
    return replace(ask.fitted, classifier=classifier)


def effects(ask: Ask, queries: list[Query]) -> list[Proposer]:
    """Draw among sums of told effects: a control that knows what the fine-tuned model's prompt tells."""
    from sensecf_core.counterfactuals.proposers.effects import EffectsProposer
    from sensecf_core.counterfactuals.search.effects import estimate_effects

    told = estimate_effects(ask.fitted, queries)
    return [EffectsProposer(ask.fitted.schema, hints) for hints in told]


def nearest_pair(ask: Ask, queries: list[Query]) -> list[Proposer]:
    """Copy answers of the nearest scarce people: a control that knows what a model was taught."""
    from sensecf_core.counterfactuals.proposers.nearest_pair import NearestPairProposer, taught

    return [
        NearestPairProposer(ask.fitted, taught(ask.fitted, query.desired, "contrast")) for query in queries
    ]


def few_shot(ask: Ask, queries: list[Query]) -> list[Proposer]:
    """Ask the base model, with examples that a search makes of scarce rows."""
    from sensecf_core.counterfactuals.proposers.few_shot import nearest_examples
    from sensecf_core.counterfactuals.proposers.language import LanguageProposer

    model = ask.language_model()
    return [
        LanguageProposer(ask.fitted.schema, model, why, nearest_examples(ask.fitted, query))
        for query, why in zip(queries, drivers(ask.fitted, queries), strict=True)
    ]


def transferred(ask: Ask, queries: list[Query]) -> list[Proposer]:
    """Ask the base model with the adapter of another cohort; raises ``ValueError`` without one."""
    from sensecf_core.counterfactuals.proposers.fine_tuned import FineTunedProposer
    from sensecf_core.counterfactuals.search.effects import estimate_effects

    if ask.transfer is None:
        raise ValueError("an arm with a transfer adapter was asked without one")
    model = ask.language_model(ask.transfer.adapter.folder)
    told = estimate_effects(ask.fitted, queries)
    return [FineTunedProposer(ask.fitted.schema, model, hints, temperature=TEMPERATURE) for hints in told]


def scarce_tuned(ask: Ask, queries: list[Query]) -> list[Proposer]:
    """The ablation: an adapter fine-tuned on nothing but the scarce rows, kept in ``var``."""
    from sensecf_core.counterfactuals.fine_tuning.fine_tune import fine_tune
    from sensecf_core.counterfactuals.fine_tuning.stages import Options
    from sensecf_core.counterfactuals.proposers.fine_tuned import FineTunedProposer
    from sensecf_core.counterfactuals.search.effects import estimate_effects
    from sensecf_core.language.models.adapters import CARD
    from sensecf_core.language.training.config import Settings

    fitted = ask.fitted
    folder = var(
        "runs", "augmentation-adapters", fitted.cohort.split_sha256[:12] + fitted.classifier.sha256[:12]
    )
    if not (folder / "adapter" / CARD).is_file():
        options = Options(
            Settings(tokens=SCARCE_TOKENS, validations=2), variants=3, validation_queries=SCARCE_VALIDATION
        )
        fine_tune(
            fitted, ask.language_model(), options, name="scarce", work=folder / "work", out=folder / "adapter"
        )
    model = ask.language_model(folder / "adapter")
    told = estimate_effects(fitted, queries)
    return [FineTunedProposer(fitted.schema, model, hints, temperature=TEMPERATURE) for hints in told]


@contextmanager
def _one_torch_thread() -> Iterator[None]:
    """One thread, if torch is there: numbers then do not turn on how many processes share the machine."""
    import sys

    torch = sys.modules.get("torch")
    before = torch.get_num_threads() if torch else None
    if torch:
        torch.set_num_threads(1)
    try:
        yield
    finally:
        if torch and before:
            torch.set_num_threads(before)
