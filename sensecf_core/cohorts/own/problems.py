"""What is wrong or odd about a cohort folder, and how it was read, in words that help its owner."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

MOST_SPELLINGS = 8
"""Spellings of one column that are told one by one; the others are counted together."""


@dataclass(frozen=True)
class Problem:
    """One thing to fix, or one thing that looks odd.

    Attributes
    ----------
    column : the column or schema entry it is about; None for the folder as a whole.
    row : the line of ``data.csv`` (its header is line 1) or ``schema.toml``, or the row of
        ``data.parquet`` counted from 1; the first one where there are several, None where it is not about
        one line.
    problem : what is wrong, without a full stop; says in how many rows, where there are several.
    mend : how to fix it, as one sentence.
    count : rows that it is about; 1 for a problem that is not about rows.
    """

    column: str | None
    row: str | None
    problem: str
    mend: str
    count: int = 1


@dataclass(frozen=True)
class Note:
    """How something was read that does not stand exactly so in the file.

    Attributes
    ----------
    column : the column; None for the file as a whole.
    row : the first line or row; None where it is not about one line.
    text : what was read as what, without a full stop.
    count : rows that it is about.
    """

    column: str | None
    row: str | None
    text: str
    count: int = 1


class UnreadableError(Exception):
    """A file cannot be read at all; carries the one problem that says why."""

    def __init__(self, file: str, problem: str, mend: str, row: str | None = None) -> None:
        super().__init__(problem)
        self.problem = Problem(file, row, problem, mend)


def in_rows(text: str, count: int) -> str:
    """Say in how many rows, where there are several."""
    return text if count == 1 else f"{text} ({count:,} rows)"


def by_spelling(
    column: str, rows: Sequence[int], texts: Sequence[str], mends: Sequence[str]
) -> list[Problem]:
    """Return one problem per text, with its first row and its count.

    ``rows``, ``texts`` and ``mends`` go together, one per row in the file's order. Texts beyond
    :data:`MOST_SPELLINGS` are counted together.
    """
    found: dict[str, list[int]] = {}
    mend_of: dict[str, str] = {}
    for row, text, mend in zip(rows, texts, mends, strict=True):
        found.setdefault(text, []).append(row)
        mend_of.setdefault(text, mend)
    told = list(found)[:MOST_SPELLINGS]
    problems = [
        Problem(column, str(found[text][0]), in_rows(text, len(found[text])), mend_of[text], len(found[text]))
        for text in told
    ]
    if rest := [text for text in found if text not in told]:
        lines = [row for text in rest for row in found[text]]
        text = f"{len(rest):,} more values like these" if len(rest) > 1 else rest[0]
        problems.append(
            Problem(column, str(min(lines)), in_rows(text, len(lines)), mend_of[rest[0]], len(lines))
        )
    return problems


def shown(value: object, most: int = 40) -> str:
    """Quote a value for a message, cut in its middle to a readable length: long names differ at their end."""
    text = str(value)
    if len(text) > most:
        text = f"{text[: most // 2]}…{text[-(most // 2 - 1) :]}"
    return repr(text)


def some(names: Iterable[str], most: int = 8) -> str:
    """List names, at most so many."""
    names = list(names)
    rest = len(names) - most
    return ", ".join(names[:most]) + (f" and {rest:,} more" if rest > 0 else "")
