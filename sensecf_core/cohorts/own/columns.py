"""Convert cells to typed columns; every cell that is not exactly right is a problem, or told with a count."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from sensecf_core.cohorts.own import cells
from sensecf_core.cohorts.own.csv_file import clean_name
from sensecf_core.cohorts.own.data_file import Column
from sensecf_core.cohorts.own.problems import MOST_SPELLINGS, Note, Problem, in_rows, shown, some
from sensecf_core.cohorts.schema import Cell, Feature, same_text
from sensecf_core.types import Floats, Mask

MOSTLY = 0.5
"""Where more than this share of a column is outside its range, the range or the unit is told as wrong."""

FEWEST_OF_CODE = 5
"""A value outside its range in at least as many rows may be a code."""
FIRST_DAY, LAST_DAY = 10_000, 60_000
"""Days since 1900 of the years 1927 to 2064, as spreadsheets count them."""
_YEAR_MONTH_DAY = re.compile(r"(19|20)\d{2}(0[1-9]|1[0-2])([0-2]\d|3[01])")

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

Codes = Sequence[Cell]


@dataclass
class Read:
    """A column as typed values (n,), what is wrong with it, and what was not read as it stands."""

    values: npt.NDArray[Any]
    problems: list[Problem] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)


def numbers(feature: Feature, column: Column, missing: Codes = (), commas: bool = False) -> Read:
    """Read a continuous or integer column, rounded to the feature's decimals; NaN is missing.

    ``missing`` are the schema's codes for it, ``commas`` whether the file writes commas for decimals.
    """
    gaps, notes = _missing(column, missing, frozenset())
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
        notes.append(_declared_note(column, place))
        gaps[place], values[place], how[place] = True, np.nan, ""
    read = Read(np.empty(0), notes=notes + _read_notes(column, how, values))
    if reading.doubt:
        text = (
            f"{shown(next(c for c in others if isinstance(c, str) and ',' in c))}: the column {reading.doubt}"
        )
        mend = "Write a point for decimals, and nothing between thousands."
        read.problems.append(Problem(column.name, _first(column, ~gaps & np.isnan(values)), text, mend))
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


def truths(column: Column, words: tuple[Cell, Cell] | None, missing: Codes = ()) -> Read:
    """Read a binary column: 0 and 1, the schema's own words for them, or the usual ones; NaN is missing."""
    return _truths(column, words, missing)[0]


def _truths(column: Column, words: tuple[Cell, Cell] | None, missing: Codes) -> tuple[Read, Mask]:
    """The column, and the mask of its rows whose cell is a problem."""
    own = [] if words is None else [str(word).casefold() for word in words]
    values = np.full(len(column.distinct), np.nan)
    gaps, notes = _missing(column, missing, frozenset(own))
    said = np.zeros(len(values), dtype=bool)
    for place, cell in enumerate(column.distinct):
        if not gaps[place]:
            values[place], said[place] = _truth(cell, words, own)
    read = Read(column.of_rows(values, np.nan), notes=notes)
    for truth in (0, 1):
        if (mask := said & (values == truth)).any():
            spelled = " and ".join(shown(column.distinct[place]) for place in np.flatnonzero(mask)[:3])
            read.notes.append(_note(column, mask, f"{spelled} read as {truth}"))
    wrong = np.isnan(values) & ~gaps
    read.problems += _truth_problems(column, wrong, words)
    return read, column.of_rows(wrong, False)


def _truth(cell: Any, words: tuple[Cell, Cell] | None, own: list[str]) -> tuple[float, bool]:
    """0, 1 or NaN, and whether that has to be told because nobody declared it."""
    text = _text(cell).casefold()
    if words is not None:
        equal = [
            text == word or cells.declared([sought], cell) for word, sought in zip(own, words, strict=True)
        ]
        if any(equal):
            place = equal.index(True)
            exact = _text(cell) == str(words[place]) or cells.declared([words[place]], cell)
            return float(place), not exact
        if any(cells.declared((0, 1), word) for word in words):
            return np.nan, False
    if cells.declared((0, 1), cell):
        return float(cell), False
    usual = words is None and text in TRUE_WORDS | FALSE_WORDS
    return (float(text in TRUE_WORDS), not isinstance(cell, bool)) if usual else (np.nan, False)


