"""Read an own cohort's ``schema.toml``: the schema, or every problem in it.

A broken schema still yields a :class:`Layout` of what could be read, so that the data file is checked in the
same run.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from sensecf_core.cohorts.clinical import Bound, MeaningfulChange, RedFlag, Reference
from sensecf_core.cohorts.feature import Cell, Feature
from sensecf_core.cohorts.frames.layout import plain_name
from sensecf_core.cohorts.own.cells import quoted
from sensecf_core.cohorts.own.problems import Problem, UnreadableError, shown
from sensecf_core.cohorts.schema import (
    Coupling,
    LinearRule,
    Provenance,
    Schema,
    Subgroup,
    Task,
    is_text_encoding,
)
from sensecf_core.toml_text import parse_toml

FILE = "schema.toml"
MOST_BYTES = 1_000_000
EXAMPLE = "docs/own-cohort.md shows a complete example."

Entry = TypeVar("Entry", bound=BaseModel)


@dataclass(frozen=True)
class Layout:
    """The columns that the data file should have, as far as the schema could be read.

    ``unclear`` are columns of features or subgroups whose own definition is broken; ``names_people`` says
    whether the schema itself names the column of the participants; ``target_words`` are the target's words
    for 0 and 1.
    """

    participant_column: str
    row_column: str | None
    target: str | None
    features: tuple[Feature, ...]
    subgroups: tuple[Subgroup, ...]
    unclear: frozenset[str] = frozenset()
    names_people: bool = True
    target_words: tuple[Cell, Cell] | None = None
    missing: tuple[Cell, ...] = ()
    encoding: str = ""
    ignore_other_columns: bool = False
    leave_out_missing: bool = False
    number_rows: bool = False

    @property
    def columns(self) -> tuple[str, ...]:
        """Every expected column, without repetition, as the data file calls it."""
        names = [self.participant_column, self.row_column, *(f.source_column for f in self.features)]
        names += [*(s.name for s in self.subgroups), self.target]
        return tuple(dict.fromkeys(name for name in names if name))

    @property
    def codes(self) -> tuple[Cell, ...]:
        """Every code for "not measured", those of single features too."""
        return (*self.missing, *(code for feature in self.features for code in feature.missing))


def read(folder: Path) -> tuple[Schema | None, Layout | None, list[Problem]]:
    """Read ``schema.toml``; the schema is None where there are problems. Never raises."""
    try:
        raw = _parse(_text(folder / FILE))
    except UnreadableError as error:
        return None, None, [error.problem]
    problems = list(_cross_problems(raw))
    try:
        schema = Schema.model_validate(raw)
    except ValidationError as error:
        problems = [*_validation_problems(error, raw, bool(problems)), *problems]
        return None, _partial_layout(raw), problems
    return (None if problems else schema), _partial_layout(raw), problems


def name_of(folder: Path) -> str | None:
    """The name that a folder's schema gives its cohort, with nothing else checked; None if it has none."""
    try:
        name = _parse(_text(folder / FILE)).get("name")
    except UnreadableError:
        return None
    return name if isinstance(name, str) else None


def _text(path: Path) -> str:
    try:
        if not path.is_file():
            raise UnreadableError(FILE, "the file is missing", f"Write a schema. {EXAMPLE}")
        if (size := path.stat().st_size) > MOST_BYTES:
            mend = "A schema is a few kilobytes of text; is it the wrong file?"
            raise UnreadableError(FILE, f"the file has {size:,} bytes", mend)
        return path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        text = f"the file cannot be read ({error.strerror or error})"
        raise UnreadableError(FILE, text, "Check its permissions.") from error
    except UnicodeDecodeError as error:
        raise UnreadableError(FILE, "the file is not UTF-8 text", "Save it as text in UTF-8.") from error


def _parse(text: str) -> dict[str, Any]:
    try:
        return parse_toml(text)
    except ValueError as error:  # TOMLDecodeError is one
        line = str(error).rpartition("at line ")[2].partition(",")[0]
        row = line if line.isdecimal() else None
        problem = f"broken TOML: {str(error)[:200]}"
        raise UnreadableError(FILE, problem, f"Correct that line. {EXAMPLE}", row) from error


