"""Draft the ``schema.toml`` of a data file: what cannot be read off the data is marked ``# check``."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from sensecf_core.cohorts.feature import Cell
from sensecf_core.cohorts.frames.layout import plain_name
from sensecf_core.cohorts.own import cells, data_file, schema_file, text_encoding
from sensecf_core.cohorts.own.data_file import Column, RawTable
from sensecf_core.cohorts.own.draft.draft_columns import (
    DraftedFeature,
    draft_feature,
    fields_of,
    label_and_unit,
    truth_words,
)
from sensecf_core.cohorts.own.draft.special_columns import SpecialColumns, measured
from sensecf_core.cohorts.own.problems import UnreadableError, shown
from sensecf_core.errors import InputError

CHECK = "# check"
MOST_LEFT_OUT = 40
"""Columns left out that a draft names one by one."""
CSV_SUFFIXES = (".csv", ".tsv", ".tab", ".txt", ".dat")

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
    table, encoding = _read(path)
    special = SpecialColumns.of(table, target=target, participant=participant)
    features, left_out = _features(table, {special.people, special.rows, special.target})
    if not features:
        raise InputError(f"{path} has no column that can be a feature beside {special.target!r}.")
    top = _top(path, plain_name(name or _stem(path)), encoding, table, special)
    sections = [
        *top,
        *_left_out_lines(left_out),
        *_task(table, special.target, guessed=target is None),
        *_provenance(path),
    ]
    for feature in features:
        sections += ["", "[[features]]", *_lines(feature.fields, feature.unsure)]
    text = "\n".join(sections) + "\n"
    return Draft(text, len(features), text.count(CHECK) - 1, tuple(left_out))


def _read(path: Path) -> tuple[RawTable, str]:
    """The table of a file, which has rows and several columns, and the encoding that a schema has to name."""
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
    return table, encoding


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


def _top(path: Path, name: str, encoding: str, table: RawTable, special: SpecialColumns) -> list[str]:
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
    elif people is not None and len(measured(table, people)) < len(table):
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
    present = measured(table, target)
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
