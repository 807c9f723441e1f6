"""Who asks for a job, so that visitors can take turns.

``jobs`` knows no pages: they say here how to find out who looks at them.
"""

from __future__ import annotations

from collections.abc import Callable

NOBODY = ""
"""The visitor of jobs that no page asked for."""


def _nobody() -> str | None:
    return None


_ask: Callable[[], str | None] = _nobody


def find_by(ask: Callable[[], str | None]) -> None:
    """Let ``ask`` say who the visitor of the calling thread is (None: nobody)."""
    global _ask  # noqa: PLW0603 - one program has one way to tell visitors apart
    _ask = ask


def current() -> str:
    """Who asks for something in this thread."""
    return _ask() or NOBODY
