"""Errors that the user can fix: one sentence that says what was wrong and what to do."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class InputError(ValueError):
    """The user's input cannot be used. The message is one sentence for people.

    The command line exits with code 2; pages show the message beside the control it belongs to.
    """


class NotAllowedError(InputError):
    """Whoever is signed in may not do this; the message says who may."""


class NotReadyError(RuntimeError):
    """Something is missing that a command makes; the message names the command."""


def unknown(what: str, name: object, names: Iterable[str]) -> InputError:
    """Build the error for a name that does not exist, with the near matches among ``names``."""
    names = list(names)
    near = difflib.get_close_matches(str(name), names, n=3, cutoff=0.4) or names[:5]
    return InputError(f"Unknown {what} {name!r}; did you mean {', '.join(near) or 'nothing (none exist)'}?")
