"""Columns of numbers: what is not exactly one is a problem, or told with a count."""

from __future__ import annotations

import re

import numpy as np
import numpy.typing as npt

from sensecf_core.cohorts.feature import Feature
from sensecf_core.cohorts.own import cells
from sensecf_core.cohorts.own.columns.reading import (
    Codes,
    Read,
    find_missing,
    first_row,
    note_of_cells,
    note_of_code,
    problems_by_cell,
)
from sensecf_core.cohorts.own.data_file import Column
from sensecf_core.cohorts.own.problems import MOST_SPELLINGS, Note, Problem, in_rows, shown
from sensecf_core.types import Floats, Mask

MOSTLY = 0.5
"""Where more than this share of a column is outside its range, the range or the unit is told as wrong."""
FEWEST_OF_CODE = 5
"""A value outside its range in at least as many rows may be a code."""
FIRST_DAY, LAST_DAY = 10_000, 60_000
"""Days since 1900 of the years 1927 to 2064, as spreadsheets count them."""
_YEAR_MONTH_DAY = re.compile(r"(19|20)\d{2}(0[1-9]|1[0-2])([0-2]\d|3[01])")


def numbers(feature: Feature, column: Column, missing: Codes = (), commas: bool = False) -> Read:
    """Read a continuous or integer column, rounded to the feature's decimals; NaN is missing.

    ``missing`` are the schema's codes for it, ``commas`` whether the file writes commas for decimals.
    """
    gaps, notes = find_missing(column, missing, frozenset())
    whole = feature.kind == "integer"
    span = feature.valid
    others = [cell for cell, gap in zip(column.distinct, gaps, strict=True) if not gap]
    reading = cells.read_numbers(others, unit=feature.unit, whole=whole, span=span, commas=commas)
    values = np.full(len(gaps), np.nan)
    values[~gaps] = reading.values
    how = np.full(len(gaps), "", dtype=object)
    how[~gaps] = reading.how
    for place in map(int, np.flatnonzero(how != "")):
        if not cells.declared(missing, float(values[place])):
            continue
        # A code in the file's own way of writing numbers: 99,9 where the schema says 99.9.
        notes.append(note_of_code(column, place))
        gaps[place], values[place], how[place] = True, np.nan, ""
    read = Read(np.empty(0), notes=notes + _read_notes(column, how, values))
    if reading.doubt:
        text = (
            f"{shown(next(c for c in others if isinstance(c, str) and ',' in c))}: the column {reading.doubt}"
        )
        mend = "Write a point for decimals, and nothing between thousands."
        read.problems.append(Problem(column.name, first_row(column, ~gaps & np.isnan(values)), text, mend))
        read.values = np.full(len(column.cells), np.nan)
        return read
    unread = ~gaps & np.isnan(values)
    read.problems += _odd_cells(column, unread, feature.unit)
    if whole:
        values = _whole(column, values, read)
    if span is not None:
        values = _inside(feature, column, values, read)
    read.values = column.of_rows(_rounded(feature, column, values, read), np.nan)
    return read


def _read_notes(column: Column, how: npt.NDArray[np.object_], values: Floats) -> list[Note]:
    notes = []
    for way in dict.fromkeys(way for way in how if way):
        mask = how == way
        place = int(np.argmax(mask))
        text = f"{shown(column.distinct[place])} read as {values[place]:.15g}: {way}"
        notes.append(note_of_cells(column, mask, text))
    return notes


def _odd_cells(column: Column, unread: Mask, unit: str) -> list[Problem]:
    """Report cells that are no numbers: one problem per kind of cell (dates, bounds), else per spelling."""
    groups: dict[object, list[int]] = {}
    says: dict[object, tuple[str, str]] = {}
    for place in np.flatnonzero(unread):
        text, mend, together = cells.oddness(column.distinct[place], unit)
        key = (text, _shape(column.distinct[place])) if together else column.distinct[place]
        groups.setdefault(key, []).append(int(place))
        says.setdefault(key, (text, mend))
    problems = []
    for key, places in groups.items():
        text = says[key][0].replace("{}", shown(column.distinct[places[0]]))
        count = int(column.counts[places].sum())
        if len(places) > 1:
            others = len(places) - 1
            text += f", and so are {others:,} other values" if others > 1 else ", and so is another value"
        row = str(min(column.first_rows[places]))
        problems.append(Problem(column.name, row, in_rows(text, count), says[key][1], count))
    if len(problems) <= MOST_SPELLINGS:
        return problems
    rest = problems[MOST_SPELLINGS:]
    count = sum(problem.count for problem in rest)
    row = str(min(int(problem.row or 0) for problem in rest))
    text = in_rows(f"{len(rest):,} more values are no numbers", count)
    return [*problems[:MOST_SPELLINGS], Problem(column.name, row, text, rest[0].mend, count)]


