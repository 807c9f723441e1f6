"""Where things live on disk: in a checkout beside the package, once installed in the user's data folder."""

from __future__ import annotations

import ctypes
import fcntl
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sensecf_core.errors import NotReadyError

PACKAGE = Path(__file__).resolve().parent
ROOT = PACKAGE.parent
"""The folder that holds the package: the checkout, or the site-packages that pip installed it into."""


def _is_checkout(folder: Path) -> bool:
    try:
        lines = (folder / "pyproject.toml").read_text("utf-8").splitlines()
    except (OSError, ValueError):
        return False
    return 'name = "sensecf"' in lines


CHECKOUT = _is_checkout(ROOT)
"""Whether the package lies in a checkout (or an unpacked source archive), not in an installation."""

MODELS = ROOT / "models" if CHECKOUT else PACKAGE / "_models"
"""The adapters and classifiers that come with the program; the wheel carries them inside the package."""

COMMITTED_RESULTS = ROOT / "results" if CHECKOUT else PACKAGE / "_results"
"""The committed results. The wheel does not carry them: once installed, the folder does not exist."""


def user_data() -> Path:
    """This program's folder among the user's data, made if need be; only the user may read it.

    ``$XDG_DATA_HOME/sensecf`` (``~/.local/share/sensecf``), on macOS in ``~/Library/Application Support``.
    """
    if sys.platform == "darwin":
        parent = Path.home() / "Library" / "Application Support"
    else:
        parent = Path(os.environ.get("XDG_DATA_HOME", ""))
        if not parent.is_absolute():  # unset, or relative, which the XDG specification says to ignore
            parent = Path.home() / ".local" / "share"
    folder = parent / "sensecf"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def user_path(text: str) -> Path | None:
    """What somebody wrote as a path, with ``~``; None where nothing can stand there.

    A name is too long, holds a NUL, or is of a user who does not exist.
    """
    try:
        path = Path(text).expanduser()
        path.exists()
    except (OSError, RuntimeError):
        return None
    return None if "\0" in text else path


def base_models() -> Path:
    """The folder of base models' weights: ``SENSECF_BASE_MODELS``, else ``models/base``."""
    given = os.environ.get("SENSECF_BASE_MODELS")
    return Path(given) if given else (ROOT if CHECKOUT else user_data()) / "models" / "base"


def var(*parts: str) -> Path:
    """A path below the private working folder: ``SENSECF_VAR``, else ``var/``.

    Folders on the way are made, readable by their owner only. Raises ``NotReadyError`` if one cannot be made:
    a file or a link to nothing stands in its place, the disk is full or read-only.
    """
    root = _var_root()
    path = root.joinpath(*parts)
    try:
        root.mkdir(mode=0o700, parents=True, exist_ok=True)
        # One by one: with ``parents=True`` only the last folder would get the mode.
        for folder in reversed([parent for parent in path.parents if root in parent.parents]):
            folder.mkdir(mode=0o700, exist_ok=True)
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        raise NotReadyError(
            f"The private folder {root} cannot be used ({_reason(root, error)}); set SENSECF_VAR to a folder "
            "that can be written."
        ) from error
    return path


def _var_root() -> Path:
    given = os.environ.get("SENSECF_VAR")
    if given is None:
        return (ROOT if CHECKOUT else user_data()) / "var"
    if not given.strip():
        raise NotReadyError("SENSECF_VAR is set but empty; set it to a folder, or unset it.")
    return Path(given)


def _reason(root: Path, error: Exception) -> str:
    if isinstance(error, FileExistsError | NotADirectoryError):
        return "a link to nothing" if root.is_symlink() and not root.exists() else "it is not a folder"
    return (error.strerror if isinstance(error, OSError) else None) or str(error)


def write_whole(path: Path, text: str) -> None:
    """Write a file that is read as it was or as it is now, also after a kill: beside it, then one rename."""
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    part.write_text(text, encoding="utf-8")
    part.replace(path)


def replace_folder(fresh: Path, target: Path) -> None:
    """Put the folder ``fresh`` in the place of ``target`` by one rename; what stood there is removed.

    A kill leaves the old folder or the new one, never none. Where the system cannot exchange two folders at
    once (renameat2 on Linux, renamex_np on macOS), there is a moment between two renames.
    """
    if not target.exists():
        fresh.rename(target)
        return
    if not _exchange(fresh, target):
        old = fresh.with_name(fresh.name + "-old")
        target.rename(old)
        fresh.rename(target)
        fresh = old
    shutil.rmtree(fresh, ignore_errors=True)


def _exchange(one: Path, other: Path) -> bool:
    """Exchange two folders at once; False where the system cannot."""
    libc, names = ctypes.CDLL(None, use_errno=True), (os.fsencode(one), os.fsencode(other))
    try:
        if sys.platform == "darwin":
            return bool(libc.renamex_np(*names, 2) == 0)  # RENAME_SWAP
        return bool(libc.renameat2(_HERE, names[0], _HERE, names[1], 2) == 0)  # RENAME_EXCHANGE
    except AttributeError:  # a C library without it
        return False


_HERE = -100
"""AT_FDCWD: names are relative to the working folder."""


@contextmanager
def file_lock(lock: Path) -> Iterator[None]:
    """Let one process (or thread) at a time into the block; the others wait. ``lock`` is made, and stays."""
    with os.fdopen(os.open(lock, os.O_RDWR | os.O_CREAT, 0o600)) as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
