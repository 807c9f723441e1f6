"""Match the columns of schema and data file, and read those that both have as values."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass

import numpy as np
import pandas as pd

from sensecf_core.cohorts.cohort import INDEX_NAMES
from sensecf_core.cohorts.feature import Feature
from sensecf_core.cohorts.frames.layout import plain_name
from sensecf_core.cohorts.own.cells import declared, gaps_of, has_decimal_commas, quoted
from sensecf_core.cohorts.own.columns.numbers import numbers
from sensecf_core.cohorts.own.columns.reading import Codes, Read
from sensecf_core.cohorts.own.columns.texts import identifiers, levels
from sensecf_core.cohorts.own.columns.truths import target, truths
from sensecf_core.cohorts.own.data_file import Column, RawTable
from sensecf_core.cohorts.own.problems import Note, Problem, in_rows, shown, some
from sensecf_core.cohorts.own.schema_file import Layout

FEWEST_PARTICIPANTS = 50
MOST_COLUMNS_NAMED = 30
ID_WORDS = frozenset(
    {
        "id",
        "ids",
        "pid",
        "patientid",
        "subjectid",
        "patient",
        "subject",
        "participant",
        "person",
        "mrn",
        "seqn",
        "eid",
    }
)
PERSON_WORDS = frozenset(
    {
        "no",
        "nr",
        "number",
        "num",
        "code",
        "key",
        "case",
        "record",
        "study",
        "hospital",
        "sample",
        "unique",
        "anon",
        "pat",
    }
)


def column_problems(layout: Layout, table: RawTable) -> list[Problem]:
    """Columns that only the schema has, or only the data; a pair of them that is one is told as one."""
    own = {name: table.name_of(name) for name in layout.columns}
    optional = set() if layout.names_people or _looks_like_ids(layout, table) else {layout.participant_column}
    lacking_names = [name for name, found in own.items() if found is None and name not in optional]
    expected = {*own.values(), *(table.name_of(name) for name in layout.unclear)}
    unknown = [name for name in table.columns if name not in expected]
    features = {feature.source_column: feature.name for feature in layout.features}
    problems, paired = [], set()
    for name in lacking_names:
        near = _near(name, [other for other in unknown if other not in paired])
        if near is None and name == layout.participant_column:
            near = _looks_like_ids(layout, table)
        if near is None:
            text, mend = "the data have no such column", "Add the column, or take it out of the schema."
        else:
            paired.add(near)
            text = f"the data have no such column, but {shown(near)}"
            key = (
                f"`column = {quoted(near)}`"
                if name in features
                else f"`{_key_of(layout, name)} = {quoted(near)}`"
            )
            mend = f"Did you mean that? Then write {key}, or rename it in the data."
        problems.append(Problem(name, None, text, mend))
    rest = [] if layout.ignore_other_columns else [name for name in unknown if name not in paired]
    mend = "Describe it in schema.toml, remove it, or write `ignore_other_columns = true` at the top."
    if len(rest) > MOST_COLUMNS_NAMED:
        text = (
            f"the schema does not know {len(rest):,} columns: {some((shown(n, 80)[1:-1] for n in rest), 5)}"
        )
        mend = "Write `ignore_other_columns = true` at the top of schema.toml, or describe them."
        return [*problems, Problem(None, None, text, mend)]
    return problems + [
        Problem(shown(name, 80)[1:-1], None, "the schema does not know this column", mend) for name in rest
    ]


def _key_of(layout: Layout, name: str) -> str:
    """The key of the schema that names a column which is no feature."""
    keys = {layout.target: "target", layout.row_column: "row_column"}
    return keys.get(name, "participant_column" if name == layout.participant_column else "name")


def _near(name: str, others: list[str]) -> str | None:
    """The other name that is most like this one: the same letters, or the same words and more, or similar."""
    plain = plain_name(name)
    by_plain = {plain_name(other): other for other in reversed(others)}
    if plain in by_plain:
        return by_plain[plain]
    words = set(plain.split("_"))
    longer = [other for key, other in by_plain.items() if words <= set(key.split("_")) and plain != "feature"]
    if len(longer) == 1:
        return longer[0]
    close = difflib.get_close_matches(plain, by_plain, n=1, cutoff=0.75)
    return by_plain[close[0]] if close else None


@dataclass
class TypedTable:
    """The columns of both schema and data as values, indexed by (participant_id, row_id)."""

    frame: pd.DataFrame
    problems: list[Problem]
    notes: list[Note]

    @classmethod
    def of(cls, layout: Layout, table: RawTable) -> TypedTable:
        """Read every column that both have."""
        table, left_out = _with_target(layout, table)
        index, problems, notes = _index(layout, table)
        data: dict[str, object] = {}
        commas = table.delimiter != "," and any(
            has_decimal_commas(list(column.distinct))
            for feature in layout.features
            if not feature.named and (column := table.column(feature.source_column)) is not None
        )

        def add(name: str, read: Read) -> None:
            data[name] = read.values
            problems.extend(read.problems)
            notes.extend(read.notes)

        for feature in layout.features:
            if (column := table.column(feature.source_column)) is not None:
                add(feature.name, _feature(feature, column, (*layout.missing, *feature.missing), commas))
        for subgroup in layout.subgroups:
            column = table.column(subgroup.name)
            if column is not None and subgroup.name not in data:
                add(subgroup.name, levels(subgroup.levels, column, layout.missing))
        if layout.target and (column := table.column(layout.target)) is not None:
            add(layout.target, target(column, layout.target_words, layout.missing))
        frame = pd.DataFrame(data, index=index)
        if layout.target in data and not any(p.column == layout.target for p in problems):
            problems += _participant_problems(frame[layout.target])
        if layout.ignore_other_columns:
            used = {table.name_of(name) for name in layout.columns}
            if others := [name for name in table.columns if name not in used]:
                what = "1 other column is" if len(others) == 1 else f"{len(others):,} other columns are"
                text = f"{what} left out: {some((shown(n)[1:-1] for n in others), 5)}"
                notes.append(Note(None, None, text))
        return cls(frame, problems, [*table.notes, *left_out, *notes])


def _with_target(layout: Layout, table: RawTable) -> tuple[RawTable, list[Note]]:
    """The rows that have a target, where the schema says that the others are left out."""
    column = table.column(layout.target) if layout.target and layout.leave_out_missing else None
    if column is None:
        return table, []
    words = {
        str(word).casefold() for word in layout.target_words or ()
    }  # "none" may be what a class is called

    is_gap = gaps_of(column.distinct)

    def is_absent(cell: object) -> bool:
        word = cell.casefold() if isinstance(cell, str) else None
        return declared(layout.missing, cell) or (is_gap(cell) and word not in words)

    absent = column.where(is_absent)
    if not absent.any():
        return table, []
    count, row = int(absent.sum()), str(column.rows[np.argmax(absent)])
    note = Note(column.name, row, in_rows("a row without a target is left out", count), count)
    return table.without(absent), [note]


def _looks_like_ids(layout: Layout, table: RawTable) -> str | None:
    """A column that the schema does not use and that is called as ids are, where no column has ids."""
    used = {table.name_of(name) for name in layout.columns}
    return next((name for name in table.columns if name not in used and is_id_name(name)), None)


def is_id_name(name: str) -> bool:
    """Whether a column is called as ids of people are: ``PatientID``, ``subject``, ``record_id``, ``id``."""
    words = plain_name(re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name)).split("_")
    return bool(set(words) & ID_WORDS) and set(words) <= ID_WORDS | PERSON_WORDS


def _feature(feature: Feature, column: Column, missing: Codes, commas: bool) -> Read:
    if feature.named:
        return levels(feature.levels, column, missing)
    if feature.kind == "binary":
        return truths(column, feature.words, missing)
    return numbers(feature, column, missing, commas)


def _index(layout: Layout, table: RawTable) -> tuple[pd.MultiIndex, list[Problem], list[Note]]:
    """Participant and row ids as text; :func:`_column_problems` reports missing columns."""
    problems: list[Problem] = []
    notes: list[Note] = []
    people = np.arange(1, len(table) + 1).astype(str).astype(object)
    rows = np.full(len(table), "0", dtype=object)
    if (column := table.column(layout.participant_column)) is not None:
        read = identifiers(column)
        people = read.values
        problems += read.problems
    elif not layout.names_people and not _looks_like_ids(layout, table):
        notes.append(
            Note(None, None, "no column has ids, so each row is a person of its own, numbered from 1")
        )
    if layout.row_column and (column := table.column(layout.row_column)) is not None:
        read = identifiers(column)
        rows = read.values
        problems += read.problems
    elif layout.number_rows:
        rows = (pd.Series(people).groupby(people).cumcount() + 1).astype(str).to_numpy(object)
        notes.append(Note(None, None, "a person's rows are numbered from 1 in the order of the file"))
    index = pd.MultiIndex.from_arrays([people, rows], names=INDEX_NAMES)
    repeated = np.flatnonzero(index.duplicated() & (people != ""))
    if len(repeated):
        person, row = index[repeated[0]]
        text = f"participant {shown(person)} has the row {shown(row)} twice"
        if len(repeated) > 1:
            text += f", and {len(repeated) - 1:,} more rows are repeated like this"
        same = table.repeats(repeated)
        if same:
            text += (
                ", the same in every column" if len(repeated) == 1 else "; all are the same in every column"
            )
        mend = "Remove the repeated row." if len(repeated) == 1 else "Remove the repeated rows."
        if not layout.row_column and not same:
            mend = "Name the `row_column` that tells a person's rows apart, or write `number_rows = true`."
        line = str(table.rows[repeated[0]])
        problems.append(Problem(layout.participant_column, line, text, mend, len(repeated)))
    return index, problems, notes


def _participant_problems(target: pd.Series) -> list[Problem]:
    people = target.index.get_level_values(0).nunique()
    problems = []
    if people < FEWEST_PARTICIPANTS:
        text = f"{people} participants; at least {FEWEST_PARTICIPANTS} are needed"
        problems.append(Problem(None, None, text, "Add participants."))
    measured = target.dropna()
    if measured.nunique() == 1:
        text = f"every row has class {measured.iloc[0]:.0f}"
        problems.append(
            Problem(str(target.name), None, text, "Add rows of the other class, or correct the target.")
        )
    return problems
