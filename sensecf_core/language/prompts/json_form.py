"""Edits as JSON, for servers that enforce a JSON schema, and back to a line of edits.

``{"changes": [{"feature": "bmi", "value": 27.5}]}``: a list, so that every property is required (strict
modes need that) and the most changes are a ``maxItems``. The schema cannot say that a feature comes only
once; answers are checked like any other text.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from sensecf_core.cohorts.feature import Feature
from sensecf_core.cohorts.schema import Schema
from sensecf_core.language.prompts.grammar import SEPARATOR, level_texts
from sensecf_core.queries.limits import Movable

MOST_ENUM_VALUES = 900
"""In a whole JSON schema; services accept about 1,000."""


def answer_schema(schema: Schema, movable: Sequence[Movable], max_changes: int) -> dict[str, Any]:
    """Build the JSON schema of every answer with 1 to ``max_changes`` edits.

    A short list of values becomes an ``enum``, a long one a minimum and maximum. Raises ``ValueError`` if
    nothing may move.
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


def edits_of(value: Any) -> str | None:
    """Turn JSON that was read into a line of edits, ``bmi=27.5; smoking=former``.

    It is ``{"changes": [...]}``, the list alone, one edit, or name → value. The last three are what servers
    write that know JSON, but no schema; so are a list of name → value, and another name than ``changes`` for
    all of it. Values are kept as they are, not corrected. None for anything else, and for names or values
    that contain line breaks or ``;``.
    """
    if isinstance(value, dict):
        value = value.get("changes", value)
    if isinstance(value, dict) and len(value) == 1:
        (only,) = value.values()
        value = only if isinstance(only, list) else value
    try:
        if isinstance(value, list):
            edits = [_listed_edit(change) for change in value]
        elif value.keys() == {"feature", "value"}:
            edits = [_edit_text(value["feature"], value["value"])]
        else:
            edits = [_edit_text(name, item) for name, item in value.items()]
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError):
        return None
    return SEPARATOR.join(edits) if edits else None


def _listed_edit(change: dict[str, Any]) -> str:
    if len(change) == 1:
        return _edit_text(*next(iter(change.items())))
    return _edit_text(change["feature"], change["value"])


def _edit_text(name: Any, value: Any) -> str:
    """Write one edit; raise ``ValueError`` or ``TypeError`` if it is not an edit."""
    if isinstance(value, bool):
        value = int(value)
    if isinstance(value, (int, float)):
        if not math.isfinite(value):
            raise ValueError("not a finite number")
        value = format(Decimal(str(value)), "f")
    if not (isinstance(name, str) and isinstance(value, str)):
        raise TypeError("an edit is a name and a value")
    if any(char in name + value for char in ";\r\n") or "=" in name:
        raise ValueError("not a single edit")
    return f"{name}={value}"
