"""A user's own cohort: a folder with ``schema.toml`` and ``data.csv`` or ``data.parquet``.

:func:`check` lists its problems, :func:`read` returns the cohort, :func:`state` tells whether a file changed.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from sensecf_core.cohorts.cohort import INDEX_NAMES, Cohort, FlowStep, plain_text, tidy_rows
from sensecf_core.cohorts.domain import OUTER_PERCENT
from sensecf_core.cohorts.encoding import to_codes
from sensecf_core.cohorts.fingerprint import frame_sha256
from sensecf_core.cohorts.own import columns, data_file, schema_file
from sensecf_core.cohorts.own.data_file import RawTable
from sensecf_core.cohorts.own.problems import Problem, by_row, shown
from sensecf_core.cohorts.own.schema_file import Layout
from sensecf_core.cohorts.rules import broken_shares
from sensecf_core.cohorts.schema import Feature, Schema
from sensecf_core.cohorts.split import split
from sensecf_core.errors import InputError
from sensecf_core.provenance import CLI

FEWEST_PARTICIPANTS = 50
MOST_COLUMNS_NAMED = 30
MOST_STEPS = 1000
"""A feature with more values than this to choose from has too fine a ``step``."""

State = tuple[tuple[str, int, int], ...]
"""Name, modification time in ns, and size of each file of a cohort folder."""


def check(folder: Path) -> tuple[Problem, ...]:
    """List every problem of a cohort folder; empty means that it can be used.

    Never raises because of what the files contain: broken, empty, binary and huge files are problems too.
    """
    result = examine(folder)
    return () if isinstance(result, Cohort) else result


def read(folder: Path) -> Cohort:
    """Read a cohort folder that has no problem.

    Numbers are rounded to their feature's ``decimals``; the split is made from the participants' ids.

    Raises
    ------
    InputError : names the first problems and how many there are.
    """
    result = examine(folder)
    if isinstance(result, Cohort):
        return result
    first = "; ".join(f"{p.column or 'folder'}: {p.problem}" for p in result[:3])
    raise InputError(
        f"The cohort folder {str(folder)!r} has {len(result)} problem(s) ({first}); "
        f"`{CLI} cohort check {folder}` lists them all."
    )


def state(folder: Path) -> State:
    """Return a value that differs once a file of the folder has changed; reads none of them."""
    files = []
    for name in (schema_file.FILE, *data_file.NAMES):
        try:
            status = (folder / name).stat()
        except OSError:
            continue
        files.append((name, status.st_mtime_ns, status.st_size))
    return tuple(files)


def examine(folder: Path) -> Cohort | tuple[Problem, ...]:
    """Return the cohort, or every problem of the folder. Never raises because of what the files contain."""
    if not folder.is_dir():
        return (Problem(None, None, f"there is no folder {str(folder)!r}", "Correct the path."),)
    schema, layout, problems = schema_file.read(folder)
    table, more = data_file.read(folder)
    problems += more
    if table is None or layout is None:
        return tuple(problems)
    problems += _column_problems(layout, table)
    typed, more = _typed(layout, table)
    problems += [*more, *_feature_problems(layout, typed)]
    if schema is not None and not problems:
        problems += _rule_problems(schema, typed)
    return tuple(problems) if schema is None or problems else _cohort(schema, typed, folder)


def _column_problems(layout: Layout, table: RawTable) -> list[Problem]:
    expected = set(layout.columns) | layout.unclear
    problems = [
        Problem(name, None, "the data have no such column", "Add the column, or take it out of the schema.")
        for name in layout.columns
        if name not in table.columns
    ]
    unknown = [name for name in table.columns if name and name not in expected]
    mend = "Describe it in schema.toml, or remove it."
    problems += [
        Problem(shown(name, 80)[1:-1], None, "the schema does not know this column", mend)
        for name in unknown[:MOST_COLUMNS_NAMED]
    ]
    if rest := len(unknown[MOST_COLUMNS_NAMED:]):
        problems.append(Problem(None, None, f"the schema does not know {rest:,} more columns either", mend))
    return problems


def _typed(layout: Layout, table: RawTable) -> tuple[pd.DataFrame, list[Problem]]:
    """Read every column of both schema and data; the frame is indexed by (participant_id, row_id)."""
    index, problems = _index(layout, table)
    data: dict[str, object] = {}
    for feature in layout.features:
        if (column := table.column(feature.name)) is not None:
            data[feature.name], more = (
                columns.levels(feature.levels, column) if feature.named else columns.numbers(feature, column)
            )
            problems += more
    for subgroup in layout.subgroups:
        column = table.column(subgroup.name)
        if column is not None and subgroup.name not in data:
            data[subgroup.name], more = columns.levels(subgroup.levels, column)
            problems += more
    if layout.target and (column := table.column(layout.target)) is not None:
        data[layout.target], more = columns.target(column)
        problems += more
    frame = pd.DataFrame(data, index=index)
    if layout.target in data:
        problems += _participant_problems(frame[layout.target])
    return frame, problems


def _index(layout: Layout, table: RawTable) -> tuple[pd.MultiIndex, list[Problem]]:
    """Participant and row ids as text; :func:`_column_problems` reports missing columns."""
    problems: list[Problem] = []
    people = np.arange(len(table)).astype(str).astype(object)
    rows = np.full(len(table), "0", dtype=object)
    if (column := table.column(layout.participant_column)) is not None:
        people, more = columns.identifiers(column)
        problems += more
    if layout.row_column and (column := table.column(layout.row_column)) is not None:
        rows, more = columns.identifiers(column)
        problems += more
    index = pd.MultiIndex.from_arrays([people, rows], names=INDEX_NAMES)
    repeated = index.duplicated() & (people != "")
    texts = [f"participant {shown(person)} has the row {shown(row)} twice" for person, row in index[repeated]]
    mend = (
        "Remove the repeated row."
        if layout.row_column
        else "Remove it, or name a `row_column` in schema.toml."
    )
    problems += by_row(layout.participant_column, [int(row) for row in table.rows[repeated]], texts, mend)
    return index, problems


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
    elif people >= FEWEST_PARTICIPANTS and measured.nunique() == 2:
        counts = measured.groupby(split(measured)).nunique()
        if len(counts) < 3 or counts.min() < 2:
            text = "one class is so rare that a part of the split would lack it"
            problems.append(Problem(str(target.name), None, text, "Add participants of the rarer class."))
    return problems


def _feature_problems(layout: Layout, typed: pd.DataFrame) -> list[Problem]:
    """Features without any value, and grids too fine to choose from."""
    problems = []
    for feature in layout.features:
        measured = typed[feature.name].dropna() if feature.name in typed else None
        if measured is None or typed.empty:
            continue
        count = 0 if feature.named or measured.empty else _choices(feature, measured)
        if measured.empty:
            mend = "Fill it, or take the feature out of the schema."
            problems.append(Problem(feature.name, None, "no row has a usable value", mend))
        elif count > MOST_STEPS and feature.role != "context":
            mend = f"Set `step` to {feature.grid * count / MOST_STEPS:.2g} or more."
            text = f"`step` {feature.grid:g} leaves {_approximate(count)} values to choose from"
            problems.append(Problem(feature.name, None, text, mend))
    return problems


def _approximate(count: int) -> str:
    return f"{count:,}" if count < 1_000_000 else "over a million"


def _rule_problems(schema: Schema, typed: pd.DataFrame) -> list[Problem]:
    """A rule that most of the rows break is a wrong rule."""
    mend = "Correct the rule's terms and bound, or the data."
    shares = broken_shares(schema, to_codes(schema, typed))
    return [
        Problem(name, None, f"{share:.0%} of the rows break this rule", mend)
        for name, share in shares.items()
        if share > 0.5
    ]


def _choices(feature: Feature, measured: pd.Series) -> int:
    """Count the values that a suggestion may choose from, within ``suggest`` and the in-domain range."""
    low, high = np.percentile(measured.astype(float), [OUTER_PERCENT, 100 - OUTER_PERCENT])
    if feature.suggest is not None:
        low, high = min(low, feature.suggest[0]), max(high, feature.suggest[1])
    return int((high - low) / feature.grid) + 1


def _cohort(schema: Schema, typed: pd.DataFrame, folder: Path) -> Cohort:
    target = typed[schema.task.target].astype(int)
    parts = split(target)
    subgroups = plain_text(typed[[subgroup.name for subgroup in schema.subgroups]])
    people = typed.index.get_level_values(0).nunique()
    return Cohort(
        schema=schema,
        rows=tidy_rows(schema, typed),
        target=target,
        parts=parts,
        subgroups=subgroups,
        flow=(FlowStep(f"rows in {folder.name}, of {people:,} participants", len(typed)),),
        data_sha256=frame_sha256(typed),
        split_sha256=frame_sha256(parts.to_frame()),
        own=True,
    )
