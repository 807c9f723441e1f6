"""Finished work as JSON lines, each with a ``key``: written one by one, so that a kill loses none.

Each line carries a hash of itself and is on the disk before :func:`append_line` returns. A line that cannot
be read (torn by a power loss, altered, run together with another) is set aside in a file beside it and said
in the log; its work is done again, and all the rest goes on.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import logging
import os
import re
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sensecf_core import json_safe
from sensecf_core.errors import NotReadyError

STAMP = "sha256"
"""The field with the hash of a line; records do not hold it. Lines of earlier versions have none."""
ASIDE = ".damaged"
"""What the name of the file with lines set aside ends in."""

Record = dict[str, Any]
log = logging.getLogger(__name__)


def read_lines(path: Path, needs: Collection[str] = ()) -> dict[str, Record]:
    """Records by key; lines that cannot be read are moved to a file beside it, and said.

    ``needs`` names fields that every record has. Raises ``NotReadyError`` if the file cannot be read or
    written.
    """
    with _told(path):
        if not path.exists():
            return {}
        with _locked(path) as descriptor:
            good, bad = _sorted_out(_content(descriptor), needs)
            if bad:
                _set_aside(path, good, bad)
    return {record["key"]: record for _, record in good}


def peek_lines(path: Path, needs: Collection[str] = ()) -> dict[str, Record]:
    """The same of a file that somebody else may be writing: it is only read."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return {}
    return {record["key"]: record for _, record in _sorted_out(content, needs)[0]}


def append_line(path: Path, record: Mapping[str, Any]) -> None:
    """Add one record at the end; it is on the disk when this returns.

    Raises ``NotReadyError`` if it cannot be written; the file is then as it was.
    """
    with _told(path):
        new = not path.exists()
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with _locked(path) as descriptor:
            end = os.lseek(descriptor, 0, os.SEEK_END)
            torn = end > 0 and os.pread(descriptor, 1, end - 1) != b"\n"
            try:
                _write(descriptor, (b"\n" if torn else b"") + _line(record))
            except OSError:
                os.ftruncate(descriptor, end)
                raise
        if new:
            _sync_folder(path.parent)


def _line(record: Mapping[str, Any]) -> bytes:
    stamped = {**record, STAMP: _hash(record)}
    return json.dumps(stamped, ensure_ascii=False, allow_nan=False).encode() + b"\n"


def _hash(record: Mapping[str, Any]) -> str:
    text = json.dumps(record, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _sorted_out(content: bytes, needs: Collection[str]) -> tuple[list[tuple[bytes, Record]], list[bytes]]:
    """Lines that hold a record, with it, and those that do not. Only ``\\n`` ends a line."""
    good, bad = [], []
    for line in content.split(b"\n"):
        if not line.strip():
            continue
        record = _read(line, needs)
        if record is None:
            bad.append(line)
        else:
            good.append((line, record))
    return good, bad


def _read(line: bytes, needs: Collection[str]) -> Record | None:
    try:
        record = json_safe.parse(line)
    except ValueError:
        return None
    if not isinstance(record, dict) or not isinstance(record.get("key"), str):
        return None
    stamp = record.pop(STAMP, None)
    if stamp is not None:
        return record if stamp == _hash(record) else None
    last = record[list(record)[-1]]
    if isinstance(last, str) and re.fullmatch("[0-9a-f]{16}", last):  # a stamp whose name was damaged
        return None
    return record if len(record) > 1 and all(name in record for name in needs) else None


def _set_aside(path: Path, good: list[tuple[bytes, Record]], bad: list[bytes]) -> None:
    aside, part = path.with_name(path.name + ASIDE), path.with_name(path.name + ".part")
    _write_file(aside, os.O_APPEND, bad)  # first: a kill between the two keeps every line
    _write_file(part, os.O_TRUNC, [line for line, _ in good])
    part.replace(path)
    _sync_folder(path.parent)
    lines = "1 line" if len(bad) == 1 else f"{len(bad)} lines"
    log.warning("%s of %s cannot be read, set aside in %s; that work is done again.", lines, path, aside.name)


def _write_file(path: Path, flag: int, lines: list[bytes]) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | flag, 0o600)
    try:
        _write(descriptor, b"".join(line + b"\n" for line in lines))
    finally:
        os.close(descriptor)


def _write(descriptor: int, content: bytes) -> None:
    view = memoryview(content)
    while view:
        view = view[os.write(descriptor, view) :]
    os.fsync(descriptor)


def _content(descriptor: int) -> bytes:
    with os.fdopen(os.dup(descriptor), "rb") as file:
        file.seek(0)
        return file.read()


@contextmanager
def _locked(path: Path) -> Iterator[int]:
    """Open the file for one process at a time; again if another one has put a repaired file in its place."""
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            if path.exists() and os.fstat(descriptor).st_ino == path.stat().st_ino:
                yield descriptor
                return
        finally:
            os.close(descriptor)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _told(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise NotReadyError(
            f"The records in {path} cannot be read or written ({error.strerror}); check the disk and try "
            "again."
        ) from error
