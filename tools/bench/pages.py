"""Measure how soon pages are there: Home on a fresh server, then every page by its address, warm."""

from __future__ import annotations

import statistics
from collections.abc import Iterator

from tests.browser.conftest import PATHS
from tools.bench.app_visit import AppVisit
from tools.bench.record import Row

OPENED = 5
"""Number of times that each page is opened warm."""
TARGETS = {"Benchmarks": 1.5}
MEDIAN_TARGET, COLD_TARGET = 1.0, 1.5


def measure_opens(_: int) -> Iterator[Row]:
    """Seconds until a page's heading stands and its script has ended, for somebody of nhanes."""
    from sensecf_core.counterfactuals.problem.fitted_cohort import load_fitted
    from sensecf_core.evaluation.sampling import sample_rows

    fitted = load_fitted("nhanes")
    person, row = sample_rows(fitted.cohort, fitted.classifier, predicted=1, n=1, seed=0)[0]
    query = f"?cohort=nhanes&participant={person}&row={row}"
    with AppVisit() as visit:
        cold = visit.seconds_of_first_page()
        yield Row("Home, first visitor of a fresh server", cold, "s", COLD_TARGET, note="its heading stands")
        with visit.pages() as opened:
            for name, path in PATHS.items():
                opened.seconds_to_open(name, path + query)  # what is cached is cached
            seconds = {
                name: statistics.median(opened.seconds_to_open(name, path + query) for _ in range(OPENED))
                for name, path in PATHS.items()
            }
    note = f"headless Chromium, script ended, median of {OPENED}"
    yield Row("a page by its address, warm: median", statistics.median(seconds.values()), "s", MEDIAN_TARGET)
    for name, value in seconds.items():
        yield Row(f"{name} by its address, warm", value, "s", TARGETS.get(name), note=note)
