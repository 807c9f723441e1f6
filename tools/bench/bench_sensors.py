"""Measure the sensor cohort: how fast a release is read, and how soon a participant's page is there."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psutil

from tools.bench.app_visit import AppVisit
from tools.bench.bench_record import Row

PEOPLE, DAYS = 16, 10
"""Of the release that is read: v3-sized files, as many of them as a bench has patience for."""
OPENED = 3
"""Participants whose page is opened."""


def measure_release(_: int) -> Iterator[Row]:
    """Write a synthetic release with files as large as v3's, then read all of it with two processes."""
    from sensecf_core.aireadi import tables
    from sensecf_core.aireadi.release import locate
    from sensecf_core.aireadi.synthetic.files import release as synthetic
    from sensecf_core.aireadi.synthetic.population.settings import Settings

    with tempfile.TemporaryDirectory(prefix="sensecf-release-") as folder:
        started = time.perf_counter()
        made = synthetic.write(Path(folder) / "release", Settings(n=PEOPLE, days=DAYS), jobs=2)
        writing = time.perf_counter() - started
        yield Row("AI-READI: writing a synthetic release", made.bytes / 1e6 / writing, "MB/s")
        memory = _Memory()
        started = time.perf_counter()
        built = tables.build(locate.find(made.root), jobs=2, progress=memory.look)
        reading = time.perf_counter() - started
        again = time.perf_counter()
        tables.build(locate.find(made.root), jobs=2)
        cached = time.perf_counter() - again
    note = f"{PEOPLE} people, {DAYS} days, {built.read_mb:.0f} MB, 2 processes"
    yield Row("AI-READI: reading a release", built.read_mb / reading, "MB/s", 60.0, at_least=True, note=note)
    yield Row("AI-READI: reading a release", PEOPLE / reading, "1/s", note="participants")
    yield Row("AI-READI: tables from the cache", cached, "s")
    yield Row("AI-READI: memory of all processes while reading", memory.most, "GB", 2.0)


class _Memory:
    """The most that this process and its children held at once (resident, GB), looked at as work goes on."""

    def __init__(self) -> None:
        self.most = 0.0

    def look(self, *_: object) -> None:
        here = psutil.Process()
        held = [here.memory_info().rss]
        for child in here.children(recursive=True):
            try:
                held.append(child.memory_info().rss)
            except psutil.NoSuchProcess:
                continue
        self.most = max(self.most, sum(held) / 1e9)


def measure_pages(_: int) -> Iterator[Row]:
    """Seconds until a participant with sensors is on the page, for the first time and again."""
    from sensecf_core.datasets import registry

    people = list(dict.fromkeys(registry.load("aireadi").part("test").index.get_level_values(0)))
    with AppVisit() as visit:
        visit.seconds_of_participants("aireadi", people[:1])  # the server's own first page
        first, again = visit.seconds_of_participants("aireadi", people[1 : 1 + OPENED])
    note = f"headless Chromium, all charts drawn, median of {OPENED}"
    yield Row("a participant's glucose report, first time", first, "s", note=note)
    yield Row("a participant's glucose report, again", again, "s", 2.0, note=note)
