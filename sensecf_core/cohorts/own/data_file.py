"""Read the cells of an own cohort's ``data.csv``, ``data.parquet`` or ``data.xlsx``, or say why not."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from sensecf_core.cohorts.feature import Cell, same_text
from sensecf_core.cohorts.own.cells import declared, is_missing, oddness, read_numbers
from sensecf_core.cohorts.own.csv_file import MOST_CELLS, SMALLER, bare, clean_name, read_csv
from sensecf_core.cohorts.own.problems import Note, Problem, UnreadableError, in_rows, shown
from sensecf_core.types import Mask

MOST_HEADERS = 3
"""Rows below the header that may hold units, names or types instead of values."""
LOOKED_AT, FEWEST_NUMBERS, MOSTLY_NUMBERS = 200, 10, 0.9
"""How many rows decide whether a column is one of numbers, how many cells it needs, what share of them."""
NAMES = ("data.csv", "data.parquet", "data.xlsx")
MOST_BYTES = 500_000_000

Cells = npt.NDArray[np.object_]
"""One column as read: text from CSV; text, numbers or bools from Parquet and Excel; None for empty."""


@dataclass(frozen=True)
class Column:
    """One column as read, with the number of each row in the user's file.

    Equal cells are judged once: ``distinct`` holds each cell once and ``codes`` the place in it of every row
    (-1 for an empty cell).
    """

    name: str
    cells: Cells
    rows: npt.NDArray[np.int64]

    @cached_property
    def _factorized(self) -> tuple[npt.NDArray[np.int64], Cells]:
        # The kind keeps True, 1 and 1.0 apart, which are equal to Python.
        if all(type(cell) is str or cell is None for cell in self.cells):
            codes, distinct = pd.factorize(self.cells, use_na_sentinel=True)
            return codes.astype(np.int64), np.asarray(distinct, dtype=object)
        places: dict[Any, int] = {}
        codes = np.array(
            [
                -1 if cell is None else places.setdefault((type(cell), cell), len(places))
                for cell in self.cells
            ],
            dtype=np.int64,
        )
        distinct = np.empty(len(places), dtype=object)
        distinct[:] = [cell for _, cell in places]
        return codes, distinct

    @property
    def codes(self) -> npt.NDArray[np.int64]:
        """Place of each row's cell in :attr:`distinct`, shape (rows,)."""
        return self._factorized[0]

    @property
    def distinct(self) -> Cells:
        """Every different cell once, without empty ones, in the order of their first rows."""
        return self._factorized[1]

    def of_rows(self, values: npt.NDArray[Any], empty: Any) -> npt.NDArray[Any]:
        """Spread one value per distinct cell over the rows; ``empty`` for empty cells."""
        padded = np.append(values, np.array([empty], dtype=values.dtype))
        return padded[self.codes]

    @cached_property
    def counts(self) -> npt.NDArray[np.int64]:
        """In how many rows each distinct cell stands."""
        return np.bincount(self.codes[self.codes >= 0], minlength=len(self.distinct))

    @cached_property
    def first_rows(self) -> npt.NDArray[np.int64]:
        """The first row of each distinct cell."""
        places, positions = np.unique(self.codes, return_index=True)
        return self.rows[positions[places >= 0]]

    def where(self, test: Callable[[Any], bool]) -> Mask:
        """Return the mask of the rows whose cell passes a test; the test sees empty cells as None."""
        passed = np.array([bool(test(cell)) for cell in self.distinct], dtype=bool)
        mask: Mask = self.of_rows(passed, bool(test(None)))
        return mask


