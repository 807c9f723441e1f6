"""From a proposer's texts to candidates that were read and verified, and the counts of every step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sensecf_core.counterfactuals.checks.verify import CheckResults, verify
from sensecf_core.counterfactuals.problem.problem import Problem
from sensecf_core.counterfactuals.problem.search_space import SearchSpace
from sensecf_core.counterfactuals.proposal import Proposal
from sensecf_core.language.prompts.grammar import read_edits
from sensecf_core.queries.answer import Candidate, Counts, Edits, Trace


@dataclass(frozen=True)
class ScreenedCandidates:
    """Candidates in the order proposed, and the check results of the readable ones."""

    candidates: tuple[Candidate, ...]
    checks: CheckResults


def screen_candidates(problem: Problem, proposal: Proposal) -> ScreenedCandidates:
    """Read and verify every text; duplicates are checked like any other candidate."""
    space, texts, attempt, whole = problem.space, proposal.texts, proposal.attempt_of, proposal.whole_of
    edits = [None if position in proposal.cut else _read(space, text) for position, text in enumerate(texts)]
    readable = tuple(position for position, edit in enumerate(edits) if edit is not None)
    codes = np.array([space.apply(edits[position] or {}) for position in readable])
    checks = verify(problem, codes.reshape(-1, len(space.factual)))
    row_of = {position: row for row, position in enumerate(readable)}
    first_with: dict[tuple[tuple[str, object], ...], int] = {}
    candidates = []
    for position, (text, edit) in enumerate(zip(texts, edits, strict=True)):
        if edit is None:
            candidates.append(
                Candidate(
                    text=text, edits=None, readable=False, asking=attempt(position), whole=whole(position)
                )
            )
            continue
        row = row_of[position]
        first = first_with.setdefault(tuple(sorted(edit.items())), position)
        candidates.append(
            Candidate(
                text=text,
                edits=edit,
                readable=True,
                within_limits=bool(checks.within_limits[row]),
                violations=checks.violations[row],
                probability=float(checks.probability[row]),
                valid=bool(checks.valid[row]),
                plausible=bool(checks.plausible[row]),
                duplicate_of=None if first == position else first,
                asking=attempt(position),
                whole=whole(position),
            )
        )
    return ScreenedCandidates(tuple(candidates), checks)


def _read(space: SearchSpace, text: str) -> Edits | None:
    """Read a text as edits that this cohort's features can have, or None."""
    edits = read_edits(space.schema, text)
    if not edits:
        return None
    try:
        space.apply(edits)
    except ValueError:
        return None
    return edits


def count_steps(candidates: Sequence[Candidate]) -> Trace:
    """Count how many candidates passed each step and all before it (nothing is shown yet)."""
    askings = max((candidate.asking for candidate in candidates), default=1)
    first = _counts([c for c in candidates if c.asking == 1]) if askings > 1 else None
    everything = _counts(candidates).model_dump()
    return Trace(**everything, shown=0, askings=askings, first=first, candidates=tuple(candidates))


def identity_of(candidate: Candidate) -> str:
    """What distinguishes a candidate from others: its edits, or its text where it is unreadable."""
    return repr(candidate.edits) if candidate.readable else candidate.text


def _change_of(candidate: Candidate) -> str:
    """What a candidate changes, in whatever order it names it; its text where it is unreadable."""
    return candidate.text if candidate.edits is None else repr(sorted(candidate.edits.items()))


def _counts(candidates: Sequence[Candidate]) -> Counts:
    readable = [c for c in candidates if c.readable]
    within = [c for c in readable if c.within_limits]
    valid = [c for c in within if c.valid]
    plausible = [c for c in valid if c.plausible]
    return Counts(
        proposed=len(candidates),
        unique=len({identity_of(candidate) for candidate in candidates}),
        readable=len(readable),
        within_limits=len(within),
        valid=len(valid),
        plausible=len(plausible),
        different={
            step: len({_change_of(candidate) for candidate in passed})
            for step, passed in (
                ("proposed", candidates),
                ("readable", readable),
                ("within_limits", within),
                ("valid", valid),
                ("plausible", plausible),
            )
        },
    )
