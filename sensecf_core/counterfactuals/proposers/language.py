"""A language model as a proposer: one prompt, one batch of candidates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from time import perf_counter
from typing import Any

from sensecf_core.cohorts.schema import Schema
from sensecf_core.counterfactuals.proposal import Proposal, ProposalRequest, temperature_of, temperature_text
from sensecf_core.language.backend import Backend, Constraint, Form, Provenance
from sensecf_core.language.prompts.plain import JSON_TEMPLATE_SHA256, TEMPLATE_SHA256, Example, Prompt, build
from sensecf_core.queries.query import Driver, Query

TEMPLATES: Mapping[Form, str] = {"text": TEMPLATE_SHA256, "json": JSON_TEMPLATE_SHA256}


@dataclass(frozen=True)
class LanguageProposer:
    """Prompts a language model with the profile, its prediction and drivers, and what may move.

    With ``grammar`` a local model's candidates are readable and within the limits by construction; a server
    is asked for the same as a JSON schema, and what it answers is checked like any text. Without ``grammar``
    the model writes free text ("pretrained, as the paper did it"). ``examples`` are other participants'
    rows: a model on a server refuses them.
    """

    schema: Schema
    model: Backend[Any]
    drivers: tuple[Driver, ...]
    examples: tuple[Example, ...] = ()
    grammar: bool = True

    def propose(self, query: Query, run: ProposalRequest) -> Proposal:
        """Sample ``run.candidates`` answers in one batch."""
        return sample_proposal(
            self.model,
            build(self.schema, query, self.drivers, self.examples),
            query,
            run,
            constraint=constraint_of(self.schema, query) if self.grammar else None,
            templates=TEMPLATES,
            provenance=(("examples", str(len(self.examples))),),
        )


def constraint_of(schema: Schema, query: Query) -> Constraint:
    """What the query's limits allow as an answer."""
    return Constraint(schema, query.movable, query.limits.max_changes)


def sample_proposal(
    model: Backend[Any],
    prompt: Prompt,
    query: Query,
    run: ProposalRequest,
    *,
    constraint: Constraint | None,
    templates: Mapping[Form, str],
    provenance: Provenance = (),
) -> Proposal:
    """Sample ``run.candidates`` answers to ``prompt``.

    ``templates`` has the hash of the prompt's template for each form that the model may ask for;
    ``provenance`` is added to the model's own.
    """
    reading, writing = model.status_texts
    run.callbacks.progress(0.05, reading)
    samples = model.sample(
        prompt,
        n=run.candidates,
        constraint=constraint,
        temperature=temperature_of(run.temperature),
        seed=query.own_seed(run.seed) if model.seed_per_query else run.seed,
        cancelled=run.callbacks.cancelled,
        deadline=run.deadline - perf_counter(),
        progress=lambda done, total: run.callbacks.progress(0.1 + 0.8 * done / max(total, 1), writing),
    )
    return Proposal(
        texts=samples.texts,
        wholes=samples.as_they_came,
        cut=frozenset(n for n, complete in enumerate(samples.complete) if not complete),
        prompt=samples.prompt,
        prefill_seconds=samples.prefill_seconds,
        decode_seconds=samples.decode_seconds,
        stopped=samples.stopped,
        provenance=(
            *model.provenance(samples),
            ("temperature", temperature_text(run.temperature)),
            ("prompt_template", templates[samples.form]),
            *provenance,
        ),
    )
