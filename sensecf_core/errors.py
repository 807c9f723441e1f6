"""Errors that are the user's to mend: one sentence that names what was wrong and what to do."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class InputError(ValueError):
    """Something the user gave cannot be used. The message is one sentence made for people.

    The command line answers it with exit code 2, pages show it beside the control it belongs to.
    """


class NotReadyError(RuntimeError):
    """Something that a command makes is missing; the message names that command."""


def unknown(what: str, name: str, known: Iterable[str]) -> InputError:
    """Build the error for a name that does not exist, with the near matches among ``known``."""
    known = list(known)
    near = difflib.get_close_matches(name, known, n=3, cutoff=0.4) or known[:5]
    return InputError(f"Unknown {what} {name!r}; did you mean {', '.join(near) or 'nothing (none exist)'}?")
