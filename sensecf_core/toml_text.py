"""Read TOML that somebody wrote, with one kind of error, in a time that grows with its length alone."""

from __future__ import annotations

import re
import tomllib
from typing import Any

MOST_PARTS = 100
"""Parts of a dotted key; ``tomllib`` takes the square of their number."""
_LONG_KEY = re.compile(
    r"(?<![\w-])(?:(?:[\w-]++|\"[^\"\n]*+\"|'[^'\n]*+')[ \t]*+\.[ \t]*+){%d}" % MOST_PARTS  # noqa: UP031
)


def parse_toml(text: str) -> dict[str, Any]:
    """Read TOML; raises ``ValueError`` for whatever cannot be read, also for what is nested too deeply."""
    if (found := _LONG_KEY.search(text)) is not None:
        line = text.count("\n", 0, found.start()) + 1
        raise ValueError(f"a key has more than {MOST_PARTS} parts (at line {line}, column 1)")
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
