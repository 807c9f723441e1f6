from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
CHILD = """
import os, sys, time
from sensecf_core.cohorts.aireadi import workers
workers.LOOK_EVERY = 0.05
workers.end_with(int(sys.argv[1]))
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
    """Whether a process still runs; one that only waits to be buried does not."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_a_worker_ends_soon_after_its_killed_builder() -> None:
    ended = subprocess.run([sys.executable, "-c", PARENT], cwd=ROOT, capture_output=True, check=False)
    child = int(ended.stdout)
    give_up = time.monotonic() + 10
    while running(child) and time.monotonic() < give_up:
        time.sleep(0.05)
    assert not running(child)


def test_the_builder_itself_is_not_watched() -> None:
    from sensecf_core.cohorts.aireadi import workers

    workers.end_with(os.getpid())  # would end the tests
