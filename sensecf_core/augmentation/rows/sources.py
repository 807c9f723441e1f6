"""Who proposes the counterfactuals that become training rows, by name.

Each source answers a batch of queries against the scarce classifier.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np

from sensecf_core.augmentation.rows.ask import CANDIDATES, Answered, Ask, Source
from sensecf_core.augmentation.rows.proposer_sources import (
    asked,
    effects,
    few_shot,
    nearest_pair,
    package,
    scarce_tuned,
    transferred,
)
from sensecf_core.cohorts.rules import violations
from sensecf_core.counterfactuals.problem.budget import Budget
from sensecf_core.counterfactuals.problem.search_space import SearchSpace
from sensecf_core.counterfactuals.proposers.random import RandomProposer
from sensecf_core.counterfactuals.search.beam_search import search

FEW_QUERIES = 12
"""Queries a class, of packages that take tenths of a second and more for one."""

SAMPLED_QUERIES = 30
"""Queries a class, of language models and of the controls that are held against them."""


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


ANY_EDIT = Source("edits", "random edits, whether they flip or not", by_any_edit)
"""A control for candidates that are used whether they flip or not: only the panel can label them."""

_ALL = (
    Source("random", "random edits that flip", by_random_edits),
    Source("search", "minimal counterfactuals", by_search),
    Source("effects", "told effects added up (control)", asked(effects), SAMPLED_QUERIES, "sieved"),
    Source(
        "nearest-pair", "nearest person's answer (control)", asked(nearest_pair), SAMPLED_QUERIES, "sieved"
    ),
    Source("nice", "NICE (sparsity)", package("nice-sparsity"), SAMPLED_QUERIES, slow=True),
    Source("dice", "DiCE (random)", package("dice-random"), FEW_QUERIES, slow=True),
    Source("treecf", "treecf", package("treecf"), FEW_QUERIES, slow=True),
    Source("cfnow", "CFNOW (greedy)", package("cfnow-greedy"), FEW_QUERIES, slow=True),
    Source(
        "lm-transfer",
        "language model, adapter of another cohort",
        asked(transferred),
        SAMPLED_QUERIES,
        "sieved",
        True,
    ),
    Source(
        "lm-scarce",
        "language model, adapter trained on the scarce rows",
        asked(scarce_tuned),
        SAMPLED_QUERIES,
        "sieved",
        True,
    ),
    Source("lm-few-shot", "language model, few-shot", asked(few_shot), FEW_QUERIES, "sieved", True),
)

METHODS: Mapping[str, Source] = MappingProxyType({source.name: source for source in _ALL})
"""Every source of counterfactual rows by its name."""
