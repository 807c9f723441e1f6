from __future__ import annotations

import os
import subprocess
import sys

import psutil

from sensecf_core.jobs.liveness import alive, close_owner, open_owner


def test_an_owner_lives_until_it_is_closed() -> None:
    first, second = open_owner(), open_owner()
    close_owner(first)
    assert (alive(first), alive(second)) == (False, True)
    close_owner(second)


def test_an_owner_of_another_process_lives_as_long_as_it() -> None:
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    owner = f"{process.pid}:{psutil.Process(process.pid).create_time():.2f}:00000000"
    reused = f"{process.pid}:{psutil.Process(process.pid).create_time() - 3600:.2f}:00000000"
    assert (alive(owner), alive(reused)) == (True, False)
    process.kill()
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    assert not alive(owner)  # dead but not yet collected
    process.wait()
    assert not alive(owner)
