"""Measure how long the feasibility map of a whole cohort takes."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from time import perf_counter

from tools.bench.record import Row

COHORT = "nhanes"
TARGET = 180.0
"""Most seconds with two processes."""


def measure_feasibility(_: int) -> Iterator[Row]:
    """Build the map as the command ``feasibility`` does, with as many processes, into a temporary file."""
    from sensecf_core.cli import options
    from sensecf_core.counterfactuals.feasibility import cohort_map
    from sensecf_core.counterfactuals.problem import fitted_cohort

    fitted, jobs = fitted_cohort.load_fitted(COHORT), options.processes(None)
    people = fitted.cohort.rows.index.get_level_values(0).nunique()
    with tempfile.TemporaryDirectory(prefix="sensecf-feasibility-") as folder:
        started = perf_counter()
        cohort_map.write(fitted, cohort_map.build(fitted, jobs=jobs), Path(folder) / cohort_map.FILE)
        elapsed = perf_counter() - started
    ran = "1 process" if jobs == 1 else f"{jobs} processes"
    note = f"{people:,} people, {people / elapsed:.1f} a second, {ran}"
    yield Row(f"{COHORT}: feasibility map", elapsed, "s", TARGET, note=note)
