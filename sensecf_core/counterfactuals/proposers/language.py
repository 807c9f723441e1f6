"""The language model as a proposer: one prompt, one batch of candidates."""

from __future__ import annotations

from dataclasses import dataclass
from time import perf_counter

from sensecf_core.cohorts.schema import Schema
from sensecf_core.counterfactuals.proposal import Proposal, ProposalRequest, temperature_of, temperature_text
from sensecf_core.language.local.model import LocalModel
from sensecf_core.language.prompts.grammar import EffectScores, edits_grammar, longest_answer
from sensecf_core.language.prompts.plain import TEMPLATE_SHA256, Example, Prompt, build, chat_text
from sensecf_core.queries.query import Driver, Query

FREE_TEXT_TOKENS = 96
"""Room for an answer without a grammar: about twice what three edits need that are counted along."""


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

    def propose(self, query: Query, run: ProposalRequest) -> Proposal:
        """Sample ``run.candidates`` answers in one batch after one prefill."""
        prompt = build(self.schema, query, self.drivers, self.examples)
        provenance = (("prompt_template", TEMPLATE_SHA256), ("examples", str(len(self.examples))))
        return sampled(
            self.schema, self.model, prompt, query, run, grammar=self.grammar, provenance=provenance
        )


def sampled(
    schema: Schema,
    model: LocalModel,
    prompt: Prompt,
    query: Query,
    run: ProposalRequest,
    *,
    grammar: bool,
    order: tuple[str, ...] = (),
    scores: EffectScores | None = None,
    provenance: tuple[tuple[str, str], ...],
) -> Proposal:
    """Sample ``run.candidates`` answers to ``prompt``.

    ``order`` is the order of features in an answer, ``worths`` what it counts along (``edits_grammar``);
    ``provenance`` is what to add to the model's own.
    """
    run.callbacks.progress(0.05, "The language model reads the profile")
    most = query.limits.max_changes
    longest = len(longest_answer(schema, query.movable, most, tally=scores is not None).encode()) + 1
    samples = model.sample(
        prompt,
        n=run.candidates,
        grammar=edits_grammar(schema, query.movable, most, order, scores) if grammar else None,
        temperature=temperature_of(run.temperature),
        seed=query.own_seed(run.seed),
        max_new_tokens=longest if grammar else FREE_TEXT_TOKENS,
        cancelled=run.callbacks.cancelled,
        deadline=run.deadline - perf_counter(),
        progress=lambda done, most: run.callbacks.progress(
            0.1 + 0.8 * done / max(most, 1), "The language model writes its candidates"
        ),
    )
    return Proposal(
        texts=samples.texts,
        cut=frozenset(n for n, complete in enumerate(samples.complete) if not complete),
        prompt=chat_text(model.tokenizer, prompt),
        prefill_seconds=samples.prefill_seconds,
        decode_seconds=samples.decode_seconds,
        stopped=samples.stopped,
        provenance=(*model.provenance(), ("temperature", temperature_text(run.temperature)), *provenance),
    )