@dataclass(frozen=True)
class RawTable:
    """Cells by column, the number of each row in the user's file, and how they were read.

    ``delimiter`` is the sign between a CSV file's columns, "" of other files.
    """

    columns: dict[str, Cells]
    rows: npt.NDArray[np.int64]
    delimiter: str = ""
    notes: tuple[Note, ...] = field(default=())

    def __len__(self) -> int:
        return len(self.rows)

    def without(self, rows: Mask) -> RawTable:
        """Leave out the rows of a mask."""
        kept = {name: cells[~rows] for name, cells in self.columns.items()}
        return RawTable(kept, self.rows[~rows], self.delimiter, self.notes)

    def repeats(self, rows: npt.NDArray[np.int64]) -> bool:
        """Whether each of these rows is the same as an earlier one in every column."""
        frame = pd.DataFrame(self.columns, dtype=object)
        return bool(frame.astype(str).duplicated().to_numpy()[rows].all())

    def name_of(self, name: str) -> str | None:
        """Return the file's own spelling of a column's name, None if there is none of that name.

        Outer and doubled spaces do not count, nor the Unicode form.
        """
        if name in self.columns:
            return name
        return self._plain_names.get(same_text(clean_name(name)))

    @cached_property
    def _plain_names(self) -> dict[str, str]:
        return {same_text(clean_name(name)): name for name in self.columns}

    def column(self, name: str) -> Column | None:
        """Return one column, None if there is none of that name."""
        own = self.name_of(name)
        return None if own is None else Column(own, self.columns[own], self.rows)


def read(
    folder: Path, expected: Collection[str] = (), encoding: str = "", missing: Collection[Cell] = ()
) -> tuple[RawTable | None, list[Problem]]:
    """Read the data file of a folder; the table is None where nothing could be read. Never raises.

    ``expected`` are the columns that the schema knows, ``encoding`` that of a CSV file that is not UTF-8,
    ``missing`` its codes for "not measured".
    """
    try:
        return read_file(_find(folder), expected, encoding, missing)
    except UnreadableError as error:
        return None, [error.problem]
    except OSError as error:
        text = f"the file cannot be read ({error.strerror or error})"
        return None, [Problem("data", None, text, "Check the file and its permissions.")]


def read_file(
    path: Path, expected: Collection[str] = (), encoding: str = "", missing: Collection[Cell] = ()
) -> tuple[RawTable, list[Problem]]:
    """Read one CSV, Parquet or Excel file (by its suffix; any other one is read as CSV).

    Raises ``UnreadableError`` and ``OSError``.
    """
    if not path.is_file():
        raise UnreadableError(path.name, "this is not a file", "Put a plain file there.")
    size = path.stat().st_size
    if size > MOST_BYTES:
        text = f"the file has {size / 1e6:,.0f} MB; at most {MOST_BYTES / 1e6:,.0f} are read"
        raise UnreadableError(path.name, text, SMALLER)
    if size == 0:
        raise UnreadableError(path.name, "the file is empty", "Fill it, with a header line first.")
    suffix = path.suffix.lower()
    if suffix == ".parquet":
        return _read_parquet(path, expected)
    if suffix in (".xlsx", ".xlsm"):
        return _read_excel(path, expected, missing)
    table = read_csv(path, {same_text(clean_name(name)) for name in expected}, encoding)
    columns = [_text_cells(column) for column in table.columns]
    rows = np.array(table.rows, dtype=np.int64)
    columns, rows, no_values = _without_second_header(path.name, columns, rows, missing)
    raw, problems = _table(path.name, table.names, columns, expected)
    notes = (*table.notes, *_nameless_notes(table.names, columns))
    return RawTable(raw, rows, table.delimiter, notes), [*table.problems, *no_values, *problems]


def _without_second_header(
    name: str, columns: list[Cells], rows: npt.NDArray[np.int64], missing: Collection[Cell]
) -> tuple[list[Cells], npt.NDArray[np.int64], list[Problem]]:
    """Leave out rows below the header that hold units or names; one problem says so for all their cells."""
    below = [column[MOST_HEADERS : MOST_HEADERS + LOOKED_AT] for column in columns]
    of_numbers = [column for column, some in zip(columns, below, strict=True) if _are_numbers(some)]
    found: list[Any] = []
    many = 0
    while many < min(MOST_HEADERS, len(rows)):
        words = [column[many] for column in of_numbers if column[many] is not None]
        if len(words) < 2 or not all(_is_word(cell) and not declared(missing, cell) for cell in words):
            break
        found, many = found or words, many + 1
    if not many:
        return columns, rows, []
    lines = f"line {rows[0]} holds" if many == 1 else f"lines {rows[0]} to {rows[many - 1]} hold"
    text = f"{lines} {shown(found[0])}, {shown(found[1])} above numbers, like units or a second header"
    problem = Problem(name, str(rows[0]), text, "Remove it." if many == 1 else "Remove them.", many)
    return [column[many:] for column in columns], rows[many:], [problem]


