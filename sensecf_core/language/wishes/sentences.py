"""Sentences with what they mean, and the file that holds them (docs/wishes.md, "Sentences")."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from sensecf_core.cohorts import builtin
from sensecf_core.cohorts.schema import Schema
from sensecf_core.errors import InputError
from sensecf_core.language.wishes.wish import Wish, read_wishes
from sensecf_core.toml_text import parse_toml

SCHEMAS = "schemas"
"""Folder beside the file with the schemas of cohorts that are not built in."""


@dataclass(frozen=True)
class Sentence:
    """What somebody says about a cohort's features, and the wishes that they mean.

    Attributes
    ----------
    text, schema : what is said, and the schema that it is said about.
    meant : the wishes; in generated sentences each has its words.
    other : a second reading that is as good, or None.
    kinds : what makes it hard, or which kinds of patterns made it.
    unread : words about something that the schema does not know; a reader has to report them.
    clauses : the pieces that a generated sentence was made of, in order, with what each asks for.
    """

    text: str
    schema: Schema
    meant: tuple[Wish, ...] = ()
    other: tuple[Wish, ...] | None = None
    kinds: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()
    clauses: tuple[tuple[str, tuple[Wish, ...]], ...] = ()


def read_file(path: Path) -> list[Sentence]:
    """Read a file of sentences with its schemas; raises ``InputError`` for what is wrong in it."""
    try:
        tables = parse_toml(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"{path} cannot be read as a file of sentences: {error}.") from error
    found: list[Sentence] = []
    for name, entries in tables.items():
        schema = _schema(name, path.parent / SCHEMAS / f"{name}.toml")
        if not isinstance(entries, list):
            raise InputError(f"{path}: `{name}` must be a list of sentences.")
        found += [_sentence(schema, entry, number, path) for number, entry in enumerate(entries, 1)]
    return found


def _schema(name: str, file: Path) -> Schema:
    if name in builtin.NAMES:
        return builtin.read_schema(name)
    try:
        return Schema.model_validate(parse_toml(file.read_text("utf-8")))
    except (OSError, ValueError, ValidationError) as error:
        raise InputError(
            f"The schema `{name}` of the sentences is not built in, and {file} is none."
        ) from error


def _sentence(schema: Schema, entry: Any, number: int, path: Path) -> Sentence:
    try:
        other = entry.get("or")
        return Sentence(
            text=entry["text"],
            schema=schema,
            meant=read_wishes(schema, entry["meant"]),
            other=None if other is None else read_wishes(schema, other),
            kinds=_listed(entry, "kinds"),
            unread=_listed(entry, "unread"),
        )
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise InputError(f"{path}: sentence {number} of `{schema.name}` is not right: {error}.") from error


def _listed(entry: Mapping[str, str], field: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in entry.get(field, "").split(",") if part.strip())
