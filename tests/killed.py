"""Kill a process at every step at which it changes files, as ``kill -9`` would: nothing is cleaned up."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

MOST_SECONDS = 60
STEPS = ("os.rename", "os.remove", "os.rmdir", "os.mkdir", "shutil.copyfile")


def at_every_step(work: Callable[[], object], below: Path, *, prepare: Callable[[], object]) -> Iterator[int]:
    """Do ``work`` in a copy of this process that is killed at its first change of a file, its second, …

    A file that is opened to be written is cut off first: that is what a kill in the middle leaves. Yields
    after each kill, for the test to look at what is left, and ends with a whole ``work``.

    Parameters
    ----------
    below : the folder whose changes are counted.
    prepare : makes the state before the work, each time.
    """
    for step in range(10_000):
        prepare()
        child = os.fork()
        if child == 0:
            _do(work, below, step)
        _, status = os.waitpid(child, 0)
        if os.WIFEXITED(status):
            assert os.WEXITSTATUS(status) == 0, "the work failed by itself"
            return
        assert os.WTERMSIG(status) == signal.SIGKILL, "the work took too long"
        yield step


def _do(work: Callable[[], object], below: Path, step: int) -> None:
    left = step
    inside = False

    def watch(event: str, arguments: tuple[Any, ...]) -> None:
        nonlocal left, inside
        if inside or not _changes(event, arguments, below):
            return
        left -= 1
        if left >= 0:
            return
        inside = True
        if event == "open":
            os.close(os.open(arguments[0], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600))
        os.kill(os.getpid(), signal.SIGKILL)

    signal.alarm(MOST_SECONDS)
    try:
        sys.addaudithook(watch)
        work()
    except BaseException:
        os._exit(1)
    os._exit(0)


def _changes(event: str, arguments: tuple[Any, ...], below: Path) -> bool:
    if event == "open":
        path, _, flags = arguments
        if not isinstance(path, str | bytes | os.PathLike) or not flags & os.O_TRUNC:
            return False
    elif event in STEPS:
        path = arguments[0]
    else:
        return False
    return isinstance(path, str | os.PathLike) and str(below) in str(path)
