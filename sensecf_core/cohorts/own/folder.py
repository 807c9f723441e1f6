"""A user's own cohort: a folder with ``schema.toml`` and ``data.csv`` or ``data.parquet``.

:func:`check` lists its problems, :func:`read` returns the cohort, :func:`state` tells whether a file changed.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from sensecf_core.cohorts.cohort import Cohort, FlowStep, plain_text, tidy_rows
from sensecf_core.cohorts.domain import OUTER_PERCENT
from sensecf_core.cohorts.encoding import to_codes
from sensecf_core.cohorts.enough import lacking
from sensecf_core.cohorts.feature import Feature
from sensecf_core.cohorts.fingerprint import frame_sha256
from sensecf_core.cohorts.own import data_file, looks_odd, schema_file
from sensecf_core.cohorts.own.problems import Note, Problem
from sensecf_core.cohorts.own.schema_file import Layout
from sensecf_core.cohorts.own.typed_table import TypedTable, column_problems
from sensecf_core.cohorts.rules import broken_shares
from sensecf_core.cohorts.schema import Schema
from sensecf_core.cohorts.split import split
from sensecf_core.errors import InputError
from sensecf_core.provenance import CLI

MOST_STEPS = 1000
"""A feature with more values than this to choose from has too fine a ``step``."""

State = tuple[tuple[str, int, int], ...]
"""Name, modification time in ns, and size of each file of a cohort folder."""


@dataclass(frozen=True)
class Examined:
    """What a folder holds: a cohort, or what keeps it from being one.

    Attributes
    ----------
    cohort : None where there are problems.
    problems : what has to be mended first.
    odd : what looks odd and stops nothing.
    notes : how the data file was read, wherever that is not as it stands.
    """

    cohort: Cohort | None
    problems: tuple[Problem, ...] = ()
    odd: tuple[Problem, ...] = ()
    notes: tuple[Note, ...] = ()


def check(folder: Path) -> tuple[Problem, ...]:
    """List every problem of a cohort folder; empty means that it can be used.

    Never raises because of what the files contain: broken, empty, binary and huge files are problems too.
    """
    return examine(folder).problems


def read(folder: Path) -> Cohort:
    """Read a cohort folder that has no problem.

    Numbers are rounded to their feature's ``decimals``; the split is made from the participants' ids.

    Raises
    ------
    InputError : names the first problems and how many there are.
    """
    examined = examine(folder)
    if examined.cohort is not None:
        return examined.cohort
    problems = examined.problems
    first = "; ".join(f"{p.column or 'folder'}: {p.problem}" for p in problems[:3])
    raise InputError(
        f"The cohort folder {str(folder)!r} has {len(problems)} problem(s) ({first}); "
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


def examine(folder: Path, *, odd: bool = True) -> Examined:
    """Read a folder, and say everything about it. Never raises because of what the files contain.

    ``odd``: whether to look for what is odd as well, which takes about as long again.
    """
    if not folder.is_dir():
        return Examined(
            None, (Problem(None, None, f"there is no folder {str(folder)!r}", "Correct the path."),)
        )
    schema, layout, problems = schema_file.read(folder)
    names, encoding = (layout.columns, layout.encoding) if layout else ((), "")
    codes = layout.codes if layout else ()
    table, more = data_file.read(folder, names, encoding, codes)
    problems += more
    if table is None or layout is None or not len(table):
        return Examined(None, tuple(problems), notes=table.notes if table else ())
    problems += column_problems(layout, table)
    typed = TypedTable.of(layout, table)
    problems += typed.problems
    told = {problem.column for problem in problems}
    problems += [p for p in _feature_problems(layout, typed.frame) if p.column not in told]
    found: list[Problem] = []
    if schema is not None and not problems:
        problems += _rule_problems(schema, typed.frame)
        cohort = _cohort(schema, typed.frame, folder)
        if (why := lacking(cohort)) is not None:
            problems.append(Problem(schema.task.target, None, why, "Add participants of the rarer class."))
        found = looks_odd.find(schema, typed.frame) if odd else []
        if not problems:
            return Examined(cohort, (), tuple(found), tuple(typed.notes))
    return Examined(None, tuple(problems), tuple(found), tuple(typed.notes))


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
