"""How the values of point records are written: plain numbers, or with a comma, a unit, a bound, a word."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from sensecf_core.aireadi.release import documents
from sensecf_core.aireadi.release.streams import Stream
from sensecf_core.aireadi.release.timestamps import shape
from sensecf_core.types import Floats

Codes = npt.NDArray[np.int8]

_WRITTEN = re.compile(r"\s*(-?\d+(?:[.,]\d+)?)\s*((?:[^\d\s.,].*)?)")
"""A number, with a point or a comma, and perhaps a unit behind it."""
_BOUND = re.compile(r"(<|≤|below|under|>|≥|above|over)\s*=?\s*(\d+(?:[.,]\d+)?)\s*((?:[^\d\s.,].*)?)")
"""The same behind a sign or word that makes a bound of it, in small letters."""
_END = re.compile(r"(low|lo|high|hi)( glucose| reading)?")
NEAR_BOUND = 15.0
"""A bound this near to the sensor's own, in the stream's unit, stands for Low or High (40 for 39)."""


def written_otherwise(stream: Stream, raw: Sequence[Any]) -> tuple[list[Any], list[str]]:
    """Values that are text with a comma for decimals or the stream's unit behind them, as plain numbers."""
    notes: dict[str, None] = {}
    read: list[Any] = []
    for value in raw:
        found = _WRITTEN.fullmatch(value) if isinstance(value, str) else None
        unit = "" if found is None else _plain_unit(found[2])
        if found is None or (unit and dict(stream.units).get(unit) != 1):
            read.append(value)
            continue
        if "," in found[1]:
            notes["values with a comma for decimals"] = None
        if unit:
            notes[f"values with {stream.unit} behind the number"] = None
        read.append(found[1].replace(",", "."))
    return read, list(notes)


def words_in(raw: Sequence[Any], values: Floats, censored: Codes) -> list[str]:
    """Name the sort of texts that are no reading, such as ``Sensor failure``."""
    unread = {
        shape(value)
        for value, number, end in zip(raw, values, censored, strict=True)
        if isinstance(value, str) and value.strip() and math.isnan(number) and not end
    }
    return [f"values in words, such as {min(unread)}, are not used"] if unread else []


def factors_of(stream: Stream, records: Sequence[Any], values: Floats) -> tuple[Floats, list[str]]:
    """What each value is multiplied with to be in the stream's unit, and what has to be told of its unit.

    NaN where a record names a unit that the stream is not known in. Only glucose comes in two units.
    """
    factors = np.ones(len(records))
    if not stream.units:
        return factors, []
    named = [_unit(record, stream) for record in records]
    notes = []
    for unit in sorted(set(named) - {None}, key=str):
        factor = dict(stream.units).get(_plain_unit(str(unit)))
        if factor == 1:
            continue
        mask = np.array([one == unit for one in named], dtype=bool)
        factors[mask] = math.nan if factor is None else factor
        if factor is None:
            notes.append(f"values in {unit}, a unit that is not known, are not used")
        else:
            notes.append(f"values in {unit} are converted to {stream.unit}")
    known = values[~np.isnan(values) & (factors == 1)]
    other = max(factor for _, factor in stream.units)
    if len(known) and np.median(known) < stream.low <= np.median(known) * other <= stream.high:
        notes.append(f"values look as if they were not in {stream.unit}, as the file says or leaves open")
    return factors, notes


def _unit(record: Any, stream: Stream) -> str | None:
    value = documents.first_of(record, stream.quantity)
    unit = value.get("unit") if isinstance(value, dict) else None
    return unit if isinstance(unit, str) and unit.strip() else None


def numbers(raw: Sequence[Any]) -> Floats:
    """Read values as numbers; NaN for other text, blanks, and what is not finite."""
    try:
        values = np.array(raw, dtype=np.float64)
        if values.ndim != 1 or bool in set(map(type, raw)):
            raise ValueError
    except (ValueError, TypeError, OverflowError):
        values = np.array([_number(value) for value in raw], dtype=np.float64)
    values[~np.isfinite(values)] = np.nan
    return values


def censored_of(stream: Stream, raw: Sequence[Any], factors: Floats) -> Codes:
    """Mark readings that the sensor gave as "Low" (-1) or "High" (1), in words or as a bound such as >400.

    A bound counts only where it lies near the sensor's own: <80 says too little to be a reading. ``factors``
    bring the records' units to the stream's; a unit behind the bound has priority over its record's.
    """
    censored = np.zeros(len(raw), dtype=np.int8)
    if stream.censored:
        for place, value in enumerate(raw):
            if isinstance(value, str):
                censored[place] = _end(stream, value.strip().lower(), factors[place])
    return censored


def _end(stream: Stream, text: str, factor: float) -> int:
    """-1 for a text that says "Low", 1 for "High", else 0."""
    if _END.fullmatch(text):
        return -1 if text.startswith("l") else 1
    bound = _BOUND.fullmatch(text)
    if bound is None:
        return 0
    if unit := _plain_unit(bound[3]):
        factor = dict(stream.units).get(unit, math.nan)
    number = float(bound[2].replace(",", ".")) * factor
    if bound[1] in ("<", "≤", "below", "under"):
        return -1 if number <= stream.low + NEAR_BOUND else 0
    return 1 if number >= stream.high - NEAR_BOUND else 0


def _plain_unit(unit: str) -> str:
    return re.sub(r"[\s_]", "", unit.lower())


def _number(value: Any) -> float:
    try:
        return float(value) if not isinstance(value, bool) else math.nan
    except (ValueError, TypeError, OverflowError):
        return math.nan
