"""Reading one JSON file of a release: tolerant of literal ``NaN``, one file in memory at a time.

pydantic's own parser is used because it takes NaN (as Python's ``json`` does; orjson, msgspec and
simdjson refuse it) at about three times the speed of ``json``, and it is a dependency already.
"""

from __future__ import annotations

from codecs import BOM_UTF8
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic_core import from_json

MOST_BYTES = 200_000_000
"""Larger files are refused: the longest tail known, 397 days of one-minute records, has 150 MB."""


TOO_LARGE = f"more than {MOST_BYTES / 1e6:.0f} MB"

MOST_RECORDS = 1_000_000
"""More are refused, too: nearly two years of minutes. Parsed, a record takes about 1.5 kB."""

TOO_MANY = f"more than {MOST_RECORDS:,} records"
RECORD_MARK = b'time_frame"'
"""Every record of every version has one key that ends so."""


class UnreadableFileError(Exception):
    """A file of a release cannot be used; the message says why, the same for all such files."""


def load(path: Path) -> dict[str, Any]:
    """Parse one file.

    Raises
    ------
    UnreadableFileError : no permission, too large, too many records, empty, or not a JSON object.
    """
    try:
        if path.stat().st_size > MOST_BYTES:
            raise UnreadableFileError(TOO_LARGE)
        content = path.read_bytes().removeprefix(BOM_UTF8)
        if content.count(RECORD_MARK) > MOST_RECORDS:
            raise UnreadableFileError(TOO_MANY)
        document = from_json(content, allow_inf_nan=True, cache_strings="keys")
    except OSError as error:
        raise UnreadableFileError(f"cannot be opened ({error.strerror or type(error).__name__})") from error
    except ValueError as error:
        raise UnreadableFileError("empty or broken JSON") from error
    if not isinstance(document, dict):
        raise UnreadableFileError("not a JSON object")
    return document


def records(document: dict[str, Any], key: str) -> list[Any]:
    """Return the list of records: the body itself (v1 glucose), ``body[key]``, or its only list."""
    body = document.get("body")
    if isinstance(body, list):
        return body
    if not isinstance(body, dict):
        return []
    if isinstance(found := body.get(key), list):
        return found
    lists = [value for value in body.values() if isinstance(value, list)]
    return lists[0] if len(lists) == 1 else []


def zone_name(document: dict[str, Any]) -> str | None:
    """Return ``header.timezone`` ("pst" or "cst", version 3 only): the site's zone, not the stamps'."""
    header = document.get("header")
    told = header.get("timezone") if isinstance(header, dict) else None
    return told.strip().lower() if isinstance(told, str) and told.strip() else None


def first_of(record: Any, keys: Sequence[str]) -> Any:
    """Return the first of ``keys`` that a record has; None where it has none or is no object."""
    if isinstance(record, dict):
        for key in keys:
            if key in record:
                return record[key]
    return None
