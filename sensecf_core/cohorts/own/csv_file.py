"""Read a CSV file of whatever dialect, or say in one problem why it cannot be read."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import chain, islice, pairwise
from pathlib import Path
from typing import TextIO

from sensecf_core.cohorts.own.problems import Note, Problem, UnreadableError, by_spelling, in_rows, shown
from sensecf_core.cohorts.own.text_encoding import SAVE, encoding_of, undecodable

DELIMITERS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "vertical bars"}
SNIFFED = 200
"""Lines by which the dialect is recognised."""
MOST_CELLS = 50_000_000
SMALLER = "A cohort of that size does not fit this program; give a smaller extract."
TURNED = 10_000
"""Records that are turned into columns at once, so that a large file is not in memory twice."""
MOSTLY = 0.5
"""Where more than this share of the lines is broken, the file is told as broken, and nothing of its cells."""

_TOTALS = re.compile(
    r"(grand )?totals?|sums?|mean|average|counts?|n ?=.*|summe|gesamt|mittelwert|(sources?|notes?):.*|[*©].*",
    re.IGNORECASE,
)
_NUMBER = re.compile(r"[+-]?\d+([.,]\d+)?")
_INVISIBLE = dict.fromkeys(map(ord, "\u200b\u200c\u200d\u2060\ufeff\u00ad"))
_MARKS = "\u00ad\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff"
_OUTER = re.compile(rf"^[\s{_MARKS}]+|[\s{_MARKS}]+$")
"""Spaces, and signs that nobody sees: marks of direction, spaces without width, soft hyphens."""
PADS = "\0\x1a"
"""What old programs fill a file's end with."""


@dataclass(frozen=True)
class CsvTable:
    """Cells of a CSV file: text, None for empty; ``rows`` are the lines at which the records end."""

    names: list[str]
    columns: list[list[str | None]]
    rows: list[int]
    delimiter: str
    problems: list[Problem] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)


def clean_name(name: str) -> str:
    """A column's name without outer and doubled spaces, line breaks and signs that nobody sees."""
    plain = name.translate(_INVISIBLE)
    if not plain.isprintable():
        plain = "".join(sign if sign.isprintable() else " " for sign in plain)
    return " ".join(plain.split())


def bare(cell: str) -> str:
    """A cell without the spaces and unseen signs around it."""
    return cell.strip() if cell.isascii() else _OUTER.sub("", cell)


def read_csv(path: Path, expected: Collection[str], encoding: str = "") -> CsvTable:
    """Read a CSV file; ``expected`` are the names that its header should have, as far as they are known.

    Raises
    ------
    UnreadableError : another kind of file or encoding, no header, broken quotes, mostly broken lines.
    """
    used = encoding_of(path, encoding)
    try:
        with path.open(encoding=used, newline="") as file:
            return _parse(path.name, file, expected)
    except _QuoteInCellError as error:
        with path.open(encoding=used, newline="") as file:
            return _with_spaces(path.name, file, expected, error)
    except UnicodeError as error:
        raise undecodable(path, used) from error


class _QuoteInCellError(UnreadableError):
    """A quote closes before its cell ends."""


def _with_spaces(name: str, file: TextIO, expected: Collection[str], error: UnreadableError) -> CsvTable:
    """Read a file of which a cell may begin with a space and a quote that is its own, as in ``1, "n" x``.

    Raises the first reading's error where this one is broken too, or would leave cells in their quotes.
    """
    try:
        table = _parse(name, file, expected, skip=False)
    except UnreadableError:
        raise error from None
    cells = chain(table.names, *table.columns)
    if any(cell and len(cell) > 1 and cell[0] == cell[-1] and cell[0] in "'\"" for cell in cells):
        raise error
    return table


