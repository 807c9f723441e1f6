"""From cells as read to typed columns, with every cell that cannot be used."""

from __future__ import annotations

import difflib

import numpy as np
import numpy.typing as npt
import pandas as pd

from sensecf_core.cohorts.own.data_file import Cells, Column
from sensecf_core.cohorts.own.problems import Problem
from sensecf_core.cohorts.schema import Feature

MISSING = frozenset({"na", "n/a", "nan", "null", "none"})
"""Texts that mean "not measured" (any case), besides the empty cell; a level of that name wins."""

FORMULA_STARTS = ("=", "@")
"""What a spreadsheet would take for a formula, in text columns (``+`` and ``-`` start numbers)."""

MOST_LEVELS_NAMED = 10
"""Unknown levels of one column that are told apart, each with its near match."""

_BOOLEANS = {"true": 1.0, "false": 0.0}

Numbers = npt.NDArray[np.float64]


def numbers(feature: Feature, column: Column) -> tuple[Numbers, list[Problem]]:
    """Read a continuous, integer or binary column, rounded to the feature's decimals; NaN is missing."""
    values, problems = _parse_numbers(column)
    if feature.kind in ("integer", "binary"):
        broken = (values % 1 != 0) & ~np.isnan(values)
        problems += column.listed(broken, "{} is not a whole number", "Write a whole number.")
        values[broken] = np.nan
    low, high = feature.valid or (0.0, 1.0)
    text = f"{{}} is outside `valid`, {low:g} to {high:g}{' ' + feature.unit if feature.unit else ''}"
    mend = "Write 0 or 1." if feature.kind == "binary" else "Correct or empty the cell, or widen `valid`."
    problems += column.listed((values < low) | (values > high), text, mend)
    return np.round(values, feature.decimals), problems


def levels(known: tuple[str, ...], column: Column) -> tuple[Cells, list[Problem]]:
    """Read a column of level names, as Python strings with None for missing."""
    texts = np.array([_level(cell, known) for cell in column.cells], dtype=object)
    wrong = np.array([text is not None and text not in known for text in texts], dtype=bool)
    problems: list[Problem] = []
    rest = wrong.copy()
    for text in sorted(set(texts[wrong]))[:MOST_LEVELS_NAMED]:
        problems += column.listed(rest & (texts == text), "{} is not a level", _near(text, known))
        rest &= texts != text
    problems += column.listed(rest, "{} is not a level", f"The levels are {', '.join(known)}.")
    texts[wrong] = None
    return texts, problems


def truth(column: Column) -> tuple[Numbers, list[Problem]]:
    """Read the target: 0 or 1 in every row."""
    values, problems = _parse_numbers(column)
    missing = column.where(_is_missing)
    problems += column.listed(missing, "the target is missing", "Fill it with 0 or 1, or drop the row.")
    wrong = ~np.isin(values, (0.0, 1.0)) & ~np.isnan(values)
    problems += column.listed(wrong, "{} is not 0 or 1", "Write 1 for class 1 and 0 for class 0.")
    values[wrong] = np.nan
    return values, problems


def identifiers(column: Column) -> tuple[Cells, list[Problem]]:
    """Read ids as text, leading zeros and all; whole numbers of Parquet lose nothing but a ``.0``."""
    ids = np.array(["" if cell is None else _text(cell) for cell in column.cells], dtype=object)
    text = Column(column.name, ids, column.rows)
    problems = text.listed(text.where(lambda one: not one), "the id is missing", "Fill it.")
    formula = text.where(lambda one: one.startswith(FORMULA_STARTS))
    problems += text.listed(formula, "{} is a formula", "Write the id itself.")
    odd = text.where(lambda one: not one.isprintable() or len(one) > 200)
    problems += text.listed(odd, "{} cannot be shown as an id", "Use short ids of printable characters.")
    return ids, problems


def _parse_numbers(column: Column) -> tuple[Numbers, list[Problem]]:
    missing = column.where(_is_missing)
    plain = [
        None if gone else _BOOLEANS.get(str(cell).lower(), cell)
        for cell, gone in zip(column.cells, missing, strict=True)
    ]
    parsed = pd.to_numeric(pd.Series(plain, dtype=object), errors="coerce")
    values: Numbers = parsed.to_numpy(float, na_value=np.nan).copy()
    wrong = ~missing & ~np.isfinite(values)
    formula = wrong & column.where(lambda cell: str(cell).startswith((*FORMULA_STARTS, "+", "-")))
    mend = "Write the number itself, with a point for decimals, or leave the cell empty."
    problems = column.listed(formula, "{} is a formula, not a number", mend)
    problems += column.listed(wrong & ~formula, "{} is not a number", mend)
    values[wrong] = np.nan
    return values, problems


def _is_missing(cell: object) -> bool:
    return cell is None or (isinstance(cell, str) and cell.lower() in MISSING)


def _level(cell: object, known: tuple[str, ...]) -> str | None:
    text = None if cell is None else _text(cell)
    return None if text not in known and _is_missing(cell) else text


def _text(cell: object) -> str:
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell)


def _near(text: str, known: tuple[str, ...]) -> str:
    near = difflib.get_close_matches(text, known, n=1)
    return f"Did you mean {near[0]!r}?" if near else f"The levels are {', '.join(known)}."
