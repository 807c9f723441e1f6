"""Draft the ``schema.toml`` of a data file: what cannot be read off the data is marked ``# check``."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from sensecf_core.cohorts.frame_layout import plain_name
from sensecf_core.cohorts.own import cells, data_file, schema_file, text_encoding
from sensecf_core.cohorts.own.data_file import Column, RawTable
from sensecf_core.cohorts.own.draft_columns import (
    DraftedFeature,
    draft_feature,
    fields_of,
    label_and_unit,
    only,
    truth_words,
)
from sensecf_core.cohorts.own.problems import UnreadableError, shown, some
from sensecf_core.cohorts.own.typed_table import is_id_name
from sensecf_core.cohorts.schema import Cell
from sensecf_core.errors import InputError, unknown

CHECK = "# check"
MOST_LEFT_OUT = 40
"""Columns left out that a draft names one by one."""
HINTS_OF_ID = r"id|num|code|key|mrn|nr$|no$"
"""Parts of the name of a column that has ids, where its values are all different."""
MOST_TRIED = 20
"""Columns that are tried for telling a person's rows apart."""
CSV_SUFFIXES = (".csv", ".tsv", ".tab", ".txt", ".dat")

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
_ONES = frozenset(
    [
        "malignant",
        "m",
        "case",
        "dead",
        "died",
        "death",
        "disease",
        "diseased",
        "abnormal",
        "event",
        "high",
        "sick",
        "ill",
        "diabetic",
        "diabetes",
        "relapse",
        "recurrence",
        "poor",
        "severe",
        "bad",
        "lost",
        "cancer",
        "failure",
        "recurrence-events",
        "impaired",
        "affected",
        "presence",
        "2",
    ]
)
"""Words that are more likely to be class 1."""


@dataclass(frozen=True)
class Draft:
    """A drafted schema.

    Attributes
    ----------
    text : the ``schema.toml``.
    features, unsure : how many features there are, and how many lines are marked to be checked.
    left_out : columns that are no features, with the reason.
    """

    text: str
    features: int
    unsure: int
    left_out: tuple[tuple[str, str], ...]


def draft(
    path: Path, *, name: str | None = None, target: str | None = None, participant: str | None = None
) -> Draft:
    """Draft the schema of a CSV, Parquet or Excel file.

    Parameters
    ----------
    name : of the cohort; else the file's.
    target, participant : columns; else guessed from their names.

    Raises
    ------
    InputError : the file cannot be read, no column can be the target, or a column named does not exist.
    """
    try:
        encoding = text_encoding.recognised(path) if path.suffix.lower() in CSV_SUFFIXES else ""
        table, _ = data_file.read_file(path, encoding=encoding)
    except UnreadableError as error:
        problem = error.problem
        raise InputError(f"{path}: {problem.problem}. {problem.mend}") from error
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror or error}).") from error
    if len(table.columns) == 1 and re.search(r"\S[;:~^ ,\t]\s*\S", next(iter(table.columns))):
        (alone,) = table.columns
        text = f"{path} has one column only, {shown(alone)}"
        raise InputError(f"{text}; separate the columns by commas, semicolons or tabs.")
    if not len(table):
        raise InputError(f"{path} has no row below its header.")
    chosen = _target(table, target)
    people = _participant(table, participant, chosen)
    special = _Special(people, _row_column(table, people, chosen), chosen)
    features, left_out = _features(table, {special.people, special.rows, special.target})
    if not features:
        raise InputError(f"{path} has no column that can be a feature beside {chosen!r}.")
    top = _top(path, plain_name(name or _stem(path)), encoding, table, special)
    sections = [
        *top,
        *_left_out_lines(left_out),
        *_task(table, chosen, guessed=target is None),
        *_provenance(path),
    ]
    for feature in features:
        sections += ["", "[[features]]", *_lines(feature.fields, feature.unsure)]
    text = "\n".join(sections) + "\n"
    return Draft(text, len(features), text.count(CHECK) - 1, tuple(left_out))


