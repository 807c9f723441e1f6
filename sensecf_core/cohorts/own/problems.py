"""What is wrong with a cohort folder, in words that help its owner to fix it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

MOST_ROWS_NAMED = 5
"""Rows that are listed individually for one problem of one column; the others are only counted."""


@dataclass(frozen=True)
class Problem:
    """One thing to fix.

    Attributes
    ----------
    column : the column or schema entry it is about; None for the folder as a whole.
    row : the line of ``data.csv`` (its header is line 1) or ``schema.toml``, or the row of
        ``data.parquet`` counted from 1; None where it is not about one line.
    problem : what is wrong, without a full stop.
    mend : how to fix it, as one sentence.
    """

    column: str | None
    row: str | None
    problem: str
    mend: str


class UnreadableError(Exception):
    """A file cannot be read at all; carries the one problem that says why."""

    def __init__(self, file: str, problem: str, mend: str, row: str | None = None) -> None:
        super().__init__(problem)
        self.problem = Problem(file, row, problem, mend)


def by_row(column: str, rows: Sequence[int], texts: Sequence[str], mend: str) -> list[Problem]:
    """Return one problem a row; rows beyond :data:`MOST_ROWS_NAMED` are only counted."""
    listed = [
        Problem(column, str(row), text, mend)
        for row, text in zip(rows[:MOST_ROWS_NAMED], texts[:MOST_ROWS_NAMED], strict=True)
    ]
    rest = len(rows) - len(listed)
    if rest:
        listed.append(
            Problem(column, None, f"and {rest:,} more row{'s' if rest > 1 else ''} like this", mend)
        )
    return listed


def shown(value: object, most: int = 40) -> str:
    """Quote a value for a message, cut to a readable length."""
    text = str(value)
    return repr(text if len(text) <= most else text[: most - 1] + "…")
