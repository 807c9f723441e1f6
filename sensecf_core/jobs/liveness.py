"""Who runs a job, so that a job whose process died can be told from one that is still running."""

from __future__ import annotations

import os
import uuid

import psutil

SAME_START_SECONDS = 2.0
"""How far two readings of a process's start time may differ (clock corrections shift it)."""

_open_owners: set[str] = set()


def open_owner() -> str:
    """Return a new owner name, ``pid:start:token``.

    It counts as alive until it is closed or the process ends.
    """
    owner = f"{os.getpid()}:{psutil.Process().create_time():.2f}:{uuid.uuid4().hex[:8]}"
    _open_owners.add(owner)
    return owner


def close_owner(owner: str) -> None:
    """Let other workers take over the jobs of ``owner``."""
    _open_owners.discard(owner)


def alive(owner: str) -> bool:
    """Whether ``owner`` can still finish its jobs; a name that is none cannot."""
    if owner in _open_owners:
        return True
    try:
        number, start, _token = owner.split(":")
        pid = int(number)
        if pid == os.getpid():
            return False
        process = psutil.Process(pid)
        if process.status() == psutil.STATUS_ZOMBIE:
            return False
        return bool(abs(process.create_time() - float(start)) < SAME_START_SECONDS)
    except (psutil.NoSuchProcess, ValueError, OverflowError):
        return False