def _shape(cell: object) -> str:
    """Which sort of date or time a cell is, so that each is told once."""
    return "".join(sign for sign in str(cell) if sign in "-./:")[:1]


def _whole(column: Column, values: Floats, read: Read) -> Floats:
    broken = (values % 1 != 0) & ~np.isnan(values)
    mend = "Write a whole number, or make the feature continuous with `decimals`."
    if broken.any() and all(
        isinstance(cell, str) and len(cell.partition(".")[2]) == 3 for cell in column.distinct[broken]
    ):
        mend = "Write a whole number; if the point separates thousands, take it out."
    count, measured = int(column.counts[broken].sum()), int(column.counts[~np.isnan(values)].sum())
    if count > MOSTLY * measured and broken.sum() > 3:
        example = shown(column.distinct[np.argmax(broken)])
        text = f"{example} is not a whole number, like {count:,} of {measured:,} values"
        read.problems.append(Problem(column.name, first_row(column, broken), text, mend, count))
    else:
        read.problems += problems_by_cell(column, broken, "{} is not a whole number", mend)
    large = np.abs(values) >= 2**53
    mend = "Is it an id? Then it is no feature."
    read.problems += problems_by_cell(column, large, "{} has more digits than a number keeps", mend)
    return np.where(broken | large, np.nan, values)


def _inside(feature: Feature, column: Column, values: Floats, read: Read) -> Floats:
    """Report values outside ``valid``: codes for "not measured" one by one, a wrong unit once."""
    low, high = feature.valid or (-np.inf, np.inf)
    outside = (values < low) | (values > high)
    unit = f" {feature.unit}" if feature.unit else ""
    valid = f"outside `valid`, {low:g} to {high:g}{unit}"
    count, measured = int(column.counts[outside].sum()), int(column.counts[~np.isnan(values)].sum())
    if count > MOSTLY * measured and outside.sum() > 3:
        least, most = values[outside].min(), values[outside].max()
        text = f"{count:,} of {measured:,} values are {valid}, from {least:g} to {most:g}"
        mend = f"Is the unit not{unit or ' that of the schema'}? Convert the column, or correct `valid`."
        if high < FIRST_DAY <= least and most < LAST_DAY and (values[outside] % 1 == 0).all():
            mend = "Are they dates, which a spreadsheet writes as days since 1900? " + mend
        read.problems.append(Problem(column.name, first_row(column, outside), text, mend, count))
        return np.where(outside, np.nan, values)
    texts, mends = [], []
    for value, repeats, is_out in zip(values, column.counts, outside, strict=True):
        text, mend = "", "Correct or empty the cell, or widen `valid`."
        if is_out and _YEAR_MONTH_DAY.fullmatch(f"{value:.15g}"):
            text, mend = "; a date?", "A date is no number; take it out, or write the age in years."
        elif is_out and (cells.is_code_like(float(value), low) or repeats >= FEWEST_OF_CODE):
            text = "; a code for “not measured”?"
            mend = f"If it is, declare it: `missing = [{value:.15g}]`; else correct the cell."
        texts.append(f"{{}} is {valid}{text}")
        mends.append(mend)
    read.problems += problems_by_cell(column, outside, texts, mends)
    return np.where(outside, np.nan, values)


def _rounded(feature: Feature, column: Column, values: Floats, read: Read) -> Floats:
    """Round values to the feature's decimals, and tell it where a value changes."""
    rounded = np.round(values, feature.decimals)
    # A number of a Parquet file may be of single precision, in which 22.1 is 22.100000381.
    same = np.where([isinstance(cell, float) for cell in column.distinct], 1e-6, 1e-9)
    changed = ~np.isnan(values) & (np.abs(rounded - values) > same * np.maximum(1, np.abs(values)))
    if changed.any():
        what = f"{feature.decimals} decimal{'s' if feature.decimals != 1 else ''}"
        text = (
            f"{shown(column.distinct[np.argmax(changed)])} rounded to {what}, which is what `decimals` says"
        )
        read.notes.append(note_of_cells(column, changed, text))
    return rounded
