"""What the rows of a cohort are called: people, or the days of people; real ones, or made ones."""

from __future__ import annotations

from sensecf_core.cohorts.schema import Schema
from sensecf_core.ui.words import counted, plain


def rows(schema: Schema) -> str:
    """The rows in a sentence: "people", or what the schema calls the rows of a person ("days")."""
    return "people" if schema.row_column is None else plain(f"{schema.row_label}s")


def counted_rows(schema: Schema, n: int) -> str:
    """Write how many rows: "1 person", "3 people"; "1 day", "3 days"."""
    if schema.row_column is None:
        return counted(n, "person", "people")
    return plain(counted(n, schema.row_label))


def counted_known(schema: Schema, n: int) -> str:
    """Write how many rows of the data, as opposed to suggested ones; only real people are called real."""
    if schema.row_column is None and schema.provenance.real:
        return counted(n, "real person", "real people")
    return counted_rows(schema, n)


def people(schema: Schema) -> str:
    """Those whom the data are about, as opposed to suggested ones: real, or of the cohort."""
    return "real people" if schema.provenance.real else "people of the cohort"
