"""Read one JSON file of a release, literal ``NaN`` included, one file in memory at a time.

pydantic's parser accepts NaN (like Python's ``json``, unlike orjson, msgspec and simdjson), is about three
times as fast as ``json``, and is a dependency already.
"""

from __future__ import annotations

from codecs import BOM_UTF8
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic_core import from_json

MOST_BYTES = 200_000_000
"""Larger files are refused: the longest recording known, 397 days of one-minute records, has 150 MB."""


TOO_LARGE = f"more than {MOST_BYTES / 1e6:.0f} MB"

MOST_RECORDS = 1_000_000
"""Files with more records are refused: nearly two years of minutes. A parsed record takes about 1.5 kB."""

TOO_MANY = f"more than {MOST_RECORDS:,} records"
RECORD_MARK = b'time_frame"'
"""Every record of every version has exactly one key with this ending."""


class UnreadableFileError(Exception):
    """A file of a release cannot be used; the message gives the reason, without naming the file."""


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
    """Return the list of records: the body itself (v1 glucose), ``body[key]``, or the body's only list."""
    body = document.get("body")
    if isinstance(body, list):
        return body
    if not isinstance(body, dict):
        return []
    if isinstance(listed := body.get(key), list):
        return listed
    lists = [value for value in body.values() if isinstance(value, list)]
    return lists[0] if len(lists) == 1 else []


def zone_name(document: dict[str, Any]) -> str | None:
    """Return ``header.timezone`` ("pst" or "cst", version 3 only): the site's zone; time stamps are UTC."""
    header = document.get("header")
    name = header.get("timezone") if isinstance(header, dict) else None
    return name.strip().lower() if isinstance(name, str) and name.strip() else None


def first_of(record: Any, keys: Sequence[str]) -> Any:
    """Return the value of the first of ``keys`` in a record; None if it has none or is no object."""
    if isinstance(record, dict):
        for key in keys:
            if key in record:
                return record[key]
    return None