def _parse(name: str, file: TextIO, expected: Collection[str], *, skip: bool = True) -> CsvTable:
    """Read the lines of a file; ``skip`` the spaces before a cell, so that one in quotes is seen as such."""
    lines = _without_nul(name, file)
    start = list(islice(lines, SNIFFED))
    first, notes = 0, []
    if start and (said := re.fullmatch(r'"?sep=(.)"?\s*', start[0], re.IGNORECASE)):
        delimiter, first = said[1], 1
    else:
        delimiter = _delimiter(start)
    if delimiter != ",":
        notes.append(
            Note(None, None, f"columns are separated by {DELIMITERS.get(delimiter, repr(delimiter))}")
        )
    quote = "'" if _in_single_quotes(start[first:], delimiter) else '"'
    if quote == "'":
        notes.append(Note(None, None, "cells are in single quotes"))
    records_of = partial(csv.reader, delimiter=delimiter, quotechar=quote, skipinitialspace=skip)
    reader = records_of(chain(start[first:], lines), strict=True)
    sampler = records_of(start[first:])
    try:
        sample = [record for record in sampler if record]
        next(filter(None, reader), [])
        header = _header(name, sample, expected, str(reader.line_num + first))
        records = _Records(name, header)
        for record in reader:
            records.add(record, reader.line_num + first)
    except csv.Error as error:
        line = str((reader.line_num or sampler.line_num) + first)
        if "field limit" in str(error):
            text = f"a cell has more than {csv.field_size_limit():,} characters"
            mend = "Is a quote before it never closed? Close it, or shorten the cell."
            raise UnreadableError(name, text, mend, line) from error
        mend = "Close every quoted cell, and write a quote inside one twice."
        kind = _QuoteInCellError if "expected after" in str(error) else UnreadableError
        raise kind(name, f"broken CSV: {error}", mend, line) from error
    records.turn()
    if blank := records.blank:
        text = in_rows("a line without any value is left out", len(blank))
        notes.append(Note(None, str(blank[0]), text, len(blank)))
    problems = _line_problems(records, DELIMITERS.get(delimiter, repr(delimiter)))
    return CsvTable(header, records.columns, records.rows, delimiter, problems, notes)


def _delimiter(lines: Sequence[str]) -> str:
    """Choose the sign by which most lines, the first one too, have equally many cells, and most of them."""

    def rating(delimiter: str) -> tuple[bool, bool, int]:
        try:
            widths = [len(record) for record in csv.reader(lines, delimiter=delimiter) if record]
        except csv.Error:
            widths = [len(line.split(delimiter)) for line in lines]
        if not widths:
            return False, False, 0
        width, count = max(Counter(widths).items(), key=lambda found: (found[1], found[0]))
        return width > 1 and count > 0.6 * len(widths), widths[0] == width, width

    return max(DELIMITERS, key=rating)  # the first of those that are equally good


def _in_single_quotes(lines: Sequence[str], delimiter: str) -> bool:
    """Whether every name in the header stands in single quotes."""
    header = next((line for line in lines if line.strip()), "").strip().split(delimiter)
    return len(header) > 1 and all(re.fullmatch(r"\s*'[^']+'\s*", name) for name in header)


def _header(name: str, lines: list[list[str]], expected: Collection[str], row: str) -> list[str]:
    """The names of the columns; raises ``UnreadableError`` where the first of the ``lines`` has none."""
    header = [clean_name(cell) for cell in lines[0]] if lines else []
    filled = [cell for cell in header if cell]
    if set(expected) & set(header) or not filled:
        return header
    if len(filled) > 1 and _are_data(filled):
        text = f"the first line looks like data, not column names ({shown(filled[0])}, {shown(filled[1])})"
        raise UnreadableError(name, text, "Put a line with the names of the columns above it.", row)
    usual = Counter(sum(map(bool, line)) for line in lines[1:]).most_common(1)
    if usual and len(filled) <= usual[0][0] / 3:
        text = f"the first line, {shown(filled[0])}, is a title, not the names of the columns"
        raise UnreadableError(name, text, "Remove the lines above the names of the columns.", row)
    return header


def _are_data(filled: list[str]) -> bool:
    """Whether a line's cells are mostly numbers, and not years or other numbers in equal steps."""
    numbers = [float(cell.replace(",", ".")) for cell in filled if _NUMBER.fullmatch(cell)]
    if len(numbers) < len(filled) / 2:
        return False
    steps = {round(two - one, 6) for one, two in pairwise(numbers)}
    years = all(1900 <= number <= 2100 and number.is_integer() for number in numbers)
    return not ((len(numbers) > 2 and len(steps) == 1) or (years and len(set(numbers)) == len(numbers)))


