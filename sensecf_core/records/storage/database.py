"""The SQLite file ``var/sensecf.db``: how it is opened and migrated, and what its errors mean.

Every use opens its own connection and closes it, so that threads never share one. Write-ahead logging lets
readers go on while somebody writes. The file needs a local disk.
"""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from sensecf_core import paths
from sensecf_core.errors import InputError, NotReadyError
from sensecf_core.records.storage import damage
from sensecf_core.records.storage.migrations import STEPS

BUSY_SECONDS = 10.0
"""How long a connection waits for another connection's write before it gives up."""

_opening = threading.Lock()


def database_path() -> Path:
    """Path of the database (in ``var/``, or in ``SENSECF_VAR``)."""
    return paths.var("sensecf.db")


@contextmanager
def connect(*, durable: bool = True) -> Iterator[sqlite3.Connection]:
    """Open and migrate the database for one use; each statement commits by itself.

    What is committed is on the disk, also after a power loss, unless it is not ``durable`` (a progress bar).
    Rows are :class:`sqlite3.Row`. Raises ``NotReadyError`` if the file is damaged, was written by a newer
    version, or cannot be opened or written; the file itself is never deleted or replaced.
    """
    path = database_path()
    _make_private(path)
    with (
        _readable_errors(path),
        closing(sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None)) as connection,
    ):
        connection.row_factory = sqlite3.Row
        connection.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
        connection.create_function("row_sha256", -1, damage.row_sha256, deterministic=True)
        _bring_up_to_date(connection, path)
        yield connection


@contextmanager
def transaction(*, durable: bool = True) -> Iterator[sqlite3.Connection]:
    """Open the database for one transaction: all statements of the block take effect, or none."""
    with connect(durable=durable) as connection:
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield connection
        except BaseException:
            with suppress(sqlite3.Error):  # the first error is the one to tell
                connection.rollback()
            raise
        connection.commit()


def _make_private(path: Path) -> None:
    """Make the file readable by its owner only (the log files beside it inherit the mode).

    An existing file is never opened here: closing it would drop the locks that this process's other
    connections hold on it (POSIX), and another process could then remove the log they still use
    (https://www.sqlite.org/howtocorrupt.html, 2.2). ``_opening`` keeps other threads away from a new file.
    """
    try:
        with _opening:
            if not path.exists():
                os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
            elif path.stat().st_mode & 0o077:
                path.chmod(0o600)
    except OSError as error:
        raise NotReadyError(
            f"The database {path} cannot be opened ({error.strerror}); check its owner and permissions."
        ) from error


def _bring_up_to_date(connection: sqlite3.Connection, path: Path) -> None:
    version = _version(connection)
    if not 0 <= version <= damage.HIGHEST_VERSION:
        raise damage.error(path, f"its version number is {version}")
    if version > len(STEPS):
        raise NotReadyError(
            f"The database {path} was written by a newer SenseCF (version {version}, this one knows "
            f"{len(STEPS)}); update SenseCF, or set SENSECF_VAR to another folder."
        )
    if version == len(STEPS):
        return
    _switch_to_wal(connection)
    connection.execute("BEGIN IMMEDIATE")
    try:
        for step in range(_version(connection), len(STEPS)):
            for statement in STEPS[step]:
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {step + 1}")
    except BaseException:
        with suppress(sqlite3.Error):
            connection.rollback()
        raise
    connection.commit()


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def _switch_to_wal(connection: sqlite3.Connection) -> None:
    """Turn write-ahead logging on; SQLite does not wait for other processes here, so this function does."""
    deadline = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(0.02)


@contextmanager
def _readable_errors(path: Path) -> Iterator[None]:
    """Turn errors of the file, its folder or its disk into one sentence that says what to do."""
    try:
        yield
    except (InputError, NotReadyError):
        raise
    except (
        Exception
    ) as error:  # a column of another name is a KeyError, a name that is no text one of decoding
        if (found := damage.recognise(error, path, STEPS)) is not None:
            raise damage.error(path, found) from error
        advice = _ADVICE.get(getattr(error, "sqlite_errorcode", 0) & 0xFF)  # the low byte is the primary code
        if advice is None:
            raise
        raise NotReadyError(f"The database {path} {advice.format(error=error)}") from error


_ADVICE = {
    sqlite3.SQLITE_BUSY: "is kept busy by another process; try again in a moment.",
    sqlite3.SQLITE_LOCKED: "is kept busy by another process; try again in a moment.",
    sqlite3.SQLITE_FULL: "cannot grow: the disk is full; make room and try again.",
    sqlite3.SQLITE_READONLY: "cannot be written; check its owner and permissions.",
    sqlite3.SQLITE_CANTOPEN: "cannot be opened; check its owner and permissions.",
    sqlite3.SQLITE_PERM: "cannot be opened; check its owner and permissions.",
    sqlite3.SQLITE_IOERR: "cannot be read or written ({error}); check the disk.",
}
"""What to do about an error of the file that is no damage; others are the program's own."""
