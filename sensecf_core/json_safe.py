"""Values that JSON can hold: it has no NaN and no infinity."""

from __future__ import annotations

import math
from typing import Any


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
