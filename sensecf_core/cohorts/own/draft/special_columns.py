"""Which columns of a data file are no features: whose row it is, which of their rows, what is predicted."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from sensecf_core.cohorts.frames.layout import plain_name
from sensecf_core.cohorts.own import cells
from sensecf_core.cohorts.own.data_file import Cells, Column, RawTable
from sensecf_core.cohorts.own.draft.draft_columns import only
from sensecf_core.cohorts.own.problems import shown, some
from sensecf_core.cohorts.own.typed_table import is_id_name
from sensecf_core.errors import InputError, unknown

HINTS_OF_ID = r"id|num|code|key|mrn|nr$|no$"
"""Parts of the name of a column that has ids, where its values are all different."""
MOST_TRIED = 20
"""Columns that are tried for telling a person's rows apart."""
_TARGETS = [
    "target",
    "outcome",
    "label",
    "class",
    "diagnosis",
    "disease",
    "event",
    "status",
    "response",
    "case",
    "y",
    "death",
    "died",
    "dead",
    "mortality",
    "diabetes",
    "stroke",
    "survived",
    "relapse",
    "readmitted",
]
"""Names of a column that is likely to be predicted, the likeliest first."""
_ROWS = frozenset(
    [
        "visit",
        "wave",
        "time",
        "timepoint",
        "day",
        "week",
        "month",
        "year",
        "date",
        "session",
        "round",
        "occasion",
        "period",
        "row",
        "trial",
        "measurement",
        "followup",
        "obs",
    ]
)
"""Words of a name that tells a person's rows apart."""


@dataclass(frozen=True)
class SpecialColumns:
    """The columns that are no features: ``people`` says whose row it is, ``rows`` which of their rows.

    ``target`` is what is predicted. ``people`` and ``rows`` are None where no column tells.
    """

    people: str | None
    rows: str | None
    target: str

    @classmethod
    def of(cls, table: RawTable, *, target: str | None, participant: str | None) -> SpecialColumns:
        """Find the columns named, and guess the others from names and values.

        Raises ``InputError`` if no column can be the target, or a column named does not exist.
        """
        chosen = _target(table, target)
        people = _participant(table, participant, chosen)
        return cls(people, _row_column(table, people, chosen), chosen)


def _target(table: RawTable, wanted: str | None) -> str:
    """The target's column; raises ``InputError`` where it cannot be one, or cannot be guessed."""
    if wanted is not None:
        found = _column(table, wanted)
        values = measured(table, found)
        if len(values) != 2:
            listed = some(map(shown, values), 4) if values else "none"
            if len(values) == 1:
                listed = only(values[0], Column(found, table.columns[found], table.rows))
            raise InputError(
                f"The target {found!r} must have two values, and has {len(values):,} ({listed}): "
                "make a column of 0 and 1 of it."
            )
        return found
    two = [name for name in table.columns if len(measured(table, name)) == 2]
    words = {name: plain_name(name).split("_") for name in two}
    for likely in _TARGETS:
        if named := [name for name in two if likely in words[name]]:
            return named[0]
    hint = f"two values have {some(two)}" if two else "no column has two values; make one of 0 and 1"
    raise InputError(f"Name the column to predict with --target COLUMN: {hint}.")


def _participant(table: RawTable, wanted: str | None, target: str) -> str | None:
    if wanted is not None:
        return _column(table, wanted)
    named = [name for name in table.columns if is_id_name(name) and name != target]
    unique = [name for name in named if len(measured(table, name)) == len(table)]
    repeated = [name for name in named if 1 < len(measured(table, name)) < len(table)]
    hinted = [
        name
        for name, values in table.columns.items()
        if re.search(HINTS_OF_ID, plain_name(name)) and name != target and _all_different(values)
    ]
    return next(iter([*unique, *repeated, *hinted]), None)


def _all_different(values: Cells) -> bool:
    """Whether a column has another text or whole number in every row."""
    whole = all(re.fullmatch(r"-?\d+|.*[^\d.,+-].*", str(cell)) for cell in values)
    return len(set(values)) == len(values) and None not in values and whole


def _row_column(table: RawTable, people: str | None, target: str) -> str | None:
    """The column that tells the rows of a person apart, where people have several."""
    if people is None or len(measured(table, people)) == len(table):
        return None
    ids = Column(people, table.columns[people], table.rows)
    most = int(ids.counts.max())
    distinct = {name: len(measured(table, name)) for name in table.columns if name not in (people, target)}
    enough = [name for name, count in distinct.items() if most <= count]
    likely = [name for name in enough if _ROWS & set(plain_name(name).split("_"))]
    others = sorted(set(enough) - set(likely), key=lambda name: (distinct[name], name))
    for name in [*likely, *others][:MOST_TRIED]:
        pairs = set(zip(ids.codes, Column(name, table.columns[name], table.rows).codes, strict=True))
        if len(pairs) == len(table):
            return name
    return None


def measured(table: RawTable, name: str) -> list[Any]:
    """Distinct cells of a column that are no usual sign of "not measured"."""
    distinct = Column(name, table.columns[name], table.rows).distinct
    is_gap = cells.gaps_of(distinct)
    return [cell for cell in distinct if not is_gap(cell)]


def _column(table: RawTable, name: str) -> str:
    found = table.name_of(name)
    if found is None:
        raise unknown("column", name, table.columns)
    return found
