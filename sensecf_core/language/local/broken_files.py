"""Where errors of the libraries that read models and adapters become one sentence."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sensecf_core.errors import InputError, NotReadyError


@contextmanager
def one_sentence(what: str, mend: str) -> Iterator[None]:
    """Turn whatever a library raises while it reads files into ``NotReadyError``: ``what``, why, ``mend``.

    A lack of memory is none of the files' and goes through.
    """
    try:
        yield
    except (InputError, NotReadyError, MemoryError):
        raise
    except Exception as error:
        if "OutOfMemory" in type(error).__name__:
            raise
        said = " ".join(str(error).split())
        reason = f"{type(error).__name__}: {said[:160]}" if said else type(error).__name__
        raise NotReadyError(f"{what} cannot be used ({reason.rstrip('.')}); {mend}.") from error