def _validation_problems(
    error: ValidationError, raw: Mapping[str, Any], cross_found: bool
) -> Iterator[Problem]:
    """Put pydantic's errors in the file's terms; ``cross_found`` replaces those about the whole file."""
    for item in error.errors(include_url=False):
        loc: tuple[int | str, ...] = item["loc"]
        if not loc and cross_found:
            continue
        key = str(loc[-1]) if loc else ""
        if item["type"] == "too_short" and loc == ("features",) and _list(raw, "features"):
            continue  # they are told themselves
        if item["type"] == "string_pattern_mismatch" and key == "name":
            yield _name_problem(loc, raw, str(item["input"]))
            continue
        if item["type"] == "extra_forbidden":
            yield Problem(_entry(loc[:-1], raw), None, f"the key `{key}` is not known", _suggestion(loc, key))
        elif item["type"] == "missing":
            yield Problem(_entry(loc[:-1], raw), None, f"the key `{key}` is missing", f"Add it. {EXAMPLE}")
        else:
            text = item["msg"].removeprefix("Value error, ").replace("a valid tuple", "a list, like [1, 2]")
            keys = [part for part in loc if isinstance(part, str)]
            whole_entry = not keys or (len(loc) == 2 and isinstance(loc[1], int))
            problem = text if whole_entry else f"`{keys[-1]}`: {text}, got {shown(item['input'])}"
            yield Problem(_entry(loc, raw), None, problem, f"Correct it in {FILE}.")


def _name_problem(loc: tuple[int | str, ...], raw: Mapping[str, Any], name: str) -> Problem:
    """A name that is none, with one that is; a feature's own spelling can stay as its ``column``."""
    plain = plain_name(name)
    whole = loc == ("name",)
    allowed = "lower-case letters, digits, _" + (" and -" if whole else "")
    mend = f"Write `name = {quoted(plain)}`" + (
        "." if whole else f", and `column = {quoted(name)}` for the data."
    )
    text = f"the name {shown(name)} is not allowed: {allowed}, a letter first (pattern of names)"
    return Problem(_entry(loc, raw), None, text, mend)


def _entry(loc: tuple[int | str, ...], raw: Mapping[str, Any]) -> str:
    """Name an entry of the schema: by its name, else by its position."""
    if not loc:
        return FILE
    if len(loc) > 1 and isinstance(loc[1], int):
        entry = _list(raw, str(loc[0]))[loc[1]] if loc[1] < len(_list(raw, str(loc[0]))) else None
        name = entry.get("name") if isinstance(entry, Mapping) else None
        return name if isinstance(name, str) and name else f"{loc[0]}, entry {loc[1] + 1}"
    return str(loc[0])


def _suggestion(loc: tuple[int | str, ...], key: str) -> str:
    models: dict[str, type[BaseModel]] = {"features": Feature, "rules": LinearRule, "couplings": Coupling}
    models |= {"subgroups": Subgroup, "red_flags": RedFlag, "task": Task, "provenance": Provenance}
    model = models.get(str(loc[0]), Schema) if len(loc) > 1 else Schema
    for part, inner in (("reference", Reference), ("meaningful_change", MeaningfulChange), ("any_of", Bound)):
        model = inner if part in loc[:-1] else model
    near = difflib.get_close_matches(key, list(model.model_fields), n=1)
    return f"Did you mean `{near[0]}`?" if near else "Remove it."


