"""Who proposes the counterfactuals that become training rows, by name.

Each source answers a batch of queries against the scarce classifier. Methods that also answer people
(packages, language models, controls) are asked through their own proposers, and what they say is read and
checked like any answer.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from time import perf_counter
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal

import numpy as np

from sensecf_core.augmentation.rows.transfer import TEMPERATURE, Transfer
from sensecf_core.classifiers.calibration import probability
from sensecf_core.cohorts.encoding import Codes
from sensecf_core.cohorts.rules import violations
from sensecf_core.counterfactuals.baselines.proposer import BaselineProposer
from sensecf_core.counterfactuals.checks.candidates import screen_candidates
from sensecf_core.counterfactuals.problem.budget import Budget
from sensecf_core.counterfactuals.problem.fitted_cohort import FittedCohort
from sensecf_core.counterfactuals.problem.make_queries import drivers
from sensecf_core.counterfactuals.problem.problem import Problem
from sensecf_core.counterfactuals.problem.search_space import SearchSpace
from sensecf_core.counterfactuals.proposal import ProposalRequest, Proposer
from sensecf_core.counterfactuals.proposers.random import RandomProposer
from sensecf_core.counterfactuals.proposers.resolve_model import placement_by_name
from sensecf_core.counterfactuals.search.beam_search import search
from sensecf_core.paths import var
from sensecf_core.queries.methods import METHODS as PEOPLES_METHODS
from sensecf_core.queries.query import Query

if TYPE_CHECKING:
    from sensecf_core.language.local.model import LocalModel

CANDIDATES = 16
"""Candidates of one query, of whatever draws or samples."""

ANSWERS = 4
"""Counterfactuals of one query that a package is asked for."""

FEW_QUERIES = 12
"""Queries a class, of packages that take tenths of a second and more for one."""

SAMPLED_QUERIES = 30
"""Queries a class, of language models and of the controls that are held against them."""

SCARCE_TOKENS, SCARCE_VALIDATION = 40_000, 4
"""Tokens that an adapter of the scarce rows reads, and its ``val`` queries a group."""

SECONDS = 60.0
"""Safety stop of a package, for one query."""

Rng = np.random.Generator


@dataclass(frozen=True)
class Ask:
    """What a batch of queries is asked with.

    Attributes
    ----------
    margin : log-odds beyond the threshold that an answer must reach.
    transfer : the adapter of the arms ``lm-transfer-…``; others do not need it.
    model : the language model of the arms ``lm-…`` by name (None: the default one).
    """

    fitted: FittedCohort
    margin: float
    rng: Rng
    transfer: Transfer | None = None
    model: str | None = None

    def language_model(self, adapter: Path | None = None) -> LocalModel:
        """The language model of this process, with an adapter; raises ``NotReadyError``."""
        from sensecf_core.language.local.model import shared_model

        base = placement_by_name(self.model)
        return shared_model(base.folder, adapter, base.precision, base.device)


@dataclass(frozen=True)
class Answered:
    """What one query came to: rows that are in the class, and counts before anything was filtered.

    ``rows`` (n, features) are different and break no limit; where the margin is "asked", they lie beyond it.
    ``valid`` of the ``proposed`` candidates are in the class and within the limits.
    """

    rows: Codes
    proposed: int
    valid: int


Propose = Callable[[Ask, list[SearchSpace]], list[Answered]]


@dataclass(frozen=True)
class Source:
    """A way to propose counterfactual rows.

    Attributes
    ----------
    queries : most queries a class (None: as many as rows are wanted allow).
    margin : "asked": the class and a margin are part of the question; "sieved": all rows within the limits
        are given, and those short of it are dropped where they are used.
    slow : whether what it made is kept on disk, for runs with other arms or measures.
    """

    name: str
    title: str
    propose: Propose
    queries: int | None = None
    margin: Literal["asked", "sieved"] = "asked"
    slow: bool = False


def by_search(ask: Ask, spaces: list[SearchSpace]) -> list[Answered]:
    """The minimal counterfactual of each query that our own search finds."""
    found = search(ask.fitted, spaces, Budget(ask.fitted.classifier), margin=ask.margin)
    width = len(ask.fitted.schema.features)
    return [
        Answered(np.empty((0, width)), 1, 0) if row is None else Answered(row[None], 1, 1) for row in found
    ]


def by_random_edits(ask: Ask, spaces: list[SearchSpace]) -> list[Answered]:
    """The first of :data:`CANDIDATES` random edits of each query that reaches the desired class."""
    fitted, proposer = ask.fitted, RandomProposer(ask.fitted.schema)
    drawn = [
        np.array(
            [space.apply(proposer.draw(space.query, ask.rng, space.max_changes)) for _ in range(CANDIDATES)]
        )
        if space.query.movable
        else np.repeat(space.factual[None], CANDIDATES, axis=0)
        for space in spaces
    ]
    risks = Budget(fitted.classifier).probability(np.vstack(drawn)).reshape(len(spaces), CANDIDATES)
    found = []
    for space, codes, risk in zip(spaces, drawn, risks, strict=True):
        kept = space.changed(codes).any(axis=1) & ~violations(fitted.schema, space.factual, codes).any(axis=1)
        valid = kept & fitted.reaches(risk, space.desired)
        passed = codes[valid & fitted.reaches(risk, space.desired, ask.margin)]
        found.append(Answered(passed[:1], CANDIDATES, int(valid.sum())))
    return found


def by_any_edit(ask: Ask, spaces: list[SearchSpace]) -> list[Answered]:
    """One random edit of each query within its limits, whether it reaches the class or not."""
    proposer = RandomProposer(ask.fitted.schema)
    found = []
    for space in spaces:
        codes = space.factual[None]
        if space.query.movable:
            codes = space.apply(proposer.draw(space.query, ask.rng, space.max_changes))[None]
        kept = space.changed(codes).any(axis=1)
        kept &= ~violations(space.schema, space.factual, codes).any(axis=1)
        found.append(Answered(codes[kept], 1, 0))
    return found


Proposers = Callable[[Ask, list[Query]], list[Proposer]]


def _asked(proposers: Proposers, candidates: int = CANDIDATES, *, sieved: bool = True) -> Propose:
    """A source that asks the proposers which answer people, a query each."""

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


def _package(method: str) -> Propose:
    """A source that asks a package, for its row of the table of methods."""

    def proposers(ask: Ask, queries: list[Query]) -> list[Proposer]:
        asked = {desired: _beyond(ask, desired) for desired in {query.desired for query in queries}}
        return [BaselineProposer(asked[query.desired], PEOPLES_METHODS[method], ANSWERS) for query in queries]

    return _asked(proposers, ANSWERS, sieved=False)


def _beyond(ask: Ask, desired: int) -> FittedCohort:
    """The fitted cohort with its threshold moved by the margin: packages know no other way to ask."""
    if not ask.margin:
        return ask.fitted
    moved = ask.fitted.threshold_margin + (ask.margin if desired else -ask.margin)
    classifier = replace(ask.fitted.classifier, threshold=float(probability(np.array(moved))))  # type: ignore[type-var]
    return replace(ask.fitted, classifier=classifier)


def _effects(ask: Ask, queries: list[Query]) -> list[Proposer]:
    from sensecf_core.counterfactuals.proposers.effects import EffectsProposer
    from sensecf_core.counterfactuals.search.effects import estimate_effects

    told = estimate_effects(ask.fitted, queries)
    return [EffectsProposer(ask.fitted.schema, hints) for hints in told]


def _nearest_pair(ask: Ask, queries: list[Query]) -> list[Proposer]:
    from sensecf_core.counterfactuals.proposers.few_shot import make_examples
    from sensecf_core.counterfactuals.proposers.nearest_pair import NearestPairProposer

    desired = {query.desired for query in queries}
    answered = {each: make_examples(ask.fitted, each, "contrast") for each in desired}
    return [NearestPairProposer(ask.fitted, answered[query.desired]) for query in queries]


def _few_shot(ask: Ask, queries: list[Query]) -> list[Proposer]:
    from sensecf_core.counterfactuals.proposers.few_shot import nearest_examples
    from sensecf_core.counterfactuals.proposers.language import LanguageProposer

    model = ask.language_model()
    return [
        LanguageProposer(ask.fitted.schema, model, why, nearest_examples(ask.fitted, query))
        for query, why in zip(queries, drivers(ask.fitted, queries), strict=True)
    ]


def _transferred(ask: Ask, queries: list[Query]) -> list[Proposer]:
    from sensecf_core.counterfactuals.proposers.fine_tuned import FineTunedProposer
    from sensecf_core.counterfactuals.search.effects import estimate_effects

    if ask.transfer is None:
        raise ValueError("an arm with a transfer adapter was asked without one")
    model = ask.language_model(ask.transfer.adapter.folder)
    told = estimate_effects(ask.fitted, queries)
    return [FineTunedProposer(ask.fitted.schema, model, hints, temperature=TEMPERATURE) for hints in told]


def _scarce_tuned(ask: Ask, queries: list[Query]) -> list[Proposer]:
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


ANY_EDIT = Source("edits", "random edits, whether they flip or not", by_any_edit)
"""A control for candidates that are used whether they flip or not: only the panel can label them."""

_ALL = (
    Source("random", "random edits that flip", by_random_edits),
    Source("search", "minimal counterfactuals", by_search),
    Source("effects", "told effects added up (control)", _asked(_effects), SAMPLED_QUERIES, "sieved"),
    Source(
        "nearest-pair", "nearest person's answer (control)", _asked(_nearest_pair), SAMPLED_QUERIES, "sieved"
    ),
    Source("nice", "NICE (sparsity)", _package("nice-sparsity"), slow=True),
    Source("dice", "DiCE (random)", _package("dice-random"), FEW_QUERIES, slow=True),
    Source("treecf", "treecf", _package("treecf"), FEW_QUERIES, slow=True),
    Source("cfnow", "CFNOW (greedy)", _package("cfnow-greedy"), FEW_QUERIES, slow=True),
    Source(
        "lm-transfer",
        "language model, adapter of another cohort",
        _asked(_transferred),
        SAMPLED_QUERIES,
        "sieved",
        True,
    ),
    Source(
        "lm-scarce",
        "language model, adapter trained on the scarce rows",
        _asked(_scarce_tuned),
        SAMPLED_QUERIES,
        "sieved",
        True,
    ),
    Source("lm-few-shot", "language model, few-shot", _asked(_few_shot), FEW_QUERIES, "sieved", True),
)

METHODS: Mapping[str, Source] = MappingProxyType({source.name: source for source in _ALL})
"""Every source of counterfactual rows by its name."""