def _are_numbers(some: Cells) -> bool:
    present = [cell for cell in some if not is_missing(cell)]
    return len(present) >= FEWEST_NUMBERS and bool(
        np.isfinite(read_numbers(present).values).sum() >= MOSTLY_NUMBERS * len(present)
    )


def _is_word(cell: Any) -> bool:
    """Whether a cell is a word or a unit, and no number, bound or code for "not measured"."""
    if not isinstance(cell, str) or is_missing(cell) or np.isfinite(read_numbers([cell]).values[0]):
        return False
    kind = oddness(cell)[0]
    return cell[0] not in "0123456789<>≤≥-+." and kind.startswith("{} is not a number") and "code" not in kind


def _find(folder: Path) -> Path:
    """Return the path of the data file."""
    paths = [folder / name for name in NAMES if (folder / name).exists()]
    if len(paths) == 1:
        return paths[0]
    if paths:
        text = f"there are both {' and '.join(path.name for path in paths)}"
        raise UnreadableError("data", text, "Remove all but one of them.")
    text = f"there is neither {NAMES[0]} nor {NAMES[1]}"
    raise UnreadableError("data", text, "Put the table there, one row a line, column names first.")


def _table(
    file_name: str, names: list[str], columns: list[Cells], expected: Collection[str]
) -> tuple[dict[str, Cells], list[Problem]]:
    """Name the columns: empty nameless ones and row numbers are left out, a name must stand there once."""
    problems: list[Problem] = []
    table: dict[str, Cells] = {}
    wanted = {same_text(clean_name(name)) for name in expected}
    nameless = [
        position
        for position, name in enumerate(names, 1)
        if not name and not _is_left_out(position, columns[position - 1])
    ]
    if nameless:
        which = f"column {nameless[0]} has values but no name"
        problems.append(Problem(file_name, "1", which, "Name every column in the header.", len(nameless)))
    if len(names) == 1 and len(expected) > 1 and not wanted & set(names):
        mend = "Separate the columns by commas, semicolons or tabs."
        raise UnreadableError(file_name, "the lines are not separated into columns", mend, "1")
    for name, cells in zip(names, columns, strict=True):
        if name and name not in table:
            table[name] = cells
        elif name and not any(p.column == name for p in problems):
            if wanted and name not in wanted and same_text(name) not in wanted:
                continue  # told as a column that the schema does not know
            problems.append(Problem(name, "1", "two columns have this name", "Remove or rename one of them."))
    return table, problems


def _nameless_notes(names: list[str], columns: list[Cells]) -> list[Note]:
    left_out = [
        cells
        for position, cells in enumerate(columns, 1)
        if not names[position - 1] and _is_left_out(position, cells)
    ]
    empty = sum(all(cell is None for cell in cells) for cells in left_out)
    notes = []
    if empty:
        text = "an empty column without a name is left out"
        notes.append(
            Note(None, "1", text if empty == 1 else f"{empty} empty columns without a name are left out")
        )
    if len(left_out) > empty:
        text = "the first column has no name and names the rows; it is left out"
        notes.append(Note(None, "1", text))
    return notes


def _is_left_out(position: int, cells: Cells) -> bool:
    """Whether a nameless column is empty, or the names of the rows that pandas and R write first."""
    filled = [cell for cell in cells if cell is not None]
    return not filled or (position == 1 and len(set(filled)) == len(cells))


