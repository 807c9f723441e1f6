"""Values that JSON can hold (no NaN, no infinity), and JSON of others, read with one kind of error."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any, Never


def parse(text: str | bytes) -> Any:
    """Read JSON; raises ``ValueError`` for whatever cannot be read.

    That is also text that is no UTF-8, NaN and infinity, and what is nested too deeply.
    """
    try:
        value = json.loads(text, parse_constant=_refuse, parse_float=_finite)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    if _may_hold_surrogate(text):
        json.dumps(value, ensure_ascii=False).encode()  # raises UnicodeEncodeError, a ValueError
    return value


def _may_hold_surrogate(text: str | bytes) -> bool:
    """Whether there is ``\\ud8..`` in the text: half a character, unless the other half follows."""
    escape = "\\ud" if isinstance(text, str) else b"\\ud"
    return escape in text.lower()  # type: ignore[operator]


def read_file(path: Path) -> Any:
    """Read a JSON file; raises ``OSError`` or ``ValueError``, see :func:`parse`."""
    return parse(path.read_bytes())


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        _refuse(text)
    return number


def _refuse(constant: str) -> Never:
    raise ValueError(f"{constant[:20]} is no finite number")


def json_safe(value: Any, digits: int | None = None) -> Any:
    """Replace non-finite numbers by None, also nested; round to ``digits`` significant digits if given."""
    if isinstance(value, float):
        if not math.isfinite(value):
            return None
        return value if digits is None else float(f"{value:.{digits}g}")
    if isinstance(value, dict):
        return {key: json_safe(item, digits) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [json_safe(item, digits) for item in value]
    return value
