"""A fine-tuned language model as a proposer: its own short prompt, one batch of candidates."""

from __future__ import annotations

from dataclasses import dataclass, replace

from sensecf_core.cohorts.schema import Schema
from sensecf_core.counterfactuals.proposal import Proposal, ProposalRequest
from sensecf_core.counterfactuals.proposers.language import sampled
from sensecf_core.language.local.model import LocalModel
from sensecf_core.language.prompts.fine_tuned import TUNED_SHA256, answer_order, build, effect_scores
from sensecf_core.queries.query import PromptHints, Query


@dataclass(frozen=True)
class FineTunedProposer:
    """Prompts a model that was fine-tuned for this schema with what each allowed change is probably worth."""

    schema: Schema
    model: LocalModel
    hints: PromptHints
    grammar: bool = True
    temperature: float = 1.0

    def propose(self, query: Query, run: ProposalRequest) -> Proposal:
        """Sample ``run.candidates`` answers in one batch after one prefill."""
        prompt = build(self.schema, query, self.hints)
        if run.temperature is None:
            run = replace(run, temperature=self.temperature)
        return sampled(
            self.schema,
            self.model,
            prompt,
            query,
            run,
            grammar=self.grammar,
            order=answer_order(self.hints),
            scores=effect_scores(self.schema, query, self.hints),
            provenance=(("prompt_template", TUNED_SHA256),),
        )
