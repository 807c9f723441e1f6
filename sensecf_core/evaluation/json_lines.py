"""Finished work as JSON lines, each with a ``key``: written one by one, so that a kill loses none."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any


def read_lines(path: Path) -> dict[str, dict[str, Any]]:
    """Records by key; a last line that was cut off in the middle is left out (and ended, if need be)."""
    if not path.exists():
        return {}
    text = path.read_text(encoding="utf-8")
    if text and not text.endswith("\n"):
        text = text[: text.rfind("\n") + 1]
        path.write_text(text, encoding="utf-8")
    return parse_lines(text)


def parse_lines(text: str) -> dict[str, dict[str, Any]]:
    """Records by key of a file that somebody else may be writing: a last line without its end is left out."""
    whole = text[: text.rfind("\n") + 1]
    return {entry["key"]: entry for entry in map(json.loads, whole.splitlines())}


def append_line(path: Path, record: Mapping[str, Any]) -> None:
    """Add one record at the end."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as lines:
        lines.write(json.dumps(record, ensure_ascii=False, allow_nan=False) + "\n")
