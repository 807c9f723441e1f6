"""Worker processes of a build: none outlives the process that started it, however that ended."""

from __future__ import annotations

import os
import threading
import time
from functools import cache

LOOK_EVERY = 1.0
"""Seconds between two looks whether the builder is still there."""


@cache
def end_with(builder: int) -> None:
    """End this process soon after its parent ``builder`` has ended (once a process; not in the builder).

    joblib's workers wait for work for ever when their parent is killed.
    """
    if os.getpid() != builder and os.getppid() == builder:
        threading.Thread(target=_watch, args=(builder,), daemon=True).start()


def _watch(builder: int) -> None:
    while os.getppid() == builder:
        time.sleep(LOOK_EVERY)
    os._exit(1)
