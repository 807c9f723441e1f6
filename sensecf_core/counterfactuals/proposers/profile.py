"""A fine-tuned language model that is told the person, and nothing of what a change does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from sensecf_core.counterfactuals.proposal import Proposal, ProposalRequest
from sensecf_core.counterfactuals.proposers.language import sample_proposal
from sensecf_core.language.backend import Backend, Constraint
from sensecf_core.language.prompts.plain import Prompt
from sensecf_core.language.prompts.profile import PROFILE_SHA256, PercentileScale
from sensecf_core.queries.query import Query

NOTHING_TOLD = (
    "What may change here hardly matters to this classifier, so the model was not taught to change it. "
    "Another method may find something."
)


@dataclass(frozen=True)
class ProfileProposer:
    """Prompts a model that was fine-tuned for this cohort with the profile in percentiles.

    ``question`` writes the prompt of a query. The model's answers come back in the features' units; as it
    wrote them they stand in ``wholes``.
    """

    scale: PercentileScale
    question: Callable[[Query], Prompt]
    model: Backend[Any]
    grammar: bool = True
    temperature: float = 1.0

    def propose(self, query: Query, run: ProposalRequest) -> Proposal:
        """Sample ``run.candidates`` answers in one batch."""
        if run.temperature is None:
            run = replace(run, temperature=self.temperature)
        scale = self.scale
        movable = scale.movable(query)
        if not movable:
            return Proposal((), notes=(NOTHING_TOLD,))
        constraint = Constraint(
            scale.coded,
            movable,
            query.limits.max_changes,
            order=scale.order,
            gap=scale.gap(query) if scale.writing.counts_down else None,
            names_first=scale.writing.names_first,
        )
        written = sample_proposal(
            self.model,
            self.question(query),
            query,
            run,
            constraint=constraint if self.grammar else None,
            templates={"text": PROFILE_SHA256},
        )
        return replace(
            written,
            texts=tuple(scale.in_units(query, text) for text in written.texts),
            wholes=written.wholes or written.texts,
        )
