"""What the rows of a cohort are called: people, or the days of people; real ones, or made ones."""

from __future__ import annotations

from datetime import date

from sensecf_core.cohorts.schema import Schema
from sensecf_core.ui.common.wording import counted, day_name, plain


def rows(schema: Schema) -> str:
    """The rows in a sentence: "people", or what the schema calls the rows of a person ("days")."""
    return "people" if schema.row_column is None else plain(f"{schema.row_label}s")


def one(schema: Schema) -> str:
    """One row of the cohort: "person", or what the schema calls a row ("day")."""
    return "person" if schema.row_column is None else plain(schema.row_label)


def this(schema: Schema) -> str:
    """The row that is looked at: "this participant", or "this day"."""
    return "this participant" if schema.row_column is None else f"this {one(schema)}"


def alike(schema: Schema) -> str:
    """Those that a risk speaks of: "people like this participant", or "days like this one"."""
    return f"{rows(schema)} like {this(schema) if schema.row_column is None else 'this one'}"


def row_name(schema: Schema, row: str) -> str:
    """Name one row of a person; a calendar day is written as on the charts, with its year."""
    try:
        day = date.fromisoformat(row)
    except ValueError:
        return row
    return f"{day_name(day)} {day.year}" if schema.row_column else row


def counted_rows(schema: Schema, n: int) -> str:
    """Write how many rows: "1 person", "3 people"; "1 day", "3 days"."""
    if schema.row_column is None:
        return counted(n, "person", "people")
    return counted(n, one(schema), rows(schema))


def counted_known(schema: Schema, n: int) -> str:
    """Write how many rows of the data, as opposed to suggested ones; only real people are called real."""
    if schema.row_column is None and schema.provenance.real:
        return counted(n, "real person", "real people")
    return counted_rows(schema, n)


def people(schema: Schema) -> str:
    """Those whom the data are about, as opposed to suggested ones: real, or of the cohort."""
    return "real people" if schema.provenance.real else "people of the cohort"
