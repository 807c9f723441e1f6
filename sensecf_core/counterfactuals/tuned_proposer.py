"""A fine-tuned language model as a proposer: its own short prompt, one batch of candidates."""

from __future__ import annotations

from dataclasses import dataclass, replace

from sensecf_core.cohorts.schema import Schema
from sensecf_core.counterfactuals.language_proposer import sampled
from sensecf_core.counterfactuals.proposers import Proposal, Run
from sensecf_core.language.local_model import LocalModel
from sensecf_core.language.tuned_prompt import TUNED_SHA256, answer_order, build, worths
from sensecf_core.queries.query import Query, Told


@dataclass(frozen=True)
class TunedProposer:
    """Prompts a model that was fine-tuned for this schema with what each allowed change is probably worth."""

    schema: Schema
    model: LocalModel
    told: Told
    grammar: bool = True
    temperature: float = 1.0

    def propose(self, query: Query, run: Run) -> Proposal:
        """Sample ``run.candidates`` answers in one batch after one prefill."""
        prompt = build(self.schema, query, self.told)
        if run.temperature is None:
            run = replace(run, temperature=self.temperature)
        return sampled(
            self.schema,
            self.model,
            prompt,
            query,
            run,
            grammar=self.grammar,
            order=answer_order(self.told),
            worths=worths(self.schema, query, self.told),
            provenance=(("prompt_template", TUNED_SHA256),),
        )
