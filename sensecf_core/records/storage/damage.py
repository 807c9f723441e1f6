"""Tell a damaged ``sensecf.db`` from a fault of the program, and from a disk that is full or read-only.

SQLite reports most damage by its own codes. Where bytes of the schema, of the version number or of a text are
hit, it says "no such column" or "already exists" instead, as it would to a wrong statement; then the file
itself is looked at.
"""

from __future__ import annotations

import hashlib
import json
import os
import shlex
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from functools import cache
from pathlib import Path

from sensecf_core.errors import NotReadyError
from sensecf_core.provenance import CLI

HIGHEST_VERSION = 10_000
"""A version number beyond it is damage, not a newer program."""

Steps = tuple[tuple[str, ...], ...]
_OF_DISK = (
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_PERM,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_IOERR,
)


def error(path: Path, what: str) -> NotReadyError:
    """The one sentence about a damaged file: what is wrong and how to go on."""
    name = shlex.quote(str(path))
    return NotReadyError(
        f"The database {path} is damaged ({what}) and was left as it is; bring a backup back with "
        f"`{CLI} db restore FILE`, or put it aside with `mv {name} {name}.damaged` (a new one is then made) "
        f"and try `sqlite3 {name}.damaged .recover` to get its answers back."
    )


def recognise(raised: Exception, path: Path, steps: Steps) -> str | None:
    """Say in a few words what is damaged; None if ``raised`` has another cause than the file's content.

    ``steps`` are the migrations, which say what tables a version has.
    """
    if isinstance(raised, UnicodeDecodeError):
        return "a name in it is no text"
    code = getattr(raised, "sqlite_errorcode", 0) & 0xFF
    if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        return str(raised)
    if code in _OF_DISK:
        return None
    if code == sqlite3.SQLITE_READONLY:  # SQLite reads a file whose format it does not know, and writes none
        return "its format is unknown" if _writable(path) else None
    if "UTF-8" in str(raised):  # Python's own error for a text that is none; it has no code
        return "a text in it is no UTF-8"
    return _damage_inside(path, steps)


def problems(connection: sqlite3.Connection, steps: Steps, *, quick: bool = False) -> tuple[str, ...]:
    """What is wrong with the pages and tables of an open file; empty if nothing is."""
    try:
        check = "quick_check" if quick else "integrity_check"
        found = [str(row[0]) for row in connection.execute(f"PRAGMA {check}(20)") if row[0] != "ok"]
        version = int(connection.execute("PRAGMA user_version").fetchone()[0])
        if 0 <= version <= len(steps):
            found += _differences(_schema(connection), _expected(steps, version))
        elif not 0 <= version <= HIGHEST_VERSION:
            found.append(f"its version number is {version}")
    except (sqlite3.Error, UnicodeDecodeError) as raised:
        return ("a name in it is no text" if isinstance(raised, UnicodeDecodeError) else str(raised),)
    return tuple(found)


def row_sha256(*fields: object) -> str:
    """The hash of one row's fields, in order."""
    return hashlib.sha256(json.dumps(fields, ensure_ascii=True).encode()).hexdigest()


def _writable(path: Path) -> bool:
    """Whether nothing but its content can be why the file is not written (a read-only disk counts here)."""
    beside = [path.with_name(path.name + ending) for ending in ("-wal", "-shm")]
    return all(os.access(file, os.W_OK) for file in (path, path.parent, *filter(Path.exists, beside)))


def _damage_inside(path: Path, steps: Steps) -> str | None:
    try:
        with closing(sqlite3.connect(path, timeout=1.0)) as opened:
            found = problems(opened, steps, quick=True)
    except sqlite3.Error:
        return None
    return found[0] if found else None


def _schema(connection: sqlite3.Connection) -> dict[str, str]:
    rows = connection.execute(
        "SELECT type, name, sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT GLOB 'sqlite_stat*'"
    )
    return {f"{row[0]} {row[1]}": " ".join(str(row[2]).split()) for row in rows.fetchall()}


@cache
def _expected(steps: Steps, version: int) -> dict[str, str]:
    with closing(sqlite3.connect(":memory:")) as fresh:
        fresh.create_function("row_sha256", -1, row_sha256, deterministic=True)
        for step in steps[:version]:
            for statement in step:
                fresh.execute(statement)
        return _schema(fresh)


def _differences(found: Mapping[str, str], expected: Mapping[str, str]) -> list[str]:
    changed = [name for name in expected if name in found and found[name] != expected[name]]
    return [
        *(f"the {name} is missing" for name in expected if name not in found),
        *(f"there is a {name} that does not belong there" for name in found if name not in expected),
        *(f"the {name} is not as it was made" for name in changed),
    ]
