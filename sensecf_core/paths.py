"""Where things live on disk."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MODELS = ROOT / "models"
BASE_MODELS = MODELS / "base"


def var(*parts: str) -> Path:
    """A path below the private working folder (``var/``, or ``SENSECF_VAR``).

    Folders on the way are made, readable by their owner only.
    """
    root = Path(os.environ.get("SENSECF_VAR", ROOT / "var"))
    root.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = root.joinpath(*parts)
    # One by one: with ``parents=True`` only the last folder would get the mode.
    for folder in reversed([one for one in path.parents if root in one.parents]):
        folder.mkdir(mode=0o700, exist_ok=True)
    return path


@contextmanager
def file_lock(lock: Path) -> Iterator[None]:
    """Let one process (or thread) at a time into the block; the others wait. ``lock`` is made, and stays."""
    with os.fdopen(os.open(lock, os.O_RDWR | os.O_CREAT, 0o600)) as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
