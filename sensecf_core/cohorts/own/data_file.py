"""Read the cells of an own cohort's ``data.csv`` or ``data.parquet``, or say why they cannot be read."""

from __future__ import annotations

import csv
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

import numpy as np
import numpy.typing as npt

from sensecf_core.cohorts.own.problems import MOST_ROWS_NAMED, Problem, UnreadableError, by_row, shown

NAMES = ("data.csv", "data.parquet")
MOST_BYTES = 500_000_000
MOST_CELLS = 50_000_000
SMALLER = "A cohort of that size does not fit this program; give a smaller extract."

Cells = npt.NDArray[np.object_]
"""One column as read: text from CSV; text, numbers or bools from Parquet; None for empty."""


@dataclass(frozen=True)
class Column:
    """One column as read, with the number of each row in the user's file."""

    name: str
    cells: Cells
    rows: npt.NDArray[np.int64]

    def problems(self, mask: npt.NDArray[np.bool_], text: str, mend: str) -> list[Problem]:
        """Report the rows of a mask as problems; ``{}`` in ``text`` stands for the cell."""
        positions = np.flatnonzero(mask)
        texts = [text.replace("{}", shown(self.cells[position])) for position in positions[:MOST_ROWS_NAMED]]
        return by_row(self.name, [int(row) for row in self.rows[positions]], texts, mend)

    def where(self, test: Callable[[Any], bool]) -> npt.NDArray[np.bool_]:
        """Return the mask of the cells that pass a test."""
        return np.array([test(cell) for cell in self.cells], dtype=bool)


@dataclass(frozen=True)
class RawTable:
    """Cells by column, and the number of each row in the user's file."""

    columns: dict[str, Cells]
    rows: npt.NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.rows)

    def column(self, name: str) -> Column | None:
        """Return one column, None if there is none of that name."""
        cells = self.columns.get(name)
        return None if cells is None else Column(name, cells, self.rows)


def read(folder: Path) -> tuple[RawTable | None, list[Problem]]:
    """Read the data file; the table is None where nothing could be read. Never raises."""
    try:
        path = _find(folder)
        return _read_csv(path) if path.suffix == ".csv" else _read_parquet(path)
    except UnreadableError as error:
        return None, [error.problem]
    except OSError as error:
        text = f"the file cannot be read ({error.strerror or error})"
        return None, [Problem("data", None, text, "Check the file and its permissions.")]


def _find(folder: Path) -> Path:
    """Return the path of the data file; its size is checked before any of it is read."""
    paths = [folder / name for name in NAMES if (folder / name).exists()]
    if len(paths) != 1:
        text = (
            f"there {'are both' if paths else 'is neither'} {NAMES[0]} {'and' if paths else 'nor'} {NAMES[1]}"
        )
        mend = "Remove one of them." if paths else "Put the table there, one row a line, column names first."
        raise UnreadableError("data", text, mend)
    path = paths[0]
    if not path.is_file():
        raise UnreadableError(path.name, "this is not a file", "Put a plain file there.")
    size = path.stat().st_size
    if size > MOST_BYTES:
        text = f"the file has {size / 1e6:,.0f} MB; at most {MOST_BYTES / 1e6:,.0f} are read"
        raise UnreadableError(path.name, text, SMALLER)
    if size == 0:
        raise UnreadableError(path.name, "the file is empty", "Fill it, with a header line first.")
    return path


def _read_csv(path: Path) -> tuple[RawTable, list[Problem]]:
    mend = "Save the table as CSV (UTF-8 text, commas between columns)."
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            return _parse_csv(path.name, file)
    except UnicodeDecodeError as error:
        raise UnreadableError(path.name, "the file is not UTF-8 text", mend) from error
    except csv.Error as error:
        raise UnreadableError(path.name, f"broken CSV: {error}", mend) from error


def _parse_csv(file_name: str, file: TextIO) -> tuple[RawTable, list[Problem]]:
    reader = csv.reader(_without_nul(file), strict=True)
    header = [name.strip() for name in next(reader, [])]
    problems = _header_problems(file_name, header)
    columns: list[list[str | None]] = [[] for _ in header]
    seen: dict[str, str] = {}
    rows: list[int] = []
    ragged: list[int] = []
    texts: list[str] = []
    for record in reader:
        if not record:
            continue
        if len(record) != len(header):
            ragged.append(reader.line_num)
            texts.append(f"the line has {len(record)} cells, the header {len(header)}")
            continue
        if len(rows) * len(header) > MOST_CELLS:
            raise UnreadableError(file_name, f"the table has more than {MOST_CELLS:,} cells", SMALLER)
        rows.append(reader.line_num)
        for column, cell in zip(columns, record, strict=True):
            text = cell.strip()
            column.append(seen.setdefault(text, text) if text else None)
    problems += by_row(file_name, ragged, texts, "Give each line as many cells as the header has.")
    if not rows and not ragged:
        problems.append(Problem(file_name, None, "there is no row below the header", "Add the rows."))
    table = {name: _cells(column) for name, column in zip(header, columns, strict=True)}
    return RawTable(table, np.array(rows, dtype=np.int64)), problems


def _without_nul(file: TextIO) -> Iterator[str]:
    for line in file:
        if "\0" in line:
            raise csv.Error("the file holds binary data")
        yield line


def _header_problems(file_name: str, header: list[str]) -> list[Problem]:
    problems = []
    if len(header) == 1 and any(mark in header[0] for mark in ";\t"):
        mend = "Save it with commas between the columns."
        problems.append(Problem(file_name, "1", "the columns are not separated by commas", mend))
    if "" in header:
        problems.append(Problem(file_name, "1", "a column has no name", "Name every column in the header."))
    for name in dict.fromkeys(name for name in header if name and header.count(name) > 1):
        problems.append(Problem(name, "1", "two columns have this name", "Remove or rename one of them."))
    return problems


def _read_parquet(path: Path) -> tuple[RawTable, list[Problem]]:
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(path)
        size = file.metadata.num_rows * max(file.metadata.num_columns, 1)
        table = file.read() if size <= MOST_CELLS else None
        names = [str(name) for name in table.column_names] if table else []
        columns = {name: _cells(column.to_pylist()) for name, column in zip(names, table or (), strict=True)}
    except Exception as error:  # a damaged file can make pyarrow raise almost anything
        text = f"this is not a readable Parquet file ({type(error).__name__})"
        mend = "Write it again, for instance with DataFrame.to_parquet."
        raise UnreadableError(path.name, text, mend) from error
    if table is None:
        raise UnreadableError(path.name, f"the table has more than {MOST_CELLS:,} cells", SMALLER)
    problems = _header_problems(path.name, names)
    if not table.num_rows:
        problems.append(Problem(path.name, None, "there is no row", "Add the rows."))
    return RawTable(columns, np.arange(1, table.num_rows + 1)), problems


def _cells(values: list[Any]) -> Cells:
    cells = np.empty(len(values), dtype=object)
    cells[:] = [_cell(value) for value in values]
    return cells


def _cell(value: Any) -> str | float | bool | None:
    """Convert a cell to text, number or bool; empty text and NaN become None."""
    if isinstance(value, str):
        return value.strip() or None
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return None
    return value if isinstance(value, bool | int | float) else str(value)
