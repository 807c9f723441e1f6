"""Which column is the outcome, and which tells people apart; and the schema that is drafted with that."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import NamedTuple

import streamlit as st

from sensecf_core.cohorts.frames.layout import plain_name
from sensecf_core.cohorts.own import cells, data_file, text_encoding
from sensecf_core.cohorts.own.data_file import Column
from sensecf_core.cohorts.own.draft import draft_folder
from sensecf_core.cohorts.own.draft.draft_folder import Draft
from sensecf_core.cohorts.own.problems import UnreadableError
from sensecf_core.errors import InputError

ONE_ROW_EACH = "Every row is another person"
MOST_LEVELS = 50
"""A column with more distinct values than this is no list of levels."""


class Asked(NamedTuple):
    """The cohort's name, its outcome's column, and the column of people's ids (None: a row a person)."""

    name: str
    target: str
    participant: str | None


def ask(path: Path, file_name: str) -> Asked | None:
    """Ask for the name and the two columns; names suggest a choice. None without an outcome."""
    names = _names(str(path))
    target, participant = _guessed(str(path))
    place = st.columns(3)
    key = path.parent.name
    name = place[0].text_input(
        "Short name of the cohort", plain_name(Path(file_name).stem), key=f"own_name_{key}"
    )
    chosen = place[1].selectbox(
        "Outcome (two values)",
        names,
        index=names.index(target) if target in names else None,
        placeholder="Choose the column to predict",
        key=f"own_target_{key}",
    )
    people = [ONE_ROW_EACH, *(column for column in names if column != chosen)]
    who = place[2].selectbox(
        "Person",
        people,
        index=people.index(participant) if participant in people else 0,
        key=f"own_person_{key}",
        help="The column with an id per person. All rows of a person stay on one side of every split.",
    )
    if chosen is None:
        return None
    return Asked(plain_name(name), chosen, None if who == ONE_ROW_EACH else who)


def draft(path: Path, asked: Asked) -> Draft:
    """Draft the schema, once per table and choice."""
    return _draft(str(path), asked)


@st.cache_data(max_entries=32, show_spinner="Reading the table …")
def _draft(path: str, asked: Asked) -> Draft:
    return draft_folder.draft(Path(path), name=asked.name, target=asked.target, participant=asked.participant)


@st.cache_data(max_entries=32, show_spinner="Reading the table …")
def _names(path: str) -> list[str]:
    return list(_table(Path(path)).columns)


def _table(path: Path) -> data_file.RawTable:
    try:
        encoding = text_encoding.recognised(path) if path.suffix == ".csv" else ""
        table, _ = data_file.read_file(path, encoding=encoding)
    except UnreadableError as error:
        raise InputError(
            f"The table cannot be read: {error.problem.problem}. {error.problem.mend}"
        ) from error
    return table


@st.cache_data(max_entries=32, show_spinner=False)
def _guessed(path: str) -> tuple[str | None, str | None]:
    """The columns that a draft takes for the outcome and for ids; None where it cannot tell."""
    try:
        raw = tomllib.loads(draft_folder.draft(Path(path)).text)
    except InputError:
        return None, None
    return raw["task"]["target"], raw.get("participant_column")


def levels(path: Path, column: str) -> list[str]:
    """The distinct values of a column as level names, in order; raises ``InputError`` for too many."""
    table = _table(path)
    distinct = Column(column, table.columns[column], table.rows).distinct
    present = [cell for cell in distinct if not cells.is_missing(cell)]
    if len(present) > MOST_LEVELS:
        raise InputError(f"{column!r} has {len(present)} different values, too many for a list of levels.")
    return [str(cell) for cell in present]