def write(path: Path, drafted: Draft, out: Path | None = None) -> Path:
    """Write a draft beside its data: into ``out``, else beside the file, if it is called as a cohort's data.

    A file of another name is copied into a new folder that is called after it. Nothing is overwritten.

    Raises
    ------
    InputError : the folder has a schema or other data already, or cannot be written.
    """
    in_place = path.name in data_file.NAMES
    folder = out or (path.parent if in_place else path.parent / plain_name(_stem(path)))
    suffix = path.suffix.lower()
    data = folder / f"data{'.csv' if suffix in CSV_SUFFIXES or not suffix else suffix}"
    if (folder / schema_file.FILE).exists():
        raise InputError(f"{folder / schema_file.FILE} is there already; move it, or name another --out.")
    others = [folder / name for name in data_file.NAMES if (folder / name).exists()]
    if any(other.resolve() != path.resolve() for other in others):
        raise InputError(f"{others[0]} is there already; name another folder with --out.")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not others:
            shutil.copyfile(path, data)
        (folder / schema_file.FILE).write_text(drafted.text, encoding="utf-8")
    except OSError as error:
        raise InputError(f"{folder} cannot be written ({error.strerror or error}).") from error
    return folder


def _stem(path: Path) -> str:
    return path.absolute().parent.name if path.name in data_file.NAMES else path.stem


def _target(table: RawTable, wanted: str | None) -> str:
    """The target's column; raises ``InputError`` where it cannot be one, or cannot be guessed."""
    if wanted is not None:
        found = _column(table, wanted)
        values = _present(table, found)
        if len(values) != 2:
            listed = some(map(shown, values), 4) if values else "none"
            if len(values) == 1:
                listed = only(values[0], Column(found, table.columns[found], table.rows))
            raise InputError(
                f"The target {found!r} must have two values, and has {len(values):,} ({listed}): "
                "make a column of 0 and 1 of it."
            )
        return found
    two = [name for name in table.columns if len(_present(table, name)) == 2]
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
    unique = [name for name in named if len(_present(table, name)) == len(table)]
    repeated = [name for name in named if 1 < len(_present(table, name)) < len(table)]
    hinted = [
        name
        for name, values in table.columns.items()
        if re.search(HINTS_OF_ID, plain_name(name)) and name != target and _all_different(values)
    ]
    return next(iter([*unique, *repeated, *hinted]), None)


def _all_different(values: data_file.Cells) -> bool:
    """Whether a column has another text or whole number in every row."""
    whole = all(re.fullmatch(r"-?\d+|.*[^\d.,+-].*", str(cell)) for cell in values)
    return len(set(values)) == len(values) and None not in values and whole


def _row_column(table: RawTable, people: str | None, target: str) -> str | None:
    """The column that tells the rows of a person apart, where people have several."""
    if people is None or len(_present(table, people)) == len(table):
        return None
    ids = Column(people, table.columns[people], table.rows)
    most = int(ids.counts.max())
    distinct = {name: len(_present(table, name)) for name in table.columns if name not in (people, target)}
    enough = [name for name, count in distinct.items() if most <= count]
    likely = [name for name in enough if _ROWS & set(plain_name(name).split("_"))]
    others = sorted(set(enough) - set(likely), key=lambda name: (distinct[name], name))
    for name in [*likely, *others][:MOST_TRIED]:
        pairs = set(zip(ids.codes, Column(name, table.columns[name], table.rows).codes, strict=True))
        if len(pairs) == len(table):
            return name
    return None


def _features(table: RawTable, used: set[str | None]) -> tuple[list[DraftedFeature], list[tuple[str, str]]]:
    features: list[DraftedFeature] = []
    left_out: list[tuple[str, str]] = []
    taken = {plain_name(name) for name in used if name}
    commas = table.delimiter != "," and any(
        cells.has_decimal_commas(list(Column(name, values, table.rows).distinct[:1000]))
        for name, values in table.columns.items()
    )
    for name, values in table.columns.items():
        if name in used:
            continue
        plain, number = plain_name(name), 2
        while plain in taken:
            plain, number = f"{plain_name(name)}_{number}", number + 1
        try:
            features.append(draft_feature(Column(name, values, table.rows), plain, commas))
            taken.add(plain)
        except InputError as error:
            left_out.append((name, str(error)))
    return features, left_out


@dataclass(frozen=True)
class _Special:
    """The columns that are no features: whose row it is, which of their rows, and what is predicted."""

    people: str | None
    rows: str | None
    target: str


