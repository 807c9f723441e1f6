"""Check the database as a whole, copy it while it is in use, and bring a copy back."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sensecf_core.errors import InputError, NotReadyError
from sensecf_core.records import answers, audit
from sensecf_core.records.storage import damage
from sensecf_core.records.storage.database import connect, database_path
from sensecf_core.records.storage.migrations import STEPS

COUNTED = ("answers", "comparisons", "decisions", "audit", "jobs")
"""The tables whose rows a check counts."""


@dataclass(frozen=True)
class Checked:
    """What a check found: how many rows each table has, and what is wrong, one sentence each."""

    path: Path
    rows: dict[str, int]
    problems: tuple[str, ...]


def check() -> Checked:
    """Read the whole database: its pages, tables, every answer with its hash, and the audit trail.

    Raises ``NotReadyError`` if it cannot even be opened, ``InputError`` if there is none yet.
    """
    path = database_path()
    if not path.exists():
        raise InputError(f"There is no database yet: {path} is made when the first answer is kept.")
    with connect() as database:
        found = list(damage.problems(database, STEPS))
        if not found:
            found += answers.unreadable(database)
        rows = {} if found else _counts(database)
    if not found and (broken := audit.verify().broken) is not None:
        found.append(f"The audit trail is broken: {broken.problem}.")
    return Checked(path, rows, tuple(found))


def backup(to: Path) -> dict[str, int]:
    """Copy the database to a new file that only its owner can read; returns how many rows each table has.

    It may be in use meanwhile: the copy is one state of it. Raises ``InputError`` if ``to`` exists or cannot
    be written, ``NotReadyError`` if the database is damaged; no file is left then.
    """
    try:
        os.close(os.open(to, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    except FileExistsError:
        raise InputError(f"{to} exists already; name a new file.") from None
    except OSError as error:
        raise InputError(f"{to} cannot be written ({error.strerror}); name another file.") from error
    try:
        with connect() as source, closing(sqlite3.connect(to)) as copy:
            _copy(source, copy)
            if found := damage.problems(copy, STEPS):
                raise damage.error(database_path(), found[0])
            return _counts(copy)
    except BaseException:
        to.unlink(missing_ok=True)
        raise


def restore(source: Path) -> Path | None:
    """Put a copy that :func:`backup` made in the place of the database.

    What stood there is kept beside it; returns where, None if there was nothing. Stop the program first.
    Raises ``InputError`` if ``source`` is no whole copy, or was written by a newer version.
    """
    with _readable_copy(source) as opened:
        path = database_path()
        stamp = datetime.now(UTC).strftime("%Y%m%d-%H%M%S-%f")
        fresh, aside = (path.with_name(f"{path.name}.{word}-{stamp}") for word in ("restored", "before"))
        os.close(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        with closing(sqlite3.connect(fresh)) as copy:
            _copy(opened, copy)
    kept = _keep_beside(path, aside)
    fresh.replace(
        path
    )  # the one step that counts: a kill before it leaves the old file, one after it the new
    with connect():  # a copy of an earlier version is brought up to date
        pass
    return aside if kept else None


def _keep_beside(path: Path, aside: Path) -> bool:
    """Give what stands at ``path`` a second name, and take its log away: a new file must never meet it."""
    if not path.exists():
        return False
    with suppress(NotReadyError, sqlite3.Error), connect() as database:  # a damaged one is kept with its log
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    for ending in ("", "-wal", "-shm"):
        old = path.with_name(path.name + ending)
        if old.exists():
            second = aside.with_name(aside.name + ending)
            try:
                os.link(old, second)
            except OSError:  # a file system without hard links
                shutil.copy2(old, second)
    for ending in ("-wal", "-shm"):
        path.with_name(path.name + ending).unlink(missing_ok=True)
    return True


def _copy(source: sqlite3.Connection, target: sqlite3.Connection) -> None:
    source.backup(target)
    target.execute("PRAGMA journal_mode = DELETE")  # one file, also where a copy is only read
    target.commit()


@contextmanager
def _readable_copy(source: Path) -> Iterator[sqlite3.Connection]:
    if not source.is_file():
        raise InputError(f"{source} is no file; name a copy that `db backup` made.")
    try:
        with closing(sqlite3.connect(f"{source.resolve().as_uri()}?mode=ro", uri=True)) as opened:
            opened.create_function("row_sha256", -1, damage.row_sha256, deterministic=True)
            version = int(opened.execute("PRAGMA user_version").fetchone()[0])
            if version > len(STEPS):
                raise InputError(f"{source} was written by a newer SenseCF; update SenseCF first.")
            found = damage.problems(opened, STEPS)
            if version == 0 or found:
                what = found[0] if found else "it has no tables"
                raise InputError(f"{source} is no whole copy of the database ({what}); name another.")
            yield opened
    except (sqlite3.Error, UnicodeDecodeError) as error:
        raise InputError(f"{source} is no whole copy of the database ({error}); name another.") from error
    except OSError as error:
        raise NotReadyError(f"The database cannot be replaced ({error.strerror}).") from error


def _counts(database: sqlite3.Connection) -> dict[str, int]:
    return {name: int(database.execute(f"SELECT count(*) FROM {name}").fetchone()[0]) for name in COUNTED}
