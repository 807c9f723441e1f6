"""The control: candidates drawn uniformly from what a query allows."""

from __future__ import annotations

from dataclasses import dataclass
from time import perf_counter

import numpy as np

from sensecf_core.cohorts.encoding import to_value
from sensecf_core.cohorts.schema import Schema
from sensecf_core.counterfactuals.proposal import Proposal, ProposalRequest
from sensecf_core.language.prompts.grammar import write_edits
from sensecf_core.queries.answer import Edits
from sensecf_core.queries.query import Query


@dataclass(frozen=True)
class RandomProposer:
    """The control: edits drawn uniformly from the query's own grammar.

    Every candidate makes as many changes as the query allows; the features are drawn uniformly without
    replacement, then each value uniformly among those that feature may take. A language model is
    credited only with what it adds to this.
    """

    schema: Schema

    def propose(self, query: Query, run: ProposalRequest) -> Proposal:
        """Draw candidates; the same seed draws the same ones."""
        started = perf_counter()
        rng = np.random.default_rng(query.own_seed(run.seed))
        most = query.limits.max_changes
        texts = [write_edits(self.schema, self.draw(query, rng, most)) for _ in range(run.candidates)]
        return Proposal(tuple(texts), decode_seconds=perf_counter() - started)

    def draw(self, query: Query, rng: np.random.Generator, count: int) -> Edits:
        """Draw one candidate that changes ``count`` features, or as many as may move."""
        size = min(count, len(query.movable))
        picks = sorted(rng.choice(len(query.movable), size=size, replace=False))
        edits: Edits = {}
        for pick in picks:
            movable = query.movable[pick]
            feature = self.schema.feature(movable.feature)
            edits[movable.feature] = to_value(feature, rng.choice(movable.values))
        return edits
