from __future__ import annotations

import pytest

from sensecf_core.counterfactuals.problem.fitted_cohort import FittedCohort
from sensecf_core.evaluation.benchmark.entries import Entry
from sensecf_core.evaluation.benchmark.plan import Task, tasks
from sensecf_core.evaluation.benchmark.run_task import Bench
from sensecf_core.evaluation.raw_candidates.directions import Direction

OPTIONS = {"seed": 0, "candidates": 24, "max_changes": 3, "k": 4}
BOTH = (Direction(1, "intervention"), Direction(0, "contrast"))


@pytest.fixture(scope="session")
def bench(fitted: FittedCohort) -> Bench:
    return Bench.of(fitted)


@pytest.fixture(scope="session")
def drawing(fitted: FittedCohort) -> tuple[Task, ...]:
    """All tasks of a run of uniform draws: 12 people in both directions."""
    return tasks(fitted, BOTH, [Entry("random")], n=12, options=OPTIONS)
