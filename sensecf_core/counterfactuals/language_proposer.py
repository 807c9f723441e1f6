"""The language model as a proposer: one prompt, one batch of candidates."""

from __future__ import annotations

from dataclasses import dataclass
from time import perf_counter

from sensecf_core.cohorts.schema import Schema
from sensecf_core.counterfactuals.proposers import Proposal, Run
from sensecf_core.language.grammar import edits_grammar, longest_answer
from sensecf_core.language.local_model import LocalModel
from sensecf_core.language.prompts import TEMPLATE_SHA256, Example, build, chat_text
from sensecf_core.queries.query import Driver, Query

FREE_TEXT_TOKENS = 64
"""Room for an answer without a grammar: about four times what three edits need."""


@dataclass(frozen=True)
class LanguageProposer:
    """Prompts a local model with the profile, its prediction and drivers, and what may move.

    With ``grammar`` every candidate is readable and within the limits by construction; without it the
    model writes what it likes ("pretrained, as the paper did it").
    """

    schema: Schema
    model: LocalModel
    drivers: tuple[Driver, ...]
    examples: tuple[Example, ...] = ()
    grammar: bool = True

    def propose(self, query: Query, run: Run) -> Proposal:
        """Sample ``run.candidates`` answers in one batch after one prefill."""
        prompt = build(self.schema, query, self.drivers, self.examples)
        run.progress(0.05, "The language model reads the profile")
        samples = self.model.sample(
            prompt,
            n=run.candidates,
            grammar=self._grammar(query),
            temperature=run.temperature,
            seed=run.seed,
            max_new_tokens=self._most_tokens(query),
            cancelled=run.cancelled,
            deadline=run.deadline - perf_counter(),
            progress=lambda done, most: run.progress(
                0.1 + 0.8 * done / max(most, 1), "The language model writes its candidates"
            ),
        )
        return Proposal(
            texts=samples.texts,
            cut=frozenset(n for n, complete in enumerate(samples.complete) if not complete),
            prompt=chat_text(self.model.tokenizer, prompt),
            prefill_seconds=samples.prefill_seconds,
            decode_seconds=samples.decode_seconds,
            stopped=samples.stopped,
            provenance=(
                *self.model.provenance(),
                ("prompt_template", TEMPLATE_SHA256),
                ("examples", str(len(self.examples))),
            ),
        )

    def _grammar(self, query: Query) -> str | None:
        if not self.grammar:
            return None
        return edits_grammar(self.schema, query.movable, query.limits.max_changes)

    def _most_tokens(self, query: Query) -> int:
        if not self.grammar:
            return FREE_TEXT_TOKENS
        longest = longest_answer(self.schema, query.movable, query.limits.max_changes)
        return len(longest.encode()) + 1
