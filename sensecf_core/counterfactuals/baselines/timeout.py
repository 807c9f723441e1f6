"""Stopping a search from outside, by an exception raised in the thread that runs it.

Most searches end when the classifier refuses to answer (:mod:`.black_box`). Some loop without asking it.
Python can raise an exception in another thread (``PyThreadState_SetAsyncExc``); the thread sees it at its
next line of Python. Code outside Python is not stopped that way: treecf has a time limit of its own.
"""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import perf_counter

GRACE_SECONDS = 2.0
"""How long after its deadline, or after a cancel, a search may still end by itself."""
LOOK_SECONDS = 0.1


class OverdueError(BaseException):
    """A search did not end by itself. Not an ``Exception``, so that no library swallows it."""


@contextmanager
def ended_at(deadline: float, cancelled: Callable[[], bool], grace: float = GRACE_SECONDS) -> Iterator[None]:
    """Raise :class:`OverdueError` in this thread ``grace`` seconds after a deadline or a cancel.

    ``deadline`` is a :func:`time.perf_counter` moment. Catch the error around the whole ``with``: it may come
    while the block is being left, and never later.
    """
    thread = threading.get_ident()
    left = threading.Event()
    lock = threading.Lock()

    def watch() -> None:
        over: float | None = None
        while not left.wait(LOOK_SECONDS):
            now = perf_counter()
            if over is None and (now > deadline or cancelled()):
                over = now
            if over is not None and now > over + grace:
                with lock:
                    if not left.is_set():
                        _raise_in(thread, OverdueError)
                return

    watcher = threading.Thread(target=watch, name="search-watchdog", daemon=True)
    watcher.start()
    try:
        yield
    finally:
        with lock:
            left.set()
            _raise_in(thread, None)  # one that was not seen yet is taken back


def _raise_in(thread: int, error: type[BaseException] | None) -> None:
    ctypes.pythonapi.PyThreadState_SetAsyncExc(
        ctypes.c_ulong(thread), None if error is None else ctypes.py_object(error)
    )
