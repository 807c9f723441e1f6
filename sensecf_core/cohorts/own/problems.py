"""What is wrong with a cohort folder, said so that its owner can mend it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

MOST_ROWS_NAMED = 5
"""Rows listed one by one for the same problem of the same column; the rest are counted."""


@dataclass(frozen=True)
class Problem:
    """One thing to mend.

    Attributes
    ----------
    column : the column or schema entry it is about; None for the folder as a whole.
    row : the line of ``data.csv`` (its header is line 1) or ``schema.toml``, or the row of
        ``data.parquet`` counted from 1; None where it is not about one line.
    problem : what is wrong, without a full stop.
    mend : what to do, as one sentence.
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
    """List one problem for each row; beyond :data:`MOST_ROWS_NAMED` rows only their number."""
    named = [
        Problem(column, str(row), text, mend)
        for row, text in zip(rows[:MOST_ROWS_NAMED], texts[:MOST_ROWS_NAMED], strict=True)
    ]
    left = len(rows) - len(named)
    if left:
        named.append(Problem(column, None, f"and {left:,} more row{'s' if left > 1 else ''} like this", mend))
    return named


def shown(value: object, most: int = 40) -> str:
    """Quote a datum for a message, cut to a readable length."""
    text = str(value)
    return repr(text if len(text) <= most else text[: most - 1] + "…")
