"""Proposers: anything that answers a query with candidate texts. Here is the interface."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, Protocol, runtime_checkable

import numpy as np

from sensecf_core.cohorts.encoding import Codes, to_value
from sensecf_core.counterfactuals.problem.budget import Budget
from sensecf_core.counterfactuals.problem.problem import Problem
from sensecf_core.counterfactuals.problem.search_space import SearchSpace
from sensecf_core.language.prompts.grammar import write_edits
from sensecf_core.queries.query import Query
from sensecf_core.types import NO_CALLBACKS, Callbacks

Stopped = Literal["cancelled", "deadline", "budget"]


@dataclass(frozen=True)
class ProposalRequest:
    """How many candidates a proposer is asked for, with which seed, and what stops it.

    ``temperature`` of None is the proposer's own. ``deadline`` is a :func:`time.perf_counter` time in
    seconds. A method that searches asks the classifier through ``budget``; a language model never does.
    """

    candidates: int
    seed: int
    temperature: float | None
    deadline: float
    callbacks: Callbacks = NO_CALLBACKS
    budget: Budget | None = None


@dataclass(frozen=True)
class Proposal:
    """Candidate texts as they came, and the seconds they took.

    ``cut`` has the positions of texts that were cut short; they count as unreadable, since a cut number
    is another number. ``begins`` has the positions where each later attempt of a retry begins. ``notes`` say
    in sentences why there is no candidate. ``finished`` marks a method's own answers, which are shown as they
    are and not refined. ``wholes`` are the answers that texts were read out of.
    """

    texts: tuple[str, ...]
    cut: frozenset[int] = frozenset()
    prompt: str | None = None
    prefill_seconds: float | None = None
    decode_seconds: float | None = None
    stopped: Stopped | None = None
    provenance: tuple[tuple[str, str], ...] = ()
    begins: tuple[int, ...] = ()
    notes: tuple[str, ...] = ()
    finished: bool = False
    wholes: tuple[str, ...] = ()

    def whole_of(self, position: int) -> str | None:
        """The answer that a text was read out of; None where it is the text itself."""
        whole = self.wholes[position] if position < len(self.wholes) else None
        return None if whole is None or whole.strip() == self.texts[position] else whole

    def attempt_of(self, position: int) -> int:
        """The number of the attempt that the text at a position came from, 1 being the first."""
        return 1 + sum(position >= begin for begin in self.begins)


def written(space: SearchSpace, codes: Codes) -> Iterator[str]:
    """Write changed rows (n, features) as edits; a row that changes nothing is an empty text."""
    schema = space.schema
    for row, changed in zip(codes, space.changed(codes), strict=True):
        edits = {
            schema.names[position]: to_value(schema.features[position], row[position])
            for position in np.flatnonzero(changed)
        }
        yield write_edits(schema, edits)


def temperature_of(requested: float | None) -> float:
    """The temperature that a language model samples at: 1 if none was requested."""
    return 1.0 if requested is None else requested


def temperature_text(requested: float | None) -> str:
    """The temperature as provenance states it."""
    return f"{temperature_of(requested):g}"


class Proposer(Protocol):
    """Answers a query with texts. It may ask the classifier through ``run.budget`` only, if at all."""

    def propose(self, query: Query, run: ProposalRequest) -> Proposal:
        """Propose edits as text in the form of :mod:`sensecf_core.language.prompts.grammar`."""
        ...


@runtime_checkable
class RetryingProposer(Proposer, Protocol):
    """A proposer that can try again where nothing of what it proposed passed the checks."""

    def retry(self, problem: Problem, run: ProposalRequest, first: Proposal) -> Iterator[Proposal]:
        """Yield one proposal after each further attempt, with the texts of all attempts so far.

        ``first`` is the first proposal. The caller checks each proposal and stops when something passes.
        """
        ...
