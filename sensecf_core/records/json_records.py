"""Read records stored as JSON; those that another version wrote are refused, or left out of a list."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Iterable
from typing import TypeVar

from pydantic import ValidationError

from sensecf_core.errors import InputError
from sensecf_core.types import Plain

log = logging.getLogger(__name__)
Record = TypeVar("Record", bound=Plain)


def read(kind: type[Record], row: sqlite3.Row | None, refusal: str) -> Record | None:
    """Read the ``body`` of a row; raises ``InputError(refusal)`` if this version cannot read it."""
    if row is None:
        return None
    try:
        return kind.model_validate_json(row["body"])
    except ValidationError as error:
        raise InputError(refusal) from error


def read_all(kind: type[Record], rows: Iterable[sqlite3.Row], key: str) -> tuple[Record, ...]:
    """Read the ``body`` of every row; unreadable rows are left out, and named by ``key`` in the log."""
    records = []
    for row in rows:
        try:
            records.append(kind.model_validate_json(row["body"]))
        except ValidationError:
            log.warning("%s %s was stored by another version and is left out", kind.__name__, row[key])
    return tuple(records)
