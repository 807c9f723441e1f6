"""Columns of text: names of levels, and ids."""

from __future__ import annotations

import difflib
import unicodedata

import numpy as np

from sensecf_core.cohorts.feature import same_text
from sensecf_core.cohorts.own import cells
from sensecf_core.cohorts.own.columns.reading import (
    Codes,
    Read,
    note_of_cell,
    note_of_code,
    problems_by_cell,
    text_of,
)
from sensecf_core.cohorts.own.csv_file import clean_name
from sensecf_core.cohorts.own.data_file import Column
from sensecf_core.cohorts.own.problems import MOST_SPELLINGS, Note, Problem, in_rows, shown, some


def levels(allowed: tuple[str, ...], column: Column, missing: Codes = ()) -> Read:
    """Read a column of level names, as Python strings with None for missing."""
    exact = {same_text(level): level for level in allowed}
    by_number = _numbered(allowed)
    folded = {_folded(level): level for level in allowed}
    found = np.full(len(column.distinct), None, dtype=object)
    wrong = np.zeros(len(found), dtype=bool)
    notes: list[Note] = []
    for place, cell in enumerate(column.distinct):
        text = text_of(cell)
        if (level := exact.get(same_text(text))) is not None:
            found[place] = level
        elif cells.declared(missing, cell):
            notes.append(note_of_code(column, place))
        elif (level := by_number.get(_number(text))) is not None:
            found[place] = level
            notes.append(note_of_cell(column, place, f"{shown(text)} read as the level {shown(level)}"))
        elif _folded(text) not in folded and cells.is_missing(text):
            notes.append(note_of_cell(column, place, f"{shown(text)} read as not measured"))
        else:
            wrong[place] = True
    mends = [""] * len(found)
    for place in np.flatnonzero(wrong)[: MOST_SPELLINGS + 1]:
        mends[place] = _near_level(text_of(column.distinct[place]), allowed, folded)
    problems = problems_by_cell(column, wrong, "{} is not a level", mends)
    return Read(column.of_rows(found, None), problems, notes)


def identifiers(column: Column) -> Read:
    """Read ids as text, with leading zeros; whole numbers of a Parquet file lose their ``.0``."""
    ids = column.of_rows(np.array([*map(text_of, column.distinct)], dtype=object), "")
    as_text = Column(column.name, ids, column.rows)
    problems = []
    if (empty := ids == "").any():
        count, row = int(empty.sum()), str(column.rows[np.argmax(empty)])
        problems.append(Problem(column.name, row, in_rows("the id is missing", count), "Fill it.", count))
    formula = as_text.where(lambda text: str(text or "").startswith(cells.FORMULA_STARTS))
    unprintable = as_text.where(lambda text: not str(text or "").isprintable() or len(text or "") > 200)
    short = "Use short ids of printable characters."
    for mask, what, mend in (
        (formula, "is a formula", "Write the id itself."),
        (unprintable, "cannot be shown as an id", short),
    ):
        if mask.any():
            first, count = int(np.argmax(mask)), int(mask.sum())
            text = in_rows(f"{shown(ids[first])} {what}", count)
            problems.append(Problem(column.name, str(column.rows[first]), text, mend, count))
    return Read(ids, problems)


def _numbered(allowed: tuple[str, ...]) -> dict[float | None, str]:
    """Levels that are numbers, by their number; not those that two levels share."""
    numbers = [_number(level) for level in allowed]
    return {
        number: level
        for number, level in zip(numbers, allowed, strict=True)
        if number is not None and numbers.count(number) == 1
    }


def _number(text: str) -> float | None:
    try:
        return float(text) if text[:1] in "+-.0123456789" and text.isascii() and "_" not in text else None
    except ValueError:
        return None


def _folded(text: str) -> str:
    """A text without case, doubled spaces, signs that nobody sees, and wide or narrow forms of letters."""
    return clean_name(unicodedata.normalize("NFKC", text)).casefold()


def _near_level(text: str, allowed: tuple[str, ...], folded: dict[str, str]) -> str:
    """The level that a wrong one was meant to be, or the levels there are."""
    near = folded.get(_folded(text)) or folded.get(_folded(_repaired(text)))
    if near is None:
        matches = difflib.get_close_matches(text[:200], [level[:200] for level in allowed[:200]], n=1)
        near = next((level for level in allowed if matches and level[:200] == matches[0]), None)
    if near is not None:
        return f"Did you mean {shown(near)}?"
    listed = f"The levels are {some((shown(level)[1:-1] for level in allowed), 10)}"
    if cells.is_code(text):
        return f"{listed}; if it means not measured, declare it: `missing = [{cells.quoted(text)}]`."
    return f"{listed}."


def _repaired(text: str) -> str:
    """Text whose UTF-8 was once read as Windows-1252 (rÃ©gulier), as it was meant."""
    try:
        return text.encode("windows-1252").decode("utf-8")
    except UnicodeError:
        return text
