"""A language model on a server as a proposer: the zero-shot prompt, edits back as JSON or as one line."""

from __future__ import annotations

from dataclasses import dataclass
from time import perf_counter

from sensecf_core.cohorts.schema import Schema
from sensecf_core.counterfactuals.proposal import Proposal, ProposalRequest, temperature_of, temperature_text
from sensecf_core.language.prompts.json_form import answer_schema
from sensecf_core.language.prompts.plain import JSON_TEMPLATE_SHA256, TEMPLATE_SHA256, build
from sensecf_core.language.remote.model import RemoteModel
from sensecf_core.queries.query import Driver, Query

FREE_TEXT_TOKENS = 64
"""Room for an answer of one line; JSON takes more."""
JSON_EDIT_TOKENS = 48


@dataclass(frozen=True)
class RemoteProposer:
    """Prompts a server's model with this participant's profile only, never with another one's.

    With ``grammar`` the server is asked to hold its answers to a JSON schema of what may move, where it
    can; what comes back is read and judged like free text.
    """

    schema: Schema
    model: RemoteModel
    drivers: tuple[Driver, ...]
    grammar: bool = True

    def propose(self, query: Query, run: ProposalRequest) -> Proposal:
        """Ask for ``run.candidates`` answers."""
        most = query.limits.max_changes
        as_json = self.grammar and self.model.can_json
        run.callbacks.progress(0.05, f"Asking {self.model.host.name}")
        samples = self.model.sample(
            build(self.schema, query, self.drivers),
            n=run.candidates,
            json_schema=answer_schema(self.schema, query.movable, most) if as_json else None,
            temperature=temperature_of(run.temperature),
            seed=run.seed,
            max_new_tokens=FREE_TEXT_TOKENS + (JSON_EDIT_TOKENS * most if as_json else 0),
            cancelled=run.callbacks.cancelled,
            deadline=run.deadline - perf_counter(),
            progress=lambda done, n: run.callbacks.progress(
                0.1 + 0.8 * done / max(n, 1), f"{self.model.host.name} writes its candidates"
            ),
        )
        template = JSON_TEMPLATE_SHA256 if samples.form == "json" else TEMPLATE_SHA256
        return Proposal(
            texts=samples.texts,
            cut=frozenset(n for n, complete in enumerate(samples.complete) if not complete),
            prompt=samples.prompt_sent.text,
            decode_seconds=samples.decode_seconds,
            stopped=samples.stopped,
            provenance=(
                *self.model.provenance(samples),
                ("temperature", temperature_text(run.temperature)),
                ("prompt_template", template),
                ("examples", "0"),
            ),
        )
