"""The tasks of a run: the same people for every method, in passes; each task has a key."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import ceil
from typing import Any, Literal

from sensecf_core.counterfactuals.problem.fitted_cohort import FittedCohort
from sensecf_core.evaluation.benchmark.entries import Entry
from sensecf_core.evaluation.raw_candidates.directions import Direction, people, request_of
from sensecf_core.queries.request import ExplainRequest

Pass = Literal["query", "main", "seed", "noise", "free", "timed"]
STABILITY_QUERIES = 20
"""Queries a direction that are asked again with another seed, and with tiny noise on the row."""
FREE_QUERIES = 50
"""Queries that a language model answers without the grammar too, as many of each direction."""
TIMED_QUERIES = 20
"""Queries that are timed, as many of each direction, one at a time and nothing beside them."""


@dataclass(frozen=True)
class Task:
    """One question to one method, or (pass ``query``, no ``entry``) one about the query itself.

    Passes: ``main`` is scored; ``seed`` has another seed and ``noise`` a row with tiny noise, for stability;
    ``free`` is a language model without the grammar; ``timed`` is only timed. ``infeasible`` is a question
    that is proven to have no answer: methods that are slow there are not asked, which counts as not answered.
    """

    kind: Pass
    direction: Direction
    entry: Entry | None
    request: ExplainRequest
    infeasible: bool = False

    @property
    def query(self) -> tuple[str, str, str, str, str]:
        """Which query it asks: direction, limits, goal, participant, row."""
        direction, request = self.direction, self.request
        about = direction.label, direction.profile, direction.goal
        return *about, request.participant_id, request.row_id or ""

    @property
    def alone(self) -> bool:
        """Whether it runs in the main process with nothing beside it."""
        return self.entry is not None and (self.kind == "timed" or self.entry.asks_language_model)

    @property
    def label(self) -> str:
        """What answers it: a method, or the exact search."""
        return "exact search" if self.entry is None else self.entry.name

    @property
    def key(self) -> str:
        """What distinguishes it from all other tasks of the run."""
        return "|".join((self.kind, "" if self.entry is None else self.entry.name, *self.query))

    @property
    def about_key(self) -> str:
        """The key of the task about its query."""
        return replace(self, kind="query", entry=None).key


def tasks(
    fitted: FittedCohort,
    directions: Sequence[Direction],
    entries: Sequence[Entry],
    *,
    n: int,
    options: Mapping[str, Any],
) -> tuple[Task, ...]:
    """Everything to ask, person by person within a pass, the timed pass last.

    ``n`` people a direction (0: all); ``options`` are fields of the request (``seed``, ``candidates``,
    ``max_changes``, ``k``).
    """
    keys_by_direction = people(fitted, directions, n=n, seed=options["seed"])
    other_seed = {**options, "seed": options["seed"] + 1}
    models = [replace(entry, grammar=False) for entry in entries if entry.asks_language_model]
    passes: tuple[tuple[Pass, Sequence[Entry | None], int | None, Mapping[str, Any]], ...] = (
        ("query", [None], None, options),
        ("main", entries, None, options),
        ("seed", entries, STABILITY_QUERIES, other_seed),
        ("noise", entries, STABILITY_QUERIES, options),
        ("free", models, ceil(FREE_QUERIES / len(directions)), options),
        ("timed", entries, ceil(TIMED_QUERIES / len(directions)), options),
    )
    return tuple(
        Task(
            kind,
            direction,
            entry,
            request_of(fitted.schema.name, direction, key, **_method_fields(entry), **fields),
        )
        for kind, asked_entries, most, fields in passes
        for direction, keys in keys_by_direction.items()
        for key in keys[:most]
        for entry in asked_entries
    )


def _method_fields(entry: Entry | None) -> dict[str, Any]:
    return {} if entry is None else {"method": entry.method, "model": entry.model, "grammar": entry.grammar}