def levels(allowed: tuple[str, ...], column: Column, missing: Codes = ()) -> Read:
    """Read a column of level names, as Python strings with None for missing."""
    exact = {same_text(level): level for level in allowed}
    by_number = _numbered(allowed)
    folded = {_folded(level): level for level in allowed}
    found = np.full(len(column.distinct), None, dtype=object)
    wrong = np.zeros(len(found), dtype=bool)
    notes: list[Note] = []
    for place, cell in enumerate(column.distinct):
        text = _text(cell)
        if (level := exact.get(same_text(text))) is not None:
            found[place] = level
        elif cells.declared(missing, cell):
            notes.append(_declared_note(column, place))
        elif (level := by_number.get(_number(text))) is not None:
            found[place] = level
            notes.append(_one_note(column, place, f"{shown(text)} read as the level {shown(level)}"))
        elif _folded(text) not in folded and cells.is_missing(text):
            notes.append(_one_note(column, place, f"{shown(text)} read as not measured"))
        else:
            wrong[place] = True
    mends = [""] * len(found)
    for place in np.flatnonzero(wrong)[: MOST_SPELLINGS + 1]:
        mends[place] = _near_level(_text(column.distinct[place]), allowed, folded)
    problems = _by_cell(column, wrong, "{} is not a level", mends)
    return Read(column.of_rows(found, None), problems, notes)


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


def identifiers(column: Column) -> Read:
    """Read ids as text, with leading zeros; whole numbers of a Parquet file lose their ``.0``."""
    ids = column.of_rows(np.array([*map(_text, column.distinct)], dtype=object), "")
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


def _missing(column: Column, codes: Codes, words: frozenset[str]) -> tuple[Mask, list[Note]]:
    """Which distinct cells mean "not measured", and what is told of them."""
    gaps = np.zeros(len(column.distinct), dtype=bool)
    is_gap = cells.gaps_of(column.distinct)
    notes = []
    for place, cell in enumerate(column.distinct):
        if cells.declared(codes, cell):
            gaps[place] = True
            notes.append(_declared_note(column, place))
        elif is_gap(cell) and not (isinstance(cell, str) and cell.casefold() in words):
            gaps[place] = True
            notes.append(_one_note(column, place, f"{shown(cell)} read as not measured"))
    return gaps, notes


def _declared_note(column: Column, place: int) -> Note:
    return _one_note(
        column, place, f"{shown(column.distinct[place])} read as not measured, as the schema says"
    )


def _read_notes(column: Column, how: npt.NDArray[np.object_], values: Floats) -> list[Note]:
    notes = []
    for way in dict.fromkeys(way for way in how if way):
        mask = how == way
        place = int(np.argmax(mask))
        text = f"{shown(column.distinct[place])} read as {values[place]:.15g}: {way}"
        notes.append(_note(column, mask, text))
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
        read.problems.append(Problem(column.name, _first(column, broken), text, mend, count))
    else:
        read.problems += _by_cell(column, broken, "{} is not a whole number", mend)
    large = np.abs(values) >= 2**53
    mend = "Is it an id? Then it is no feature."
    read.problems += _by_cell(column, large, "{} has more digits than a number keeps", mend)
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
        read.problems.append(Problem(column.name, _first(column, outside), text, mend, count))
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
    read.problems += _by_cell(column, outside, texts, mends)
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
        read.notes.append(_note(column, changed, text))
    return rounded


def _truth_problems(column: Column, wrong: Mask, words: tuple[Cell, Cell] | None) -> list[Problem]:
    if not wrong.any():
        return []
    if wrong.sum() > 2:
        count = int(column.counts[wrong].sum())
        examples = some((shown(cell) for cell in column.distinct[wrong]), 3)
        text = in_rows(f"{examples} are neither 0 nor 1", count)
        mend = "Make a column of 0 and 1 of it, or a feature of another kind."
        return [Problem(column.name, _first(column, wrong), text, mend, count)]
    if words is not None:
        mend = f"Write {shown(words[0])} or {shown(words[1])}, or correct `words`."
    elif len(column.distinct) == 2 or wrong.sum() == 2:
        both = [cells.quoted(cell) for cell in column.distinct[wrong][:2]]
        both = both if len(both) == 2 else [cells.quoted(cell) for cell in column.distinct]
        mend = f"Write 0 or 1, or say which is 0 and which is 1: `words = [{', '.join(both)}]`."
    else:
        mend = "Write 0 or 1."
    return _by_cell(column, wrong, "{} is not 0 or 1", mend)


def _by_cell(column: Column, mask: Mask, text: str | list[str], mend: str | list[str]) -> list[Problem]:
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


def _first(column: Column, mask: Mask) -> str | None:
    return str(column.first_rows[mask].min()) if mask.any() else None


def _note(column: Column, mask: Mask, text: str) -> Note:
    count = int(column.counts[mask].sum())
    return Note(column.name, _first(column, mask), in_rows(text, count), count)


def _one_note(column: Column, place: int, text: str) -> Note:
    count = int(column.counts[place])
    return Note(column.name, str(column.first_rows[place]), in_rows(text, count), count)


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


def _text(cell: object) -> str:
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell)


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
