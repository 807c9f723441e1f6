"""Convert cells as read to typed columns, and report every cell that cannot be used."""

from __future__ import annotations

import difflib

import numpy as np
import numpy.typing as npt
import pandas as pd

from sensecf_core.cohorts.own.data_file import Cells, Column
from sensecf_core.cohorts.own.problems import Problem
from sensecf_core.cohorts.schema import Feature

MISSING = frozenset({"na", "n/a", "nan", "null", "none"})
"""Texts (in any case) that mean "not measured", like an empty cell; a level of that name has priority."""

FORMULA_STARTS = ("=", "@")
"""First characters of a spreadsheet formula in text columns (``+`` and ``-`` may start numbers)."""

MOST_LEVELS_NAMED = 10
"""Unknown levels of one column that are reported one by one, each with its closest match."""

_BOOLEANS = {"true": 1.0, "false": 0.0}

Numbers = npt.NDArray[np.float64]


def numbers(feature: Feature, column: Column) -> tuple[Numbers, list[Problem]]:
    """Read a continuous, integer or binary column, rounded to the feature's decimals; NaN is missing."""
    values, problems = _parse_numbers(column)
    if feature.kind in ("integer", "binary"):
        broken = (values % 1 != 0) & ~np.isnan(values)
        problems += column.problems(broken, "{} is not a whole number", "Write a whole number.")
        values[broken] = np.nan
    low, high = feature.valid or (0.0, 1.0)
    text = f"{{}} is outside `valid`, {low:g} to {high:g}{' ' + feature.unit if feature.unit else ''}"
    mend = "Write 0 or 1." if feature.kind == "binary" else "Correct or empty the cell, or widen `valid`."
    problems += column.problems((values < low) | (values > high), text, mend)
    return np.round(values, feature.decimals), problems


def levels(allowed: tuple[str, ...], column: Column) -> tuple[Cells, list[Problem]]:
    """Read a column of level names, as Python strings with None for missing."""
    texts = np.array([_level(cell, allowed) for cell in column.cells], dtype=object)
    wrong = np.array([text is not None and text not in allowed for text in texts], dtype=bool)
    problems: list[Problem] = []
    rest = wrong.copy()
    for text in sorted(set(texts[wrong]))[:MOST_LEVELS_NAMED]:
        problems += column.problems(rest & (texts == text), "{} is not a level", _suggestion(text, allowed))
        rest &= texts != text
    problems += column.problems(rest, "{} is not a level", f"The levels are {', '.join(allowed)}.")
    texts[wrong] = None
    return texts, problems


def target(column: Column) -> tuple[Numbers, list[Problem]]:
    """Read the target: 0 or 1 in every row."""
    values, problems = _parse_numbers(column)
    missing = column.where(_is_missing)
    problems += column.problems(missing, "the target is missing", "Fill it with 0 or 1, or drop the row.")
    wrong = ~np.isin(values, (0.0, 1.0)) & ~np.isnan(values)
    problems += column.problems(wrong, "{} is not 0 or 1", "Write 1 for class 1 and 0 for class 0.")
    values[wrong] = np.nan
    return values, problems


def identifiers(column: Column) -> tuple[Cells, list[Problem]]:
    """Read ids as text, with leading zeros; whole numbers of a Parquet file lose their ``.0``."""
    ids = np.array(["" if cell is None else _text(cell) for cell in column.cells], dtype=object)
    as_text = Column(column.name, ids, column.rows)
    problems = as_text.problems(as_text.where(lambda text: not text), "the id is missing", "Fill it.")
    formula = as_text.where(lambda text: text.startswith(FORMULA_STARTS))
    problems += as_text.problems(formula, "{} is a formula", "Write the id itself.")
    unprintable = as_text.where(lambda text: not text.isprintable() or len(text) > 200)
    problems += as_text.problems(
        unprintable, "{} cannot be shown as an id", "Use short ids of printable characters."
    )
    return ids, problems


def _parse_numbers(column: Column) -> tuple[Numbers, list[Problem]]:
    missing = column.where(_is_missing)
    plain = [
        None if is_missing else _BOOLEANS.get(str(cell).lower(), cell)
        for cell, is_missing in zip(column.cells, missing, strict=True)
    ]
    parsed = pd.to_numeric(pd.Series(plain, dtype=object), errors="coerce")
    values: Numbers = parsed.to_numpy(float, na_value=np.nan).copy()
    wrong = ~missing & ~np.isfinite(values)
    formula = wrong & column.where(lambda cell: str(cell).startswith((*FORMULA_STARTS, "+", "-")))
    mend = "Write the number itself, with a point for decimals, or leave the cell empty."
    problems = column.problems(formula, "{} is a formula, not a number", mend)
    problems += column.problems(wrong & ~formula, "{} is not a number", mend)
    values[wrong] = np.nan
    return values, problems


def _is_missing(cell: object) -> bool:
    return cell is None or (isinstance(cell, str) and cell.lower() in MISSING)


def _level(cell: object, allowed: tuple[str, ...]) -> str | None:
    text = None if cell is None else _text(cell)
    return None if text not in allowed and _is_missing(cell) else text


def _text(cell: object) -> str:
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell)


def _suggestion(text: str, allowed: tuple[str, ...]) -> str:
    near = difflib.get_close_matches(text, allowed, n=1)
    return f"Did you mean {near[0]!r}?" if near else f"The levels are {', '.join(allowed)}."
