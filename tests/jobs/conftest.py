from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from sensecf_core.jobs import rows
from sensecf_core.jobs.lane import Lane
from sensecf_core.jobs.rows import JobView


def until(job_id: str, *states: str, within: float = 20.0) -> JobView:
    """Wait until the job is in one of the states and return it; fail with what it was instead."""
    deadline = time.monotonic() + within
    while True:
        view = rows.find(job_id)
        assert view is not None
        if view.state in states:
            return view
        assert time.monotonic() < deadline, view
        time.sleep(0.01)


@pytest.fixture
def opened() -> Iterator[Callable[..., Any]]:
    """Make lanes that are closed when the test ends."""
    lanes: list[Lane] = []

    def open_lane(kind: type[Lane], *args: Any, **options: Any) -> Lane:
        lanes.append(kind(*args, **options))
        return lanes[-1]

    yield open_lane
    for lane in lanes:
        lane.close()
