"""Worker processes: tasks spread over several, none of which outlives the process that started it."""

from __future__ import annotations

import os
import signal
import threading
import time
import warnings
from collections.abc import Callable, Generator, Sequence
from functools import cache
from typing import TypeVar

LOOK_EVERY = 1.0
"""Seconds between two looks whether the parent is still there."""

AHEAD = 3
"""Tasks handed out per process: enough to keep it busy, few to throw away."""

Task = TypeVar("Task")
Result = TypeVar("Result")


def parallel_map(
    work: Callable[[Task], Result], tasks: Sequence[Task], jobs: int
) -> Generator[Result, None, None]:
    """Do ``work`` for every task in ``jobs`` processes (1: in this one); results come as they are ready.

    Whoever may stop before the end closes the iterator (``contextlib.closing``): workers are dead then.
    ``work`` and tasks must be picklable (a function of a module, or a ``partial`` of one).
    """
    from joblib import Parallel, delayed

    runner = Parallel(
        n_jobs=max(1, min(jobs, len(tasks))),
        return_as="generator_unordered",
        pre_dispatch=f"{AHEAD}*n_jobs",
        batch_size=1,
    )(delayed(_attended)(os.getpid(), work, task) for task in tasks)
    try:
        for result in runner:  # noqa: UP028 - "yield from" would close the runner before the filter is set
            yield result
    finally:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # stopping early is meant
            runner.close()


def _attended(parent: int, work: Callable[[Task], Result], task: Task) -> Result:
    end_with(parent)
    return work(task)


@cache
def end_with(parent: int) -> None:
    """Make this worker end soon after ``parent`` has ended, however that was (does nothing in ``parent``).

    joblib's workers wait for work for ever when their parent is killed. Ctrl-C, which a terminal sends to
    workers too, is left to the parent.
    """
    if os.getpid() != parent and os.getppid() == parent:
        threading.Thread(target=_watch, args=(parent,), daemon=True).start()
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGINT, signal.SIG_IGN)


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(LOOK_EVERY)
    os._exit(1)
