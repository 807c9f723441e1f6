"""Nouns for the rows of a cohort: people or days; real people or people of the cohort."""

from __future__ import annotations

from datetime import date

from sensecf_core.aireadi.report.wording import day_name
from sensecf_core.cohorts.schema import Schema
from sensecf_core.ui.common.wording import counted, plain


def plural(schema: Schema) -> str:
    """The plural noun: "people", or what the schema calls a person's rows ("days")."""
    return "people" if schema.row_column is None else plain(f"{schema.row_label}s")


def singular(schema: Schema) -> str:
    """The singular noun: "person", or what the schema calls a row ("day")."""
    return "person" if schema.row_column is None else plain(schema.row_label)


def this_row(schema: Schema) -> str:
    """The chosen row: "this participant" or "this day"."""
    return "this participant" if schema.row_column is None else f"this {singular(schema)}"


def similar_rows(schema: Schema) -> str:
    """The rows that a risk is about: "people like this participant" or "days like this one"."""
    return f"{plural(schema)} like {this_row(schema) if schema.row_column is None else 'this one'}"


def row_name(schema: Schema, row: str) -> str:
    """Name one row of a person; a date is written as on the charts, with its year."""
    try:
        day = date.fromisoformat(row)
    except ValueError:
        return row
    return f"{day_name(day)} {day.year}" if schema.row_column else row


def short_row_name(schema: Schema, row: str) -> str:
    """Name one row of a person as briefly as the charts do: a date without its year."""
    try:
        return day_name(date.fromisoformat(row)) if schema.row_column else row
    except ValueError:
        return row


def counted_rows(schema: Schema, n: int) -> str:
    """Write a number of rows: "1 person", "3 people"; "1 day", "3 days"."""
    if schema.row_column is None:
        return counted(n, "person", "people")
    return counted(n, singular(schema), plural(schema))


def counted_data_rows(schema: Schema, n: int) -> str:
    """Write a number of rows of the data (not suggested ones); only real people are called real."""
    if schema.row_column is None and schema.provenance.real:
        return counted(n, "real person", "real people")
    return counted_rows(schema, n)


def people(schema: Schema) -> str:
    """The people of the data, in contrast to suggested rows: "real people" or "people of the cohort"."""
    return "real people" if schema.provenance.real else "people of the cohort"