def _cross_problems(raw: Mapping[str, Any]) -> Iterator[Problem]:
    """Problems between entries, such as repeated names, reported one by one."""
    features = {str(f["name"]): f for f in _tables(raw, "features") if "name" in f}
    names = [str(f["name"]) for f in _tables(raw, "features") if "name" in f]
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield Problem(name, None, "two features have this name", "Rename one of them.")
    for rule, used in _rule_names(raw):
        for name in used:
            if name not in features:
                near = difflib.get_close_matches(name, names, n=1)
                mend = f"Did you mean `{near[0]}`?" if near else "Use the name of a feature."
                yield Problem(rule, None, f"the rule names `{name}`, which is not a feature", mend)
            elif features[name].get("kind") in ("ordinal", "categorical"):
                yield Problem(
                    rule, None, f"the rule uses `{name}`, which has levels", "Use numeric features only."
                )
    by_column: dict[str, list[str]] = {}
    for feature in _tables(raw, "features"):
        by_column.setdefault(str(feature.get("column") or feature.get("name", "")), []).append(
            str(feature.get("name"))
        )
    for column, sharing in by_column.items():
        if len(set(sharing)) > 1:
            yield Problem(
                column,
                None,
                f"the features {', '.join(sharing)} have one column",
                "Give each a column of its own.",
            )
    special = {"participant_column": raw.get("participant_column", "participant_id")}
    special["row_column"] = raw.get("row_column")
    special["task.target"] = _table(raw, "task").get("target")
    for key, name in special.items():
        if isinstance(name, str) and (name in by_column or (key == "task.target" and name in features)):
            yield Problem(name, None, f"a feature is also the `{key}`", "Keep it as one of the two.")
    columns = [name for name in special.values() if isinstance(name, str)]
    for name in sorted({name for name in columns if columns.count(name) > 1}):
        yield Problem(
            name, None, "participant, row and target must be different columns", "Name three columns."
        )


def _rule_names(raw: Mapping[str, Any]) -> Iterator[tuple[str, list[str]]]:
    for rule in _tables(raw, "rules"):
        terms = rule.get("terms")
        yield (
            str(rule.get("name", "rules")),
            [str(name) for name in terms] if isinstance(terms, Mapping) else [],
        )
    for coupling in _tables(raw, "couplings"):
        used = [coupling[key] for key in ("feature", "follows") if isinstance(coupling.get(key), str)]
        yield str(coupling.get("name", "couplings")), used


def _partial_layout(raw: Mapping[str, Any]) -> Layout:
    """Describe the columns from those entries that are valid."""
    features, unclear = _valid_entries(Feature, _tables(raw, "features"))
    subgroups, more = _valid_entries(Subgroup, _tables(raw, "subgroups"))
    target, row = _table(raw, "task").get("target"), raw.get("row_column")
    participant = raw.get("participant_column", "participant_id")
    task, intake = _valid_part(_TargetIntake, _table(raw, "task")), _valid_part(_Intake, raw)
    return Layout(
        participant_column=participant if isinstance(participant, str) else "participant_id",
        row_column=row if isinstance(row, str) else None,
        target=target if isinstance(target, str) else None,
        features=tuple({feature.name: feature for feature in features}.values()),
        subgroups=tuple({subgroup.name: subgroup for subgroup in subgroups}.values()),
        unclear=frozenset(unclear | more),
        names_people="participant_column" in raw,
        target_words=task.words,
        leave_out_missing=task.leave_out_missing,
        number_rows=intake.number_rows,
        missing=intake.missing,
        encoding=intake.encoding if is_text_encoding(intake.encoding) else "",
        ignore_other_columns=intake.ignore_other_columns,
    )


class _TargetIntake(BaseModel):
    """What of ``[task]`` the data file is read with."""

    words: tuple[Cell, Cell] | None = None
    leave_out_missing: bool = False


class _Intake(BaseModel):
    """What of the whole schema the data file is read with."""

    missing: tuple[Cell, ...] = ()
    encoding: str = ""
    ignore_other_columns: bool = False
    number_rows: bool = False


def _valid_part(model: type[Entry], raw: Mapping[str, Any]) -> Entry:
    """Read some keys of a table, each by itself: a broken one counts as not given."""
    fields = {}
    for key in model.model_fields:
        if key in raw:
            try:
                fields[key] = getattr(model.model_validate({key: raw[key]}), key)
            except ValidationError:
                continue
    return model.model_construct(**fields)


def _valid_entries(model: type[Entry], tables: list[Mapping[str, Any]]) -> tuple[list[Entry], set[str]]:
    """Return the valid entries, and the names of the others."""
    valid, unclear = [], set()
    for table in tables:
        try:
            valid.append(model.model_validate(table))
        except ValidationError:
            unclear |= {str(table.get("name", "")), str(table.get("column", ""))}
    return valid, unclear


def _table(raw: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = raw.get(key)
    return value if isinstance(value, Mapping) else {}


def _list(raw: Mapping[str, Any], key: str) -> list[Any]:
    value = raw.get(key)
    return value if isinstance(value, list) else []


def _tables(raw: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
    return [entry for entry in _list(raw, key) if isinstance(entry, Mapping)]
