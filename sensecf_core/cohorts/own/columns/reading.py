"""What reading a column gives: values, problems and notes, one for each spelling with its count."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from sensecf_core.cohorts.feature import Cell
from sensecf_core.cohorts.own import cells
from sensecf_core.cohorts.own.data_file import Column
from sensecf_core.cohorts.own.problems import MOST_SPELLINGS, Note, Problem, in_rows, shown
from sensecf_core.types import Mask

Codes = Sequence[Cell]


@dataclass
class Read:
    """A column as typed values (n,), what is wrong with it, and what was not read as it stands."""

    values: npt.NDArray[Any]
    problems: list[Problem] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)


def find_missing(column: Column, codes: Codes, words: frozenset[str]) -> tuple[Mask, list[Note]]:
    """Which distinct cells mean "not measured", and what is told of them."""
    gaps = np.zeros(len(column.distinct), dtype=bool)
    is_gap = cells.gaps_of(column.distinct)
    notes = []
    for place, cell in enumerate(column.distinct):
        if cells.declared(codes, cell):
            gaps[place] = True
            notes.append(note_of_code(column, place))
        elif is_gap(cell) and not (isinstance(cell, str) and cell.casefold() in words):
            gaps[place] = True
            notes.append(note_of_cell(column, place, f"{shown(cell)} read as not measured"))
    return gaps, notes


def note_of_code(column: Column, place: int) -> Note:
    """What is told of a cell that the schema declares as a code for "not measured"."""
    return note_of_cell(
        column, place, f"{shown(column.distinct[place])} read as not measured, as the schema says"
    )


def problems_by_cell(
    column: Column, mask: Mask, text: str | list[str], mend: str | list[str]
) -> list[Problem]:
    """One problem per distinct cell of a mask, with its first row and its count.

    ``text``, with ``{}`` for the cell, and ``mend`` are the same for all cells, or one for each.
    """
    texts = [text] * len(mask) if isinstance(text, str) else text
    mends = [mend] * len(mask) if isinstance(mend, str) else mend
    places = np.flatnonzero(mask)
    problems = []
    for place in places[:MOST_SPELLINGS]:
        count = int(column.counts[place])
        told = in_rows(texts[place].replace("{}", shown(column.distinct[place])), count)
        problems.append(Problem(column.name, str(column.first_rows[place]), told, mends[place], count))
    if len(rest := places[MOST_SPELLINGS:]):
        count = int(column.counts[rest].sum())
        cell = shown(column.distinct[rest[0]])
        others = f"{cell} and {len(rest) - 1:,} more values" if len(rest) > 1 else cell
        text = in_rows(texts[rest[0]].replace("{}", others), count)
        row = str(column.first_rows[rest].min())
        problems.append(Problem(column.name, row, text, mends[rest[0]], count))
    return problems


def first_row(column: Column, mask: Mask) -> str | None:
    """The first row of the distinct cells of a mask, as the file counts rows."""
    return str(column.first_rows[mask].min()) if mask.any() else None


def note_of_cells(column: Column, mask: Mask, text: str) -> Note:
    """A note about the distinct cells of a mask together."""
    count = int(column.counts[mask].sum())
    return Note(column.name, first_row(column, mask), in_rows(text, count), count)


def note_of_cell(column: Column, place: int, text: str) -> Note:
    """A note about one distinct cell."""
    count = int(column.counts[place])
    return Note(column.name, str(column.first_rows[place]), in_rows(text, count), count)


def text_of(cell: object) -> str:
    """A cell as text; a whole number of a Parquet file loses its ``.0``."""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell)