def _top(path: Path, name: str, encoding: str, table: RawTable, special: _Special) -> list[str]:
    """The lines before ``[task]``, without the columns that are left out."""
    lines = [
        f"# Drafted from {path.name}: what can be read off is filled in. Decide every line marked `{CHECK}`,",
        "# then run `cohort check` on this folder. docs/own-cohort.md explains every key.",
        "",
    ]
    fields: dict[str, Any] = {"name": name, "title": label_and_unit(name.replace("-", " "))[0]}
    unsure = {"title": "a title for people"}
    people, rows = special.people, special.rows
    if people is not None:
        fields["participant_column"] = people
    if rows is not None:
        fields |= {"row_column": rows, "row_label": plain_name(rows).replace("_", " ")}
        unsure["row_column"] = "people have several rows; is this what tells them apart?"
    elif people is not None and len(_present(table, people)) < len(table):
        fields["number_rows"] = True
        unsure["number_rows"] = "people have several rows; or does a row_column tell them apart?"
    if encoding:
        fields["encoding"] = encoding
        unsure["encoding"] = "are accents and signs in the levels right?"
    fields["default_limits"] = "contrast"
    unsure["default_limits"] = (
        '"contrast" explains; "intervention" offers options, with direction and largest_change below'
    )
    lines += _lines(fields, unsure)
    if people is None:
        lines.append("# No column has ids of people, so each row is a person of its own.")
    return lines


def _left_out_lines(left_out: list[tuple[str, str]]) -> list[str]:
    lines = ["ignore_other_columns = true  # so a feature that is not wanted can just be deleted below"]
    lines += ["# Columns that are left out:"] if left_out else []
    lines += [f"#   {' '.join(column.split())} {why}" for column, why in left_out[:MOST_LEFT_OUT]]
    rest = len(left_out) - MOST_LEFT_OUT
    return [*lines, f"#   and {rest:,} more"] if rest > 0 else lines


def _task(table: RawTable, target: str, *, guessed: bool) -> list[str]:
    label = label_and_unit(target)[0]
    present = _present(table, target)
    fields: dict[str, Any] = {"target": target}
    unsure = {"target": "guessed from its name"} if guessed else {}
    pair = truth_words(present)
    if pair is None:
        pair = _which_is_one(table, target, present)
        fields["words"] = list(pair)
        unsure["words"] = "class 0 first, then class 1"
    values = Column(target, table.columns[target], table.rows)
    if absent := int(values.where(cells.gaps_of(values.distinct)).sum()):
        fields["leave_out_missing"] = True
        unsure["leave_out_missing"] = f"{absent:,} rows have no target"
    zero, one = ("0", "1") if cells.declared((0,), pair[0]) else map(str, pair)
    fields |= {"question": f"Is {label.lower()} {one} or {zero}?", "label": label.lower()}
    fields |= {"class_1": f"{label.lower()} is {one}", "class_0": f"{label.lower()} is {zero}", "desired": 0}
    unsure |= {"question": "in words", "class_1": "in words", "desired": "which class is the better one?"}
    return ["", "[task]", *_lines(fields, unsure)]


def _which_is_one(table: RawTable, target: str, present: list[Any]) -> tuple[Cell, Cell]:
    """Order two words: the one that sounds like class 1 last, else the rarer one."""
    ones = [str(cell).casefold() in _ONES for cell in present]
    if ones[0] != ones[1]:
        return (present[1], present[0]) if ones[0] else (present[0], present[1])
    values = table.columns[target]
    counts = [int(np.sum(values == cell)) for cell in present]
    return (present[1], present[0]) if counts[0] < counts[1] else (present[0], present[1])


def _provenance(path: Path) -> list[str]:
    fields = {"title": _stem(path), "source": path.name, "licence": "not stated", "real": True}
    unsure = {"source": "where the data are from", "licence": "", "real": "false for made-up data"}
    return ["", "[provenance]", *_lines(fields, unsure)]


def _lines(fields: dict[str, Any], unsure: dict[str, str]) -> Iterable[str]:
    if "kind" in fields:
        fields = fields_of(fields)
    for key, value in fields.items():
        line = f"{key} = {_toml(value)}"
        if key in unsure:
            line = f"{line}  {CHECK}: {unsure[key]}" if unsure[key] else f"{line}  {CHECK}"
        yield line


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return cells.quoted(value) if cells.quoted(value).startswith('"') else f'"{value}"'
    if isinstance(value, int | float):
        return f"{value:.15g}" if abs(value) < 1e15 else repr(value)
    return f"[{', '.join(_toml(item) for item in value)}]"


def _present(table: RawTable, name: str) -> list[Any]:
    """Distinct cells of a column that are no usual sign of "not measured"."""
    distinct = Column(name, table.columns[name], table.rows).distinct
    is_gap = cells.gaps_of(distinct)
    return [cell for cell in distinct if not is_gap(cell)]


def _column(table: RawTable, name: str) -> str:
    found = table.name_of(name)
    if found is None:
        raise unknown("column", name, table.columns)
    return found
