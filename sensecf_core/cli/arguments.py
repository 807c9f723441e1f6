"""Parse ``name=value`` options: new values (``--set``), ranges and levels (``--range``), lists of names."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING

from sensecf_core.errors import InputError, unknown

if TYPE_CHECKING:
    from sensecf_core.cohorts.encoding import Value
    from sensecf_core.cohorts.feature import Feature
    from sensecf_core.cohorts.schema import Schema
    from sensecf_core.types import Span

NOT_MEASURED = "null"
"""How ``--set`` says that a value was not measured."""


def feature_named(schema: Schema, name: str) -> Feature:
    """Return the feature; raises ``InputError`` with near matches if there is none of that name."""
    if name not in schema.positions:
        raise unknown("feature", name, schema.names)
    return schema.feature(name)


def names(options: Iterable[str]) -> tuple[str, ...]:
    """Split lists like ``a,b``; repeated names are kept once."""
    return tuple(dict.fromkeys(name.strip() for text in options for name in text.split(",") if name.strip()))


def ranges_and_levels(
    schema: Schema, options: Iterable[str]
) -> tuple[dict[str, Span], dict[str, tuple[str, ...]]]:
    """Read ``--range`` options: ``bmi=24:30`` for numbers, ``smoking=never|former`` for named levels.

    A single number allows exactly that value. Raises ``InputError`` for text that is neither, and for
    unknown features and levels. Whether the limits allow a range is checked later.
    """
    ranges: dict[str, Span] = {}
    levels: dict[str, tuple[str, ...]] = {}
    for option in options:
        name, text = _split(option, "--range", "bmi=24:30 or smoking=never|former")
        feature = feature_named(schema, name)
        if name in ranges or name in levels:
            raise InputError(f"--range names `{name}` twice.")
        if feature.named:
            levels[name] = tuple(_level(feature, level) for level in text.split("|"))
        else:
            low, _, high = text.partition(":")
            ranges[name] = (_number(feature, low), _number(feature, high if ":" in text else low))
    return ranges, levels


def new_values(schema: Schema, options: Iterable[str]) -> dict[str, Value]:
    """Read ``--set`` options, ``bmi=27.5`` or ``smoking=former``; raises ``InputError``."""
    values: dict[str, Value] = {}
    for option in options:
        name, text = _split(option, "--set", "bmi=27.5")
        feature = feature_named(schema, name)
        if name in values:
            raise InputError(f"--set names `{name}` twice.")
        if text == NOT_MEASURED:
            values[name] = None
        else:
            values[name] = text if feature.named else _number(feature, text)
    return values


def checked_code(schema: Schema, name: str, value: object) -> float:
    """Encode one new value, if the feature can have it.

    Raises ``InputError`` for an unknown feature or level, a wrong type, or a number outside ``valid``.
    """
    from sensecf_core.cohorts.encoding import to_code

    feature = feature_named(schema, name)
    if isinstance(value, bool) and feature.kind == "binary":
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, (int, float, str, type(None))):
        raise InputError(f"`{name}` must be a {'level name' if feature.named else 'number'}, got {value!r}.")
    if feature.named:
        return to_code(feature, value if value is None else _level(feature, str(value)))
    if isinstance(value, str):
        value = _number(feature, value)
    if value is None:
        return to_code(feature, None)
    low, high = feature.valid or ((0, 1) if feature.kind == "binary" else (-math.inf, math.inf))
    if not low <= value <= high:
        unit = f" {feature.unit}" if feature.unit else ""
        raise InputError(f"`{name}` can only be from {low:g} to {high:g}{unit}, got {value}.")
    if feature.kind in ("integer", "binary") and value != round(value):
        raise InputError(f"`{name}` takes whole numbers, got {value}.")
    return to_code(feature, value)


def _split(option: str, flag: str, example: str) -> tuple[str, str]:
    name, sign, text = option.partition("=")
    if not sign or not name.strip() or not text.strip():
        raise InputError(f"{flag} is written like {example}, got {option!r}.")
    return name.strip(), text.strip()


def _number(feature: Feature, text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        raise InputError(f"`{feature.name}` takes numbers, got {text.strip()!r}.") from None
    if not math.isfinite(number):
        raise InputError(f"`{feature.name}` takes finite numbers, got {text.strip()!r}.")
    return number


def _level(feature: Feature, text: str) -> str:
    if text.strip() not in feature.levels:
        raise unknown(f"level of `{feature.name}`", text.strip(), feature.levels)
    return text.strip()
