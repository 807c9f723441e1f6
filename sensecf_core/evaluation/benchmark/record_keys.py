"""What decides a run's numbers: one digest for each method's records, and one for the run."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sensecf_core.counterfactuals.problem.fitted_cohort import FittedCohort
from sensecf_core.evaluation.benchmark import run_folder
from sensecf_core.evaluation.benchmark.entries import Entry
from sensecf_core.evaluation.benchmark.plan import Task
from sensecf_core.evaluation.run_identity import of_model, origin_of, run_id

QUERIES = "queries"
"""The name of the records about the queries themselves."""


@dataclass(frozen=True)
class RecordKeys:
    """What decides a run's records.

    ``origin`` is all that decides the answers; ``digests`` (by method) are of the part of it that decides a
    method's own records.
    """

    cohort: str
    origin: Mapping[str, Any]
    digests: Mapping[str, str]

    @classmethod
    def of(cls, fitted: FittedCohort, entries: Sequence[Entry], options: Mapping[str, Any]) -> RecordKeys:
        """The keys of a run; ``options`` are fields of the requests. People and other methods do not count.

        Raises ``NotReadyError`` for a language model whose weights are not here.
        """
        origin = origin_of(fitted, options)
        models = {entry.name: of_model(fitted.cohort, entry.model) for entry in entries if entry.model}
        origin |= {"models": models, "threads": threads()}
        return cls(
            fitted.schema.name,
            origin,
            {
                QUERIES: _digest(origin, Entry("random")),
                **{entry.name: _digest(origin, entry) for entry in entries},
            },
        )

    def run(self, **settings: Any) -> str:
        """The id of a run of these methods; ``settings`` is what else was set (people, limits)."""
        text = json.dumps({"asked": settings, "records": self.digests}, sort_keys=True)
        return f"{self.cohort}-{hashlib.sha256(text.encode()).hexdigest()[:16]}"

    def record_file(self, task: Task) -> Path:
        """The file with a task's record; answers without the grammar lie with those that follow it."""
        name = QUERIES if task.entry is None else Entry(task.entry.method, task.entry.model).name
        return run_folder.records(self.cohort, name, self.digests[name])


def threads() -> int:
    """Threads that a language model computes with: what it samples depends on their number."""
    return int(os.environ.get("OMP_NUM_THREADS") or os.cpu_count() or 1)


def _digest(origin: Mapping[str, Any], entry: Entry) -> str:
    """A digest of what this method's answers depend on."""
    own = {key: value for key, value in origin.items() if key not in ("models", "threads")}
    if entry.asks_language_model:
        own["threads"] = origin["threads"]
        own["model"] = origin["models"].get(entry.name)
    return run_id(own, adapter_of=entry.method if entry.model is None else None)
