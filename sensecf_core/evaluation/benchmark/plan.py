"""All that a run asks: the same people for every method, in passes; a task's key finds it again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from sensecf_core.counterfactuals.checker import Checker
from sensecf_core.evaluation.benchmark.specs import Spec
from sensecf_core.evaluation.sampling import RowKey, sample_rows
from sensecf_core.evaluation.trace_table import Direction
from sensecf_core.queries.request import ExplainRequest

Pass = Literal["query", "main", "seed", "noise", "free", "timed"]
STABILITY_QUERIES = 20
"""Queries a direction that are asked again with another seed, and with tiny noise on the row."""
FREE_QUERIES = 50
"""Queries a direction that a language model answers without the grammar too."""
TIMED_QUERIES = 20
"""Queries a direction that are timed, one at a time and nothing beside them."""
QUERY = Spec("random")
"""Stands in tasks that are about a query itself, whoever answers it."""


@dataclass(frozen=True)
class Task:
    """One question to one method, or (pass ``query``) one about the query itself.

    Passes: ``main`` is scored; ``seed`` has another seed and ``noise`` a row with tiny noise, for stability;
    ``free`` is a language model without the grammar; ``timed`` is only timed.
    """

    kind: Pass
    direction: Direction
    spec: Spec
    request: ExplainRequest

    @property
    def query(self) -> tuple[str, str, str, str]:
        """Which query it asks: direction, limits, participant, row."""
        request = self.request
        return self.direction.label, self.direction.profile, request.participant_id, request.row_id or ""

    @property
    def alone(self) -> bool:
        """Whether it runs in the main process with nothing beside it."""
        return self.kind == "timed" or self.spec.asks_language_model

    @property
    def key(self) -> str:
        """What tells it from all others of the run."""
        name = "" if self.kind == "query" else self.spec.name
        return "|".join((self.kind, name, *self.query))


def tasks(
    checker: Checker,
    directions: Sequence[Direction],
    specs: Sequence[Spec],
    *,
    n: int,
    options: Mapping[str, Any],
) -> tuple[Task, ...]:
    """Everything to ask, person by person within a pass, the timed pass last.

    ``n`` people a direction (0: all); ``options`` are fields of the request (``seed``, ``candidates``,
    ``max_changes``, ``k``).
    """
    people = {
        direction: sample_rows(
            checker.cohort, checker.classifier, predicted=direction.predicted, n=n, seed=options["seed"]
        )
        for direction in directions
    }
    again = {**options, "seed": options["seed"] + 1}
    models = [replace(spec, grammar=False) for spec in specs if spec.asks_language_model]
    passes: tuple[tuple[Pass, Sequence[Spec], int | None, Mapping[str, Any]], ...] = (
        ("query", [QUERY], None, options),
        ("main", specs, None, options),
        ("seed", specs, STABILITY_QUERIES, again),
        ("noise", specs, STABILITY_QUERIES, options),
        ("free", models, FREE_QUERIES, options),
        ("timed", specs, TIMED_QUERIES, options),
    )
    return tuple(
        task
        for kind, asked, most, fields in passes
        for direction, keys in people.items()
        for task in _of_pass(kind, direction, keys[:most], asked, {**fields, "cohort": checker.schema.name})
    )


def _of_pass(
    kind: Pass,
    direction: Direction,
    keys: Sequence[RowKey],
    specs: Sequence[Spec],
    options: Mapping[str, Any],
) -> Iterator[Task]:
    for participant_id, row_id in keys:
        for spec in specs:
            request = ExplainRequest.model_validate(
                {
                    "participant_id": participant_id,
                    "row_id": row_id,
                    "method": spec.method,
                    "model": spec.model,
                    "grammar": spec.grammar,
                    "profile": direction.profile,
                    "desired": 1 - direction.predicted,
                    **options,
                }
            )
            yield Task(kind, direction, spec, request)
