from __future__ import annotations

import os
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from sensecf_core import processes

ROOT = Path(__file__).resolve().parents[1]
CHILD = """
import os, sys, time
from sensecf_core import processes
processes.CHECK_SECONDS = 0.05
processes.exit_with(int(sys.argv[1]))
print(os.getpid(), flush=True)
time.sleep(60)
"""
PARENT = f"""
import os, subprocess, sys
child = subprocess.Popen([sys.executable, "-c", {CHILD!r}, str(os.getpid())], stdout=subprocess.PIPE)
print(child.stdout.readline().decode().strip(), flush=True)
os.kill(os.getpid(), 9)
"""


def running(process: int) -> bool:
    """Whether a process still runs; a zombie does not."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_a_worker_ends_soon_after_its_parent_was_killed() -> None:
    ended = subprocess.run([sys.executable, "-c", PARENT], cwd=ROOT, capture_output=True, check=False)
    child = int(ended.stdout)
    give_up = time.monotonic() + 10
    while running(child) and time.monotonic() < give_up:
        time.sleep(0.05)
    assert not running(child)


def test_the_parent_itself_is_not_watched() -> None:
    processes.exit_with(os.getpid())  # would end the tests


def squared(number: int) -> tuple[int, int]:
    return number * number, os.getpid()


@pytest.mark.parametrize("jobs", [1, 2])
def test_every_task_is_done_once(jobs: int) -> None:
    found = list(processes.parallel_map(squared, range(20), jobs))
    assert sorted(square for square, _ in found) == [number * number for number in range(20)]
    assert (os.getpid() in {process for _, process in found}) == (jobs == 1)


# loky's own thread may raise over tasks that were just cancelled; no result of ours is lost.
# One mark for both filters: the last one takes precedence.
@pytest.mark.filterwarnings("error", "ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_stopping_early_is_quiet() -> None:
    with closing(processes.parallel_map(squared, range(20), 2)) as results:
        assert next(results)[1] != os.getpid()