@dataclass
class _Records:
    """Records sorted into rows and lines that are none; the lists hold line numbers."""

    name: str
    header: list[str]
    columns: list[list[str | None]] = field(default_factory=list)
    rows: list[int] = field(default_factory=list)
    blank: list[int] = field(default_factory=list)
    ragged: list[tuple[int, int]] = field(default_factory=list)
    headers: list[int] = field(default_factory=list)
    totals: list[tuple[int, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.columns = [[] for _ in self.header]
        self._waiting: list[list[str]] = []
        self._seen: dict[str, str] = {}

    def add(self, record: list[str], line: int) -> None:
        """Sort one record; raises ``UnreadableError`` where there are too many."""
        width = len(self.header)
        cells = [self._seen.setdefault(text, text) for text in map(bare, record)]
        filled = len(cells) - cells.count("")
        if not filled:
            if record:
                self.blank.append(line)
            return
        first = next(filter(None, cells))
        if filled <= 2 and width > 3 and _TOTALS.fullmatch(first):
            self.totals.append((line, first))
            return
        if len(cells) > width and not any(cells[width:]):
            del cells[width:]
        elif len(cells) == width - 1 and not self.header[-1]:
            cells.append("")
        if len(cells) != width:
            self.ragged.append((line, len(cells)))
        elif filled > 1 and [clean_name(cell) for cell in cells] == self.header:
            self.headers.append(line)
        else:
            self._keep(cells, line)

    def _keep(self, cells: list[str], line: int) -> None:
        self.rows.append(line)
        self._waiting.append(cells)
        if len(self.rows) * len(cells) > MOST_CELLS:
            raise UnreadableError(self.name, f"the table has more than {MOST_CELLS:,} cells", SMALLER)
        if len(self._waiting) == TURNED:
            self.turn()

    def turn(self) -> None:
        """Move waiting records to the ends of the columns; empty cells become None."""
        for column, cells in zip(self.columns, zip(*self._waiting, strict=True), strict=False):
            column += [cell or None for cell in cells]
        self._waiting.clear()


def _line_problems(found: _Records, between: str) -> list[Problem]:
    """Problems of lines that are no rows; raises ``UnreadableError`` where most lines are broken."""
    name, width, rows = found.name, len(found.header), len(found.rows)
    lines = [line for line, _ in found.ragged]
    mend = f"Give each line as many cells as the header has; quote a cell that has {between} in it."
    if len(lines) > MOSTLY * (len(lines) + rows):
        most, count = Counter(cells for _, cells in found.ragged).most_common(1)[0]
        text = f"the header has {width} names, but {count:,} of {len(lines) + rows:,} lines have {most} cells"
        if most > width and between == "commas":
            mend = f"{mend} Are decimals written with a comma? Then separate the columns by semicolons."
        raise UnreadableError(name, text, mend, str(lines[0]))
    problems = []
    texts = {
        line: f"the line has {cells} cell{'s' if cells > 1 else ''}, the header {width}"
        for line, cells in found.ragged
    }
    repeated = dict.fromkeys(found.headers, "the line repeats the names of the columns")
    totals = {
        line: f"the line begins with {shown(text)} and has no values: a total or a remark?"
        for line, text in found.totals
    }
    for told, how in ((texts, mend), (repeated, "Remove it."), (totals, "Remove it.")):
        problems += by_spelling(name, list(told), list(told.values()), [how] * len(told))
    if not rows and not problems:
        problems.append(Problem(name, None, "there is no row below the header", "Add the rows."))
    return problems


def _without_nul(name: str, file: TextIO) -> Iterator[str]:
    for number, line in enumerate(file, 1):
        if line[0] in PADS and not line.strip(PADS).strip():
            continue
        if "\0" in line:
            raise UnreadableError(name, "broken CSV: the file holds binary data", f"{SAVE}.", str(number))
        yield line
