"""What the columns of a data file are likely to be: kinds, levels, ranges, units, roles, codes for gaps.

Everything that the data alone cannot tell is marked as unsure; a person decides it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from sensecf_core.cohorts.feature import Cell, Feature, same_text
from sensecf_core.cohorts.frames.draft import MOST_LEVELS, number_fields, role_of
from sensecf_core.cohorts.frames.layout import plain_name
from sensecf_core.cohorts.own import cells
from sensecf_core.cohorts.own.columns.truths import FALSE_WORDS, TRUE_WORDS
from sensecf_core.cohorts.own.data_file import Column
from sensecf_core.cohorts.own.looks_odd import heaps
from sensecf_core.cohorts.own.problems import shown, some
from sensecf_core.cohorts.own.typed_table import is_id_name
from sensecf_core.errors import InputError
from sensecf_core.types import Floats

MOSTLY_NUMBERS = 0.9
"""A column with at least this share of numbers is one of numbers; what else stands in it is told."""
MOST_CODES = 5
"""Words that a column of numbers may have for "not measured"."""
FEW_VALUES = 6
"""Whole numbers with at most so many values may be codes of levels."""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


BEHAVIOUR = _words(
    "steps walking walk exercise activity active sedentary sitting sport training sleep smoking smoker smoke "
    "smokes cigarettes cigs tobacco alcohol drinks drinking diet snack snacks meals fruit vegetables veg "
    "salt coffee screen"
)
"""Words of a name by which a feature is called behaviour."""
CONTEXT_TOO = _words("married marital education educ school income insurance site center centre")
"""Words of a name by which a feature is called context, beside those of a frame's draft."""

UNITS = _words(
    "% kg g mg µg ug ng pg lb lbs cm m mm km in ft years year yrs months weeks days hours h min minutes s "
    "sec ms mmhg bpm kcal kg/m2 kg/m^2 ml l dl °c celsius fl score points kpa w met mets"
)
_WRITTEN = {
    **{"kg_m2": "kg/m²", "mg_dl": "mg/dL", "mmol_l": "mmol/L", "g_dl": "g/dL", "mmhg": "mmHg"},
    **{"years": "years", "year": "years", "yrs": "years", "months": "months", "days": "days"},
    **{"hours": "h", "minutes": "min", "min": "min", "kg": "kg", "lbs": "lb", "cm": "cm", "mm": "mm"},
    **{"bpm": "bpm", "kcal": "kcal", "pct": "%"},
}
"""Ends of a name that are a unit."""
_KNOWN = {"age": "years", "bmi": "kg/m²", "sbp": "mmHg", "dbp": "mmHg", "pulse": "bpm"}

_ORDERS = (
    ("never", "former", "current"),
    ("no", "former", "current"),
    (
        "none",
        "very low",
        "low",
        "mild",
        "minor",
        "moderate",
        "medium",
        "intermediate",
        "high",
        "severe",
        "very high",
    ),
    ("poor", "fair", "average", "good", "very good", "excellent"),
    ("never", "rarely", "seldom", "sometimes", "occasionally", "often", "usually", "always"),
    ("small", "medium", "large"),
    ("young", "middle-aged", "old"),
    ("first", "second", "third", "fourth"),
    ("i", "ii", "iii", "iv", "v"),
)
"""Levels whose order everybody knows."""


@dataclass
class DraftedFeature:
    """One feature as a draft writes it: fields by key, and what is unsure of some of them by the same key."""

    fields: dict[str, Any]
    unsure: dict[str, str] = field(default_factory=dict)


