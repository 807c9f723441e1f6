"""The same edits as JSON, for servers that hold an answer to a schema, and back to the answer's one line.

``{"changes": [{"feature": "bmi", "value": 27.5}]}``: a list, so that every property is required (strict
modes ask for that) and the most changes are a ``maxItems``. That a feature comes once only is not in the
schema; whatever comes back is judged like any other text.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from sensecf_core.cohorts.schema import Feature, Schema
from sensecf_core.language.prompts.grammar import SEPARATOR, level_texts
from sensecf_core.queries.limits import Movable

MOST_ENUM_VALUES = 900
"""Over a whole schema; services take about 1,000."""


def answer_schema(schema: Schema, movable: Sequence[Movable], max_changes: int) -> dict[str, Any]:
    """Build the JSON schema of every answer with 1 to ``max_changes`` edits.

    Values are listed where the list is short, else bounded by their lowest and highest. Raises
    ``ValueError`` if nothing may move.
    """
    if not movable or max_changes < 1:
        raise ValueError("a JSON schema needs at least one feature that may move and one change")
    most = MOST_ENUM_VALUES // len(movable)
    choices = [
        _object({"feature": {"type": "string", "enum": [m.feature]}, "value": _values(schema, m, most)})
        for m in movable
    ]
    changes = {"type": "array", "items": {"anyOf": choices}, "minItems": 1}
    return _object({"changes": {**changes, "maxItems": min(max_changes, len(movable))}})


def _object(properties: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _values(schema: Schema, item: Movable, most: int) -> dict[str, Any]:
    feature = schema.feature(item.feature)
    if feature.named:
        texts = level_texts(feature)
        return {"type": "string", "enum": [texts[int(code)] for code in item.values]}
    kind = "number" if feature.kind == "continuous" else "integer"
    values = list(dict.fromkeys(_number(feature, code) for code in item.values))
    if len(values) <= most:
        return {"type": kind, "enum": values}
    return {"type": kind, "minimum": values[0], "maximum": values[-1]}


def _number(feature: Feature, code: float) -> float | int:
    return round(code, feature.decimals) if feature.kind == "continuous" else int(code)


def edits_text(content: str) -> str | None:
    """Turn a JSON answer into the answer's one line, ``bmi=27.5; smoking=former``.

    Values are written as they came, not corrected. None for anything else than edits as JSON (a code
    fence around it is let pass), also for an answer whose names or values hold line breaks or ``;``.
    """
    text = content.strip()
    if text.startswith("```"):
        text = text.removeprefix("```json").strip("`").strip()
    try:
        said = json.loads(text)
        changes = said["changes"]
        pairs = [_edit(change["feature"], change["value"]) for change in changes]
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
        return None
    return SEPARATOR.join(pairs) if pairs else None


def _edit(name: Any, value: Any) -> str:
    """One edit as text; raises ``ValueError`` or ``TypeError`` for what is none."""
    if isinstance(value, bool):
        value = int(value)
    if isinstance(value, (int, float)):
        if not math.isfinite(value):
            raise ValueError("not a finite number")
        value = format(Decimal(str(value)), "f")
    if not (isinstance(name, str) and isinstance(value, str)):
        raise TypeError("an edit is a name and a value")
    if any(sign in name + value for sign in ";\r\n") or "=" in name:
        raise ValueError("more than one edit in one")
    return f"{name}={value}"
