"""The control that adds: draws among the changes whose told worth adds up to enough (docs/metrics.md)."""

from __future__ import annotations

from dataclasses import dataclass
from time import perf_counter

import numpy as np

from sensecf_core.cohorts.encoding import Codes
from sensecf_core.cohorts.schema import Schema
from sensecf_core.counterfactuals.problem.search_space import SearchSpace
from sensecf_core.counterfactuals.proposal import Proposal, ProposalRequest, written
from sensecf_core.counterfactuals.search.combinations import combinations
from sensecf_core.queries.query import PromptHints, Query
from sensecf_core.types import Floats


@dataclass(frozen=True)
class EffectsProposer:
    """Draws uniformly from the combinations of hinted changes whose worth reaches the gap.

    It knows what a prompt with :class:`~sensecf_core.queries.query.PromptHints` tells, and can only add.
    Where no combination is worth enough it draws among those that are worth most.
    """

    schema: Schema
    hints: PromptHints

    def propose(self, query: Query, run: ProposalRequest) -> Proposal:
        """Draw ``run.candidates`` combinations, without replacement as far as there are any."""
        started = perf_counter()
        space = SearchSpace.of(self.schema, query)
        rows = combinations(space, self.hints)
        worth = self._worth(space, rows)
        enough = np.flatnonzero(worth >= self.hints.gap)
        if not len(enough):
            enough = np.argsort(-worth, kind="stable")[: run.candidates]
        rng = np.random.default_rng(query.own_seed(run.seed))
        drawn = rng.permutation(enough)[: run.candidates]
        texts = tuple(written(space, rows[drawn]))
        return Proposal(texts, decode_seconds=perf_counter() - started)

    def _worth(self, space: SearchSpace, rows: Codes) -> Floats:
        """The told effects of each row's changes, added up, in log-odds towards the desired class."""
        worth = np.zeros(len(rows))
        for told in self.hints.effects:
            column = rows[:, self.schema.positions[told.feature]]
            worth += np.where(np.isclose(column, told.value), told.log_odds, 0.0)
        return worth if space.desired else -worth