def draft_feature(column: Column, name: str, commas: bool) -> DraftedFeature:
    """Draft one feature; raises ``InputError`` with the end of a sentence about a column that can be none."""
    is_gap = cells.gaps_of(column.distinct)
    present = [cell for cell in column.distinct if not is_gap(cell)]
    if not present:
        raise InputError("has no value")
    if len(present) == 1:
        raise InputError(f"has one value only, {only(present[0], column)}")
    label, unit, unit_unsure = label_and_unit(column.name)
    drafted = DraftedFeature({"name": name, "label": label})
    if name != column.name:
        drafted.fields["column"] = column.name
    counts = {_key(cell): int(count) for cell, count in zip(column.distinct, column.counts, strict=True)}
    if truth_words(present) is not None:
        drafted.fields["kind"] = "binary"
    else:
        reading = cells.read_numbers(present, unit=unit, commas=commas)
        numeric = ~np.isnan(reading.values)
        weights = np.array([counts[_key(cell)] for cell in present])
        if reading.doubt is None and weights[numeric].sum() >= MOSTLY_NUMBERS * weights.sum():
            _numbers(drafted, column, present, reading.values, weights)
            _unit(drafted, unit, unit_unsure)
        else:
            _levels(drafted, present, weights)
    _role(drafted, name)
    return drafted


def only(value: Any, column: Column) -> str:
    """The only value of a column, and what beside it is taken for not measured."""
    gaps = [shown(cell) for cell in column.distinct if cells.is_missing(cell)]
    gaps += ["an empty cell"] if (column.codes < 0).any() else []
    return shown(value) + (f"; {some(gaps, 3)} is read as not measured" if gaps else "")


def truth_words(present: list[Any]) -> tuple[Cell, Cell] | None:
    """Two cells that are 0 and 1 or usual words for them, the one for 0 first; None for any others."""
    if len(present) != 2:
        return None
    truths = {}
    for cell in present:
        text = str(cell).casefold()
        if cells.declared((0, 1), cell) or isinstance(cell, bool):
            truths[float(cell)] = cell
        elif text in TRUE_WORDS or text in FALSE_WORDS:
            truths[float(text in TRUE_WORDS)] = cell
    return (truths[0.0], truths[1.0]) if set(truths) == {0.0, 1.0} else None


def label_and_unit(header: str) -> tuple[str, str, bool]:
    """Split a column's name into a label and a unit; the last says whether the unit is only a guess."""
    found = re.fullmatch(r"(.+?)\s*[\[(]\s*([^\])]+?)\s*[\])]\s*", header)
    if found and (found[2].lower().replace(" ", "") in UNITS or re.search(r"[/%°µ²]", found[2])):
        return _labelled(found[1]), found[2], False
    plain = plain_name(header)
    for end, unit in _WRITTEN.items():
        if plain.endswith(f"_{end}"):
            return _labelled(plain.removesuffix(f"_{end}")), unit, True
    return _labelled(header), _KNOWN.get(plain, ""), True


def _labelled(text: str) -> str:
    words = " ".join(text.replace("_", " ").replace(".", " ").split()) or text
    return words[0].upper() + words[1:]


def _numbers(
    drafted: DraftedFeature, column: Column, present: list[Any], values: Floats, weights: np.ndarray[Any, Any]
) -> None:
    """Fill in what numbers show, without codes for "not measured"."""
    codes: list[Cell] = [cell for cell, value in zip(present, values, strict=True) if np.isnan(value)]
    every = np.repeat(values, weights)
    every = every[~np.isnan(every)]
    if is_id_name(column.name) or _numbers_rows(column, values):
        raise InputError("looks like an id or a number of the row")
    if (np.abs(every) >= 2**53).any():
        raise InputError("holds numbers with more digits than are kept, like ids")
    found = heaps(every)
    sure = [value for value, _ in found if value != 0]
    kept = every[~np.isin(every, sure)]
    fields = number_fields(kept, 1e-9)
    fields = {key: value for key, value in fields.items() if value not in (None, 0)}
    drafted.fields |= fields | {"valid": list(fields["valid"])}
    codes = [*codes[:MOST_CODES], *(int(value) if value.is_integer() else value for value in sure)]
    if codes:
        drafted.fields["missing"] = codes
        drafted.unsure["missing"] = f"do {some(map(str, codes))} mean “not measured”?"
    elif zeros := [count for value, count in found if value == 0]:
        drafted.unsure["valid"] = (
            f"{zeros[0]:,} zeros stand apart from all other values; if they are gaps: missing = [0]"
        )
    distinct = np.unique(kept)
    if fields["kind"] == "integer" and len(distinct) <= FEW_VALUES:
        listed = ", ".join(f'"{value:g}"' for value in distinct)
        drafted.unsure["kind"] = f'codes of levels? then kind = "categorical", levels = [{listed}], no valid'
    drafted.unsure.setdefault("valid", "half as wide again as the data")


