from __future__ import annotations

import pytest

from sensecf_core.counterfactuals.checker import Checker
from sensecf_core.evaluation.benchmark.asking import Bench
from sensecf_core.evaluation.benchmark.plan import Task, tasks
from sensecf_core.evaluation.benchmark.specs import Spec
from sensecf_core.evaluation.trace_table import Direction

OPTIONS = {"seed": 0, "candidates": 24, "max_changes": 3, "k": 4}
BOTH = (Direction(1, "intervention"), Direction(0, "contrast"))


@pytest.fixture(scope="session")
def here(checker: Checker) -> Bench:
    return Bench.of(checker)


@pytest.fixture(scope="session")
def drawing(checker: Checker) -> tuple[Task, ...]:
    """All tasks of a run of uniform draws: 12 people in both directions."""
    return tasks(checker, BOTH, [Spec("random")], n=12, options=OPTIONS)
