"""Records of a run so small that its summary can be worked out by hand.

Four people (p0 to p3) are asked about in one direction, by a method that searches and by uniform draws.
"""

from __future__ import annotations

from dataclasses import asdict, fields, replace
from typing import Any

import numpy as np

from sensecf_core.counterfactuals.problem.fitted_cohort import FittedCohort
from sensecf_core.evaluation.benchmark.entries import Entry
from sensecf_core.evaluation.benchmark.plan import Task
from sensecf_core.evaluation.benchmark.run_task import Record
from sensecf_core.evaluation.metrics.scores import Scores
from sensecf_core.evaluation.raw_candidates.directions import Direction
from sensecf_core.queries.request import ExplainRequest

DIRECTION = Direction(1, "intervention")
SEARCH, DRAWS = Entry("dice-random"), Entry("random")
NOTHING = Scores(**{f.name: float("nan") for f in fields(Scores)} | {"returned": 0})  # type: ignore[arg-type]


def people(fitted: FittedCohort, count: int = 4) -> list[str]:
    return [str(person) for person, _ in fitted.cohort.part("test").index[:count]]


def task(kind: str, entry: Entry | None, person: str) -> Task:
    """``spec`` of None: about the query itself."""
    method = "random" if entry is None else entry.method
    request = ExplainRequest(
        cohort="small", participant_id=person, row_id="0", method=method, profile="intervention"
    )
    return Task(kind, DIRECTION, entry, request)  # type: ignore[arg-type]


def scores(returned: int, valid: int, **more: float) -> Scores:
    """A failure where nothing was returned; ``more`` are measures of the valid ones."""
    share = valid / returned if returned else float("nan")
    return replace(
        NOTHING,
        returned=returned,
        coverage=float(returned > 0),
        solved=float(valid > 0),
        validity=share,
        coverage_validity=share if returned else 0.0,
        **more,
    )


def row(fitted: FittedCohort, person: str, made: Scores, **changes: float) -> dict[str, Any]:
    """One variant of a record; every counterfactual is the same row with ``changes``."""
    from sensecf_core.cohorts.encoding import to_codes

    codes = to_codes(fitted.schema, fitted.cohort.rows.loc[[(person, "0")]])[0]
    for name, value in changes.items():
        codes[fitted.schema.positions[name]] = value
    plain = [None if np.isnan(code) else float(code) for code in codes]
    valid = round(made.returned * made.validity) if made.returned else 0
    return {
        "codes": [plain] * made.returned,
        "scores": {name: None if np.isnan(value) else value for name, value in asdict(made).items()},
        "nearest_allowed": made.gower if valid else None,
        "outcomes": [[len(changes), at < valid] for at in range(made.returned)],
        "valid": valid,
        "changes": dict.fromkeys(changes, valid) if valid else {},
    }


def record(returned: dict[str, Any], refined: dict[str, Any], **more: Any) -> Record:
    return {
        "status": "found",
        "ended": "itself",
        "model_rows": {"returned": 10, "refined": 30},
        "rows": {"returned": returned, "refined": refined},
        **more,
    }
