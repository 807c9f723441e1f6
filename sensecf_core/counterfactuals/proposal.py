"""Proposers: anything that answers a query with candidate texts. Here the interface and the control."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

from sensecf_core.counterfactuals.problem.budget import Budget
from sensecf_core.queries.query import Query
from sensecf_core.types import NO_CALLBACKS, Callbacks

Stopped = Literal["cancelled", "deadline", "budget"]


@dataclass(frozen=True)
class ProposalRequest:
    """How one call of a proposer is bounded: size, seed, and the ways it can be stopped.

    ``temperature`` of None is the proposer's own. ``deadline`` is a :func:`time.perf_counter` moment in
    seconds. ``budget`` is how a method that searches may ask the classifier; a language model never does.
    """

    candidates: int
    seed: int
    temperature: float | None
    deadline: float
    callbacks: Callbacks = NO_CALLBACKS
    budget: Budget | None = None


@dataclass(frozen=True)
class Proposal:
    """Candidate texts as they came, with what it took to make them (seconds).

    ``cut`` are the positions of texts that were cut short; they count as unreadable, since a cut number
    is another number. ``begins`` are the positions at which a proposer that was asked again went on.
    ``notes`` say in sentences why there is nothing; ``finished`` are a method's own answers, to be shown as
    they are and not refined.
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

    def asking_of(self, position: int) -> int:
        """In which asking the text at a position came, 1 being the first."""
        return 1 + sum(position >= begin for begin in self.begins)


def temperature_of(asked: float | None) -> float:
    """The temperature that a language model samples at where none was asked for."""
    return 1.0 if asked is None else asked


def temperature_text(asked: float | None) -> str:
    """The same as provenance says it."""
    return f"{temperature_of(asked):g}"


class Proposer(Protocol):
    """Answers a query with texts. It sees the classifier through ``run.meter`` only, or not at all."""

    def propose(self, query: Query, run: ProposalRequest) -> Proposal:
        """Propose edits as text in the form of :mod:`sensecf_core.language.prompts.grammar`."""
        ...
