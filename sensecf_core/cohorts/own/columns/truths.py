"""Binary columns and the target: 0 and 1, or words for them."""

from __future__ import annotations

from typing import Any

import numpy as np

from sensecf_core.cohorts.feature import Cell
from sensecf_core.cohorts.own import cells
from sensecf_core.cohorts.own.columns.reading import (
    Codes,
    Read,
    find_missing,
    first_row,
    note_of_cells,
    problems_by_cell,
    text_of,
)
from sensecf_core.cohorts.own.data_file import Column
from sensecf_core.cohorts.own.problems import Problem, in_rows, shown, some
from sensecf_core.types import Mask

TRUE_WORDS = frozenset(
    {
        "true",
        "yes",
        "y",
        "ja",
        "oui",
        "si",
        "sí",
        "sim",
        "positive",
        "pos",
        "present",
        "да",
        "是",
        "はい",
        "+",
    }
)
FALSE_WORDS = frozenset(
    {"false", "no", "n", "nein", "non", "não", "negative", "neg", "absent", "нет", "否", "いいえ", "-"}
)
"""Words (in any case) that binary columns have for 1 and 0; a schema's own ``words`` have priority."""


def truths(column: Column, words: tuple[Cell, Cell] | None, missing: Codes = ()) -> Read:
    """Read a binary column: 0 and 1, the schema's own words for them, or the usual ones; NaN is missing."""
    return _truths(column, words, missing)[0]


def _truths(column: Column, words: tuple[Cell, Cell] | None, missing: Codes) -> tuple[Read, Mask]:
    """The column, and the mask of its rows whose cell is a problem."""
    own = [] if words is None else [str(word).casefold() for word in words]
    values = np.full(len(column.distinct), np.nan)
    gaps, notes = find_missing(column, missing, frozenset(own))
    said = np.zeros(len(values), dtype=bool)
    for place, cell in enumerate(column.distinct):
        if not gaps[place]:
            values[place], said[place] = _truth(cell, words, own)
    read = Read(column.of_rows(values, np.nan), notes=notes)
    for truth in (0, 1):
        if (mask := said & (values == truth)).any():
            spelled = " and ".join(shown(column.distinct[place]) for place in np.flatnonzero(mask)[:3])
            read.notes.append(note_of_cells(column, mask, f"{spelled} read as {truth}"))
    wrong = np.isnan(values) & ~gaps
    read.problems += _truth_problems(column, wrong, words)
    return read, column.of_rows(wrong, False)


def _truth(cell: Any, words: tuple[Cell, Cell] | None, own: list[str]) -> tuple[float, bool]:
    """0, 1 or NaN, and whether that has to be told because nobody declared it."""
    text = text_of(cell).casefold()
    if words is not None:
        equal = [
            text == word or cells.declared([sought], cell) for word, sought in zip(own, words, strict=True)
        ]
        if any(equal):
            place = equal.index(True)
            exact = text_of(cell) == str(words[place]) or cells.declared([words[place]], cell)
            return float(place), not exact
        if any(cells.declared((0, 1), word) for word in words):
            return np.nan, False
    if cells.declared((0, 1), cell):
        return float(cell), False
    usual = words is None and text in TRUE_WORDS | FALSE_WORDS
    return (float(text in TRUE_WORDS), not isinstance(cell, bool)) if usual else (np.nan, False)


def target(column: Column, words: tuple[Cell, Cell] | None, missing: Codes = ()) -> Read:
    """Read the target: 0 or 1, or the words for them, in every row."""
    read, wrong = _truths(column, words, missing)
    absent = np.isnan(read.values) & ~wrong
    if absent.any():
        count, row = int(absent.sum()), str(column.rows[np.argmax(absent)])
        text = in_rows("the target is missing", count)
        read.problems.append(
            Problem(
                column.name, row, text, "Fill it, or write `leave_out_missing = true` in `[task]`.", count
            )
        )
    return read


def _truth_problems(column: Column, wrong: Mask, words: tuple[Cell, Cell] | None) -> list[Problem]:
    if not wrong.any():
        return []
    if wrong.sum() > 2:
        count = int(column.counts[wrong].sum())
        examples = some((shown(cell) for cell in column.distinct[wrong]), 3)
        text = in_rows(f"{examples} are neither 0 nor 1", count)
        mend = "Make a column of 0 and 1 of it, or a feature of another kind."
        return [Problem(column.name, first_row(column, wrong), text, mend, count)]
    if words is not None:
        mend = f"Write {shown(words[0])} or {shown(words[1])}, or correct `words`."
    elif len(column.distinct) == 2 or wrong.sum() == 2:
        both = [cells.quoted(cell) for cell in column.distinct[wrong][:2]]
        both = both if len(both) == 2 else [cells.quoted(cell) for cell in column.distinct]
        mend = f"Write 0 or 1, or say which is 0 and which is 1: `words = [{', '.join(both)}]`."
    else:
        mend = "Write 0 or 1."
    return problems_by_cell(column, wrong, "{} is not 0 or 1", mend)
