"""The control that copies: the answers of the nearest training people (docs/metrics.md)."""

from __future__ import annotations

from dataclasses import dataclass
from time import perf_counter

import numpy as np

from sensecf_core.cohorts.encoding import from_values, to_code, to_value
from sensecf_core.cohorts.schema import Schema
from sensecf_core.counterfactuals.problem.fitted_cohort import FittedCohort
from sensecf_core.counterfactuals.proposal import Proposal, ProposalRequest
from sensecf_core.counterfactuals.proposers.few_shot import StoredExample
from sensecf_core.language.prompts.grammar import write_edits
from sensecf_core.queries.answer import Edits
from sensecf_core.queries.query import Query


@dataclass(frozen=True)
class NearestPairProposer:
    """Copies stored answers of the nearest (Gower) training queries, each value moved to the nearest allowed.

    It asks no model and no classifier, and knows what a fine-tuned model was taught. ``answered`` are
    training queries of the same direction and limits profile with their answers; the query's own
    participant's are left out. A copied change of a feature that may not move here is dropped.
    """

    fitted: FittedCohort
    answered: tuple[StoredExample, ...]

    def propose(self, query: Query, run: ProposalRequest) -> Proposal:
        """Copy ``run.candidates`` different answers, the nearest person's first, or as many as there are.

        Where there is none to copy, nothing is proposed, and a note says so.
        """
        started = perf_counter()
        schema = self.fitted.schema
        others = [one for one in self.answered if one.query.participant_id != query.participant_id]
        codes = np.array([from_values(schema, one.query.factual.features) for one in others])
        factual = from_values(schema, query.factual.features)
        near = self.fitted.distances.gower(factual, codes.reshape(-1, len(schema.features)))
        texts: dict[str, None] = {}
        for position in np.argsort(near, kind="stable"):
            if len(texts) == run.candidates:
                break
            edits = moved_to_allowed(schema, query, others[position].edits)
            if edits:
                texts[write_edits(schema, edits)] = None
        notes = () if texts else (self._nothing_to_copy(query),)
        return Proposal(tuple(texts), notes=notes, decode_seconds=perf_counter() - started)

    def _nothing_to_copy(self, query: Query) -> str:
        if not self.answered:
            return (
                "No answer was found for any training row in this direction under "
                f"`{query.limits.profile}` limits, so there is none to copy."
            )
        return "No stored answer of a training row changes a feature that may move here."


def moved_to_allowed(schema: Schema, query: Query, edits: Edits) -> Edits:
    """Edits with each value moved to the nearest that ``query`` allows, without features that may not move.

    At most ``query.limits.max_changes`` are kept, the first ones.
    """
    allowed = {movable.feature: np.array(movable.values) for movable in query.movable}
    found: Edits = {}
    for name, value in edits.items():
        if name in allowed and len(allowed[name]) and len(found) < query.limits.max_changes:
            feature = schema.feature(name)
            nearest = allowed[name][np.abs(allowed[name] - to_code(feature, value)).argmin()]
            found[name] = to_value(feature, nearest)
    return found
