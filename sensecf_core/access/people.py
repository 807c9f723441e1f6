"""Who is at work in this thread: somebody who looks at a page, or the program itself.

The core knows no pages: they say here how to find out who looks at them. Work that goes on after the page is
gone (a job) is done on behalf of whoever asked for it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from sensecf_core.access.settings import Role

ON_BEHALF_OF = "SENSECF_ON_BEHALF_OF"
"""The variable that tells a command for whom a page started it."""


@dataclass(frozen=True)
class Person:
    """Somebody at work.

    ``login`` is None where nobody has to sign in, and for the program itself. ``role`` is None for whoever
    has to sign in first, or is not let in: they may do nothing.
    """

    login: str | None
    role: Role | None


def _no_page() -> Person | None:
    return None


_ask: Callable[[], Person | None] = _no_page
_told: ContextVar[Callable[[], Person] | None] = ContextVar("who_is_at_work", default=None)


def find_by(ask: Callable[[], Person | None]) -> None:
    """Let ``ask`` say who looks at a page in the calling thread (None: nobody, the program works itself)."""
    global _ask  # noqa: PLW0603 - one program has one way to tell people apart
    _ask = ask


@contextmanager
def on_behalf_of(login: str | None) -> Iterator[None]:
    """Work for somebody whose right to it was checked when they asked (None: nobody had to sign in)."""
    with at_work(lambda: _program(login)):
        yield


@contextmanager
def at_work(ask: Callable[[], Person]) -> Iterator[None]:
    """Let ``ask`` say who is at work: for what is done for a page, but in another thread than the page's."""
    before = _told.set(ask)
    try:
        yield
    finally:
        _told.reset(before)


def current() -> Person:
    """Who is at work in this thread.

    The program itself, its commands and its jobs may do everything: whoever starts them has the account that
    owns the data, or was asked for their role before.
    """
    if (ask := _told.get()) is not None:
        return ask()
    return _ask() or _program(None)


def _program(login: str | None) -> Person:
    return Person(login or os.environ.get(ON_BEHALF_OF) or None, "admin")
