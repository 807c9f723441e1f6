"""Proposers: anything that answers a query with candidate texts. Here the interface and the control."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter
from typing import Literal, Protocol

import numpy as np

from sensecf_core.cohorts.encoding import to_value
from sensecf_core.cohorts.schema import Schema
from sensecf_core.counterfactuals.problem.fitted_cohort import Budget
from sensecf_core.language.prompts.grammar import write_edits
from sensecf_core.queries.answer import Edits
from sensecf_core.queries.query import Query

Stopped = Literal["cancelled", "deadline", "budget"]
Progress = Callable[[float, str], None]
"""Called with the share done (0 to 1) and what is going on."""


@dataclass(frozen=True)
class ProposalRequest:
    """How one call of a proposer is bounded: size, seed, and the ways it can be stopped.

    ``temperature`` of None is the proposer's own. ``deadline`` is a :func:`time.perf_counter` moment in
    seconds. ``meter`` is how a method that searches may ask the classifier; a language model never does.
    """

    candidates: int
    seed: int
    temperature: float | None
    deadline: float
    cancelled: Callable[[], bool]
    progress: Progress
    meter: Budget | None = None


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


@dataclass(frozen=True)
class RandomProposer:
    """The control: edits drawn uniformly from the query's own grammar.

    Every candidate makes as many changes as the query allows; the features are drawn uniformly without
    replacement, then each value uniformly among those that feature may take. A language model is
    credited only with what it adds to this.
    """

    schema: Schema

    def propose(self, query: Query, run: ProposalRequest) -> Proposal:
        """Draw candidates; the same seed draws the same ones."""
        started = perf_counter()
        rng = np.random.default_rng(query.own_seed(run.seed))
        most = query.limits.max_changes
        texts = [write_edits(self.schema, self.draw(query, rng, most)) for _ in range(run.candidates)]
        return Proposal(tuple(texts), decode_seconds=perf_counter() - started)

    def draw(self, query: Query, rng: np.random.Generator, count: int) -> Edits:
        """Draw one candidate that changes ``count`` features, or as many as may move."""
        size = min(count, len(query.movable))
        picks = sorted(rng.choice(len(query.movable), size=size, replace=False))
        edits: Edits = {}
        for pick in picks:
            movable = query.movable[pick]
            feature = self.schema.feature(movable.feature)
            edits[movable.feature] = to_value(feature, rng.choice(movable.values))
        return edits
