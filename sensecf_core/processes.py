"""Run tasks in several worker processes, none of which outlives the process that started it."""

from __future__ import annotations

import os
import signal
import threading
import time
import warnings
from collections.abc import Callable, Generator, Sequence
from functools import cache
from typing import TypeVar

CHECK_SECONDS = 1.0
"""Seconds between two checks that the parent still runs."""

QUEUED_PER_PROCESS = 3
"""Tasks handed out per process: enough to keep it busy, few enough to discard."""

Task = TypeVar("Task")
Result = TypeVar("Result")


def parallel_map(
    work: Callable[[Task], Result], tasks: Sequence[Task], jobs: int
) -> Generator[Result, None, None]:
    """Call ``work`` for every task in ``jobs`` processes (1: in this one); yields results as they are ready.

    A caller that may stop early closes the iterator (``contextlib.closing``), which ends the workers.
    ``work`` and tasks must be picklable (a function of a module, or a ``partial`` of one).
    """
    from joblib import Parallel, delayed

    runner = Parallel(
        n_jobs=max(1, min(jobs, len(tasks))),
        return_as="generator_unordered",
        pre_dispatch=f"{QUEUED_PER_PROCESS}*n_jobs",
        batch_size=1,
    )(delayed(_run_task)(os.getpid(), work, task) for task in tasks)
    try:
        for result in runner:  # noqa: UP028 - "yield from" would close the runner before the filter is set
            yield result
    finally:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # stopping early is meant
            runner.close()


def _run_task(parent: int, work: Callable[[Task], Result], task: Task) -> Result:
    exit_with(parent)
    return work(task)


@cache
def exit_with(parent: int) -> None:
    """Make this worker exit soon after ``parent`` ends, for whatever reason (does nothing in ``parent``).

    joblib's workers wait for work for ever when their parent is killed. A terminal sends Ctrl-C to workers
    too; handling it is left to the parent.
    """
    if os.getpid() != parent and os.getppid() == parent:
        threading.Thread(target=_exit_after, args=(parent,), daemon=True).start()
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGINT, signal.SIG_IGN)


def _exit_after(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(CHECK_SECONDS)
    os._exit(1)