def _read_parquet(path: Path, expected: Collection[str]) -> tuple[RawTable, list[Problem]]:
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(path)
        size = file.metadata.num_rows * max(file.metadata.num_columns, 1)
        table = file.read() if size <= MOST_CELLS else None
        table = None if table is None else table.select([n for n in table.column_names if not _is_index(n)])
        names = [clean_name(str(name)) for name in table.column_names] if table else []
        columns = [_cells(column.to_pylist()) for column in table or ()]
    except Exception as error:  # a damaged file can make pyarrow raise almost anything
        text = f"this is not a readable Parquet file ({type(error).__name__})"
        mend = "Write it again, for instance with DataFrame.to_parquet."
        raise UnreadableError(path.name, text, mend) from error
    if table is None:
        raise UnreadableError(path.name, f"the table has more than {MOST_CELLS:,} cells", SMALLER)
    named, problems = _table(path.name, names, columns, expected)
    if not table.num_rows:
        problems.append(Problem(path.name, None, "there is no row", "Add the rows."))
    return RawTable(named, np.arange(1, table.num_rows + 1)), problems


def _is_index(name: str) -> bool:
    """Whether a column of a Parquet file is the nameless index that pandas keeps with a frame."""
    return re.fullmatch(r"__index_level_\d+__", name) is not None


def _read_excel(
    path: Path, expected: Collection[str], missing: Collection[Cell]
) -> tuple[RawTable, list[Problem]]:
    """Read the first sheet of a workbook; its rows are counted as Excel counts them."""
    try:
        frame = pd.read_excel(path, header=None, dtype=object, keep_default_na=False, na_values=[])
    except ImportError as error:
        mend = "Install it (`pip install openpyxl`), or save the sheet as CSV in UTF-8."
        raise UnreadableError(path.name, "workbooks need the package openpyxl", mend) from error
    except Exception as error:  # so can a damaged workbook
        text = f"this is not a readable Excel workbook ({type(error).__name__})"
        raise UnreadableError(path.name, text, "Save the sheet as CSV in UTF-8.") from error
    if frame.size > MOST_CELLS:
        raise UnreadableError(path.name, f"the table has more than {MOST_CELLS:,} cells", SMALLER)
    cells = [_cells(frame[column].tolist()) for column in frame.columns]
    if not cells or not len(cells[0]):
        raise UnreadableError(
            path.name, "the first sheet is empty", "Put the table there, column names first."
        )
    names = [clean_name("" if column[0] is None else str(column[0])) for column in cells]
    if len(names) > 2 and sum(map(bool, names)) == 1:
        text = f"the first line, {shown(max(names))}, is a title, not the names of the columns"
        raise UnreadableError(path.name, text, "Remove the lines above the names of the columns.", "1")
    filled = np.array([any(column[row] is not None for column in cells) for row in range(1, len(cells[0]))])
    blank = np.flatnonzero(~filled) + 2
    columns = [column[1:][filled] if len(filled) else column[1:] for column in cells]
    rows = np.flatnonzero(filled) + 2
    columns, rows, no_values = _without_second_header(path.name, columns, rows, missing)
    notes = _nameless_notes(names, columns)
    if len(blank):
        text = in_rows("a line without any value is left out", len(blank))
        notes.append(Note(None, str(blank[0]), text, len(blank)))
    named, problems = _table(path.name, names, columns, expected)
    if not filled.any():
        problems.append(Problem(path.name, None, "there is no row below the header", "Add the rows."))
    return RawTable(named, rows, notes=tuple(notes)), [*no_values, *problems]


def _text_cells(values: list[str | None]) -> Cells:
    cells = np.empty(len(values), dtype=object)
    cells[:] = values
    return cells


def _cells(values: list[Any]) -> Cells:
    return _text_cells([_cell(value) for value in values])


def _cell(value: Any) -> Any:
    """Convert a cell to text, number or bool; empty text and NaN become None."""
    if isinstance(value, str):
        return bare(value) or None
    if value is None or value is pd.NaT or (isinstance(value, float) and math.isnan(value)):
        return None
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace").strip() or None
    return value if isinstance(value, bool | int | float) else str(value)
