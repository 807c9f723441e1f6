from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from sensecf_core.jobs import job_table
from sensecf_core.jobs.job_table import JobView
from sensecf_core.jobs.worker import Worker


def until(job_id: str, *states: str, within: float = 20.0) -> JobView:
    """Wait until the job is in one of the states and return it; fail with what it was instead."""
    deadline = time.monotonic() + within
    while True:
        view = job_table.find(job_id)
        assert view is not None
        if view.state in states:
            return view
        assert time.monotonic() < deadline, view
        time.sleep(0.01)


@pytest.fixture
def open_worker() -> Iterator[Callable[..., Any]]:
    """Make workers that are closed when the test ends."""
    workers: list[Worker] = []

    def start(kind: type[Worker], *args: Any, **options: Any) -> Worker:
        workers.append(kind(*args, **options))
        return workers[-1]

    yield start
    for worker in workers:
        worker.close()