def _levels(drafted: DraftedFeature, present: list[Any], weights: np.ndarray[Any, Any]) -> None:
    texts: dict[str, int] = {}
    for cell, count in zip(present, weights, strict=True):
        text = str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell)
        texts[same_text(text)] = texts.get(same_text(text), 0) + int(count)
    kinds = [cells.oddness(text)[0] for text in list(texts)[:50]]
    if sum("date" in kind or "time" in kind for kind in kinds) > len(kinds) / 2:
        raise InputError("holds dates or times")
    if len(texts) > MOST_LEVELS or len(texts) > sum(texts.values()) / 2:
        raise InputError(f"holds {len(texts):,} different texts, like ids or remarks")
    if broken := [text for text in texts if "|" in text or not text.isprintable() or text != text.strip()]:
        raise InputError(f"has a level that cannot be shown, {shown(broken[0])}")
    codes = [text for text in texts if cells.oddness(text)[0].endswith("a code for “not measured”?")]
    codes = codes if len(texts) - len(codes) > 1 else []
    texts = {text: count for text, count in texts.items() if text not in codes}
    ordered = _ordered(list(texts))
    drafted.fields["kind"] = "ordinal" if ordered else "categorical"
    drafted.fields["levels"] = ordered or sorted(texts)
    if ordered:
        drafted.unsure["levels"] = "are they in order?"
    folded = [text.casefold() for text in texts]
    if twice := [text for text in texts if folded.count(text.casefold()) > 1]:
        drafted.unsure["levels"] = f"{some(map(shown, twice))} differ in case only: the same?"
    if codes:
        drafted.fields["missing"] = codes
        drafted.unsure["missing"] = f"do {some(map(str, codes))} mean “not measured”?"


def _ordered(texts: list[str]) -> list[str] | None:
    """Levels in the order that their words or first numbers give; None where nothing does."""
    by_word = {text.casefold(): text for text in texts}
    if len(by_word) < len(texts):
        return None
    for order in _ORDERS:
        if len(texts) > 2 and set(by_word) <= set(order):
            return [by_word[word] for word in order if word in by_word]
    firsts = {text: re.search(r"\d+(\.\d+)?", text) for text in texts}
    if len(texts) > 2 and sum(found is not None for found in firsts.values()) == len(texts):
        numbers = {text: float(found[0]) for text, found in firsts.items() if found}
        below = {text: re.match(r"\s*(<|lt|under|below|up to|bis)", text, re.IGNORECASE) for text in texts}
        keys = {text: (number, 0 if below[text] else 1) for text, number in numbers.items()}
        if len(set(keys.values())) == len(texts):
            return sorted(texts, key=lambda text: keys[text])
    return None


def _unit(drafted: DraftedFeature, unit: str, unsure: bool) -> None:
    if unit:
        drafted.fields["unit"] = unit
        if unsure:
            drafted.unsure["unit"] = "guessed from the name"


def _role(drafted: DraftedFeature, name: str) -> None:
    words = set(name.split("_"))
    role = role_of(name)
    if role != "context" and words & CONTEXT_TOO:
        role = "context"
    elif role != "context" and words & BEHAVIOUR:
        role = "behaviour"
    drafted.fields["role"] = role
    if role != "context":
        drafted.unsure["role"] = "behaviour: people do it; clinical: it follows; context: it never moves"


def _numbers_rows(column: Column, values: Floats) -> bool:
    """Whether the numbers go up by one from row to row."""
    return len(values) == len(column.cells) > 2 and bool((np.diff(values) == 1).all())


def _key(cell: Any) -> tuple[type, Any]:
    return type(cell), cell


def fields_of(feature: Mapping[str, Any]) -> dict[str, Any]:
    """A draft's fields in the order of the schema."""
    order = ("name", "label", "column", *Feature.model_fields)
    return {key: feature[key] for key in dict.fromkeys(order) if key in feature}
