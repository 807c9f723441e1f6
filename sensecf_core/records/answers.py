"""Stored answers, kept whole so that a link shows the same answer after a restart."""

from __future__ import annotations

import json

from sensecf_core.queries.answer import Answer
from sensecf_core.records import audit
from sensecf_core.records.database import connect, transaction
from sensecf_core.records.json_records import read, read_all


def save(answer: Answer, *, by: str | None = None) -> str:
    """Store ``answer`` and return its id; an answer with the same id is replaced.

    The audit trail gets a row: what was asked, and by whom, if a name is given.

    Raises ``ValueError`` for NaN and infinity, which JSON cannot hold.
    """
    row = (
        answer.answer_id,
        answer.cohort,
        answer.participant_id,
        answer.row_id,
        answer.method,
        answer.status,
        answer.created,
        json.dumps(answer.model_dump(mode="json", by_alias=True), allow_nan=False, ensure_ascii=False),
    )
    asked = audit.about("asked", answer, by, method=answer.method)
    with transaction() as database:
        database.execute("INSERT OR REPLACE INTO answers VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)
        audit.append(database, asked)
    return answer.answer_id


def find(answer_id: str) -> Answer | None:
    """Return the stored answer, or None; raises ``InputError`` if this version cannot read it."""
    with connect() as database:
        row = database.execute("SELECT body FROM answers WHERE answer_id = ?", (answer_id,)).fetchone()
    return read(
        Answer,
        row,
        f"Answer {answer_id} was kept by another version of SenseCF and cannot be shown; ask again.",
    )


def newest_ids(limit: int = 1000) -> tuple[str, ...]:
    """Return the ids of the newest answers, newest first."""
    with connect() as database:
        rows = database.execute("SELECT answer_id FROM answers ORDER BY created DESC LIMIT ?", (limit,))
        return tuple(row["answer_id"] for row in rows)


def recent(
    cohort: str, participant_id: str | None = None, row_id: str | None = None, *, limit: int = 20
) -> tuple[Answer, ...]:
    """Return the newest answers about a cohort, a participant or one row, newest first.

    Answers that this version cannot read are left out and named in the log.
    """
    filters = {"cohort": cohort, "participant_id": participant_id, "row_id": row_id}
    conditions = {column: value for column, value in filters.items() if value is not None}
    where = " AND ".join(f"{column} = ?" for column in conditions)
    with connect() as database:
        rows = database.execute(
            f"SELECT answer_id, body FROM answers WHERE {where} ORDER BY created DESC, rowid DESC LIMIT ?",
            (*conditions.values(), limit),
        ).fetchall()
    return read_all(Answer, rows, "answer_id")


def newest(cohort: str, participant_id: str, row_id: str) -> Answer | None:
    """The newest answer about a row that was not cancelled, if there is one that this version can read."""
    stored = recent(cohort, participant_id, row_id, limit=20)
    return next((answer for answer in stored if answer.status != "cancelled"), None)
