"""Measure the sensor cohort: how fast a release is read, and how soon a participant's page is drawn."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psutil

from tools.bench.app_visit import AppVisit
from tools.bench.record import Row

PEOPLE, DAYS = 16, 10
"""Size of the release that is read: files as large as v3's, few enough for a benchmark."""
OPENED = 3
"""Number of participants whose page is opened."""


def measure_release(_: int) -> Iterator[Row]:
    """Write a synthetic release with files as large as v3's, then read all of it with two processes."""
    from sensecf_core.aireadi import tables
    from sensecf_core.aireadi.release import locate
    from sensecf_core.aireadi.synthetic.files import release as synthetic
    from sensecf_core.aireadi.synthetic.population.settings import Settings

    with tempfile.TemporaryDirectory(prefix="sensecf-release-") as folder:
        started = time.perf_counter()
        written = synthetic.write(Path(folder) / "release", Settings(n=PEOPLE, days=DAYS), jobs=2)
        writing = time.perf_counter() - started
        yield Row("AI-READI: writing a synthetic release", written.bytes / 1e6 / writing, "MB/s")
        memory = _Memory()
        started = time.perf_counter()
        built = tables.build(locate.find(written.root), jobs=2, progress=memory.update)
        reading = time.perf_counter() - started
        again = time.perf_counter()
        tables.build(locate.find(written.root), jobs=2)
        cached = time.perf_counter() - again
    note = f"{PEOPLE} people, {DAYS} days, {built.read_mb:.0f} MB, 2 processes"
    yield Row("AI-READI: reading a release", built.read_mb / reading, "MB/s", 60.0, at_least=True, note=note)
    yield Row("AI-READI: reading a release", PEOPLE / reading, "1/s", note="participants")
    yield Row("AI-READI: tables from the cache", cached, "s")
    yield Row("AI-READI: memory of all processes while reading", memory.most, "GB", 2.0)


class _Memory:
    """Peak resident memory of this process and its children in GB, sampled at each progress report."""

    def __init__(self) -> None:
        self.most = 0.0

    def update(self, *_: object) -> None:
        process = psutil.Process()
        sizes = [process.memory_info().rss]
        for child in process.children(recursive=True):
            try:
                sizes.append(child.memory_info().rss)
            except psutil.NoSuchProcess:
                continue
        self.most = max(self.most, sum(sizes) / 1e9)


def measure_pages(_: int) -> Iterator[Row]:
    """Seconds until a participant's sensor page is drawn, the first and the second time."""
    from sensecf_core.datasets import registry

    people = list(dict.fromkeys(registry.load("aireadi").part("test").index.get_level_values(0)))
    with AppVisit() as visit:
        visit.seconds_of_glucose("aireadi", people[:1])  # the server's first page is slower
        first, again = visit.seconds_of_glucose("aireadi", people[1 : 1 + OPENED])
    note = f"headless Chromium, all charts drawn, median of {OPENED}"
    yield Row("a participant's glucose report, first time", first, "s", note=note)
    yield Row("a participant's glucose report, again", again, "s", 2.0, note=note)
