"""What runs on a worker: a check that it computes the same as this machine, then the task."""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from importlib import metadata
from typing import Any, TypeVar

from joblib import parallel_config

from sensecf_core import provenance
from sensecf_core.errors import InputError
from sensecf_core.processes import CHECK_SECONDS

Task = TypeVar("Task")
Result = TypeVar("Result")

ONLY_FOR_PAGES = "streamlit"
ALSO_DECIDES = "imbalanced-learn"
"""Beside :data:`~sensecf_core.provenance.LIBRARIES`: the resampling arms of ``augment`` are its own."""


@dataclass(frozen=True)
class Identity:
    """What decides the numbers that a process computes.

    Attributes
    ----------
    code : sha256 of the code of a module and of all that it imports.
    versions : name and version of the libraries; one that is not installed is left out.
    """

    code: str
    versions: tuple[tuple[str, str], ...]


@cache
def identity(module: str) -> Identity:
    """Identify this process, for the code of one module."""
    versions = provenance.versions() | {ALSO_DECIDES: metadata.version(ALSO_DECIDES)}
    kept = {name: version for name, version in versions.items() if name != ONLY_FOR_PAGES}
    return Identity(provenance.code_sha256(module), tuple(sorted(kept.items())))


@dataclass(frozen=True)
class About:
    """What a worker says of itself."""

    identity: Identity
    threads: int


def about(module: str, dask_worker: Any) -> About:
    """Say who this worker is; Dask fills in ``dask_worker``."""
    return About(identity(module), dask_worker.state.nthreads)


def check(who: str, here: Identity, there: Identity) -> None:
    """Raise ``InputError`` unless a process elsewhere (``who``) computes what this one would."""
    if there.code != here.code:
        raise InputError(
            f"{who} runs other code of SenseCF than this machine; install the same commit there and start it "
            "again."
        )
    wanted, found = dict(here.versions), dict(there.versions)
    for name in sorted(wanted.keys() | found.keys()):
        if wanted.get(name) != found.get(name):
            raise InputError(
                f"{who} has {name} {found.get(name, '(not installed)')}, this machine has "
                f"{wanted.get(name, '(not installed)')}; install the same versions there and start it again."
            )


def check_worker(address: str, here: Identity, there: About) -> None:
    """Raise ``InputError`` unless a worker computes what this machine would, one task at a time."""
    check(f"The worker {address}", here, there.identity)
    if there.threads != 1:
        raise InputError(
            f"The worker {address} does {there.threads} tasks at once in one process, which can change "
            "numbers; start it with `--nthreads 1`, and more of them with `--nworkers`."
        )


def do(module: str, here: Identity, work: Callable[[Task], Result], task: Task) -> tuple[str, Result]:
    """Do one task; return the worker's name and the result.

    Each task checks again, since workers join and leave while a run goes on. Raises like
    :func:`check_worker`.
    """
    from distributed import get_worker

    worker = get_worker()
    check_worker(worker.address, here, about(module, worker))
    # joblib would spread what runs in parallel inside a task (a forest's trees) over the cluster too.
    with ended_when_unwanted(worker), parallel_config(backend="sequential"):
        return str(worker.name).rpartition("://")[2], work(task)


class Unwanted(BaseException):
    """Raised inside a task whose result nobody waits for any more."""


@contextmanager
def ended_when_unwanted(worker: Any) -> Iterator[None]:
    """End the block once its task was cancelled, or the program that asked for it or the scheduler is gone.

    Dask drops tasks that wait, but lets one that runs go on to its end. This is what
    :func:`~sensecf_core.processes.exit_with` is on one machine; a worker outlives a run, so only the task is
    ended: by an exception in its thread, raised at the next line of Python.
    """
    key, thread = worker.get_current_task(), threading.get_ident()
    over, lock = threading.Event(), threading.Lock()

    def watch() -> None:
        while not over.wait(CHECK_SECONDS):
            with lock:
                if not over.is_set() and _unwanted(worker, key):
                    _raise_in(thread, Unwanted)
                    return

    threading.Thread(target=watch, daemon=True).start()
    try:
        yield
    finally:
        with lock:
            over.set()
            _raise_in(thread, None)  # one that comes too late must not hit the thread's next task


def _unwanted(worker: Any, key: str) -> bool:
    task = worker.state.tasks.get(key)
    return task is None or task.state == "cancelled" or worker.status.name in ("closing", "closed", "failed")


def _raise_in(thread: int, error: type[BaseException] | None) -> None:
    """Raise an exception in another thread; None takes back one that was not raised yet."""
    raised = None if error is None else ctypes.py_object(error)
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), raised)
