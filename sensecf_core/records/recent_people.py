"""The people about whom something was asked, compared or decided last, whoever did it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sensecf_core.records.storage.database import connect

MOST_READ: Final = 200
"""Newest records that are looked at."""


@dataclass(frozen=True)
class RecentPerson:
    """A person, the row that the newest record about them is about, and when it was made (UTC, ISO 8601).

    ``row_id`` is None where all that is known is about the person: a note or a star.
    """

    cohort: str
    participant_id: str
    row_id: str | None
    when: str


def newest() -> tuple[RecentPerson, ...]:
    """Each person of the newest records once, newest first.

    Raises ``NotReadyError`` if the database cannot be read.
    """
    columns = "cohort, participant_id, row_id, created"
    tables = " UNION ALL ".join(
        f"SELECT {columns} FROM {table}" for table in ("answers", "comparisons", "decisions")
    )
    with connect() as database:
        rows = database.execute(f"{tables} ORDER BY created DESC LIMIT {MOST_READ}").fetchall()
    people: dict[tuple[str, str], RecentPerson] = {}
    for row in rows:
        person = (row["cohort"], row["participant_id"])
        known = people.get(person)
        if known is None:
            people[person] = RecentPerson(*person, row["row_id"], row["created"])
        elif known.row_id is None:
            people[person] = RecentPerson(*person, row["row_id"], known.when)
    return tuple(people.values())
