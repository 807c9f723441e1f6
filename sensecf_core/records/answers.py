"""Stored answers: kept whole, never changed, each with a hash that is checked when it is read.

So a link shows the same answer after a restart, and a number that was altered on the disk is not shown.
"""

from __future__ import annotations

import json
import logging
import sqlite3
from collections.abc import Iterable
from itertools import count
from typing import Any

from pydantic import ValidationError

from sensecf_core.access import people, rights
from sensecf_core.errors import InputError
from sensecf_core.provenance import CLI
from sensecf_core.queries.answer import Answer
from sensecf_core.queries.methods import BY_HAND
from sensecf_core.records import audit, comparisons
from sensecf_core.records.storage.damage import row_sha256
from sensecf_core.records.storage.database import connect, transaction

log = logging.getLogger(__name__)


COLUMNS = ("answer_id", "cohort", "participant_id", "row_id", "method", "status", "created", "body")
"""What an answer's hash covers, in order."""
_OF_ONE: dict[str, Any] = {
    "answer_id": True,
    "created": True,
    "seconds": True,
    "counterfactuals": {"__all__": {"number"}},  # answers kept before options had numbers have none
}
MOST_STANDING = 20
_STANDING = """
    SELECT * FROM answers
    WHERE cohort = :cohort AND participant_id = :participant AND row_id = coalesce(:row, row_id)
        AND method <> :by_hand AND status <> 'cancelled'
    ORDER BY
        CASE WHEN answer_id NOT IN (SELECT value FROM json_each(:compared)) THEN 0
            WHEN method = :method THEN 1 ELSE 2 END,
        rowid DESC
    LIMIT :most
"""
_NOT_COMPARED: dict[str, Any] = {**_OF_ONE, "behaviours": _OF_ONE}
"""What may differ between two answers that are the same."""


def save(answer: Answer, *, by: str | None = None) -> str:
    """Store ``answer`` and return the id that it is kept under. No stored answer is ever replaced.

    That is its own id, unless another answer stands there (a search bound by time found something else, or
    what stands there cannot be read any more): then a number is added. The same answer is not stored twice.
    The audit trail gets a row: what was asked, and by whom, if a name is given or somebody is signed in.

    Raises ``ValueError`` for NaN and infinity, which JSON cannot hold, and ``NotAllowedError`` for whoever
    may not ask.
    """
    rights.require("ask")
    with transaction() as database:
        for number in count(1):
            answer_id = answer.answer_id if number == 1 else f"{answer.answer_id}-{number}"
            stored = database.execute("SELECT * FROM answers WHERE answer_id = ?", (answer_id,)).fetchone()
            if stored is None:
                _insert(database, answer.model_copy(update={"answer_id": answer_id}))
            if stored is None or _is_same(answer, stored):
                break
        stored_as = answer.model_copy(update={"answer_id": answer_id})
        asked = audit.about("asked", stored_as, by, method=answer.method)
        audit.append(database, asked)
    return answer_id


def _insert(database: sqlite3.Connection, answer: Answer) -> None:
    body = json.dumps(answer.model_dump(mode="json", by_alias=True), allow_nan=False, ensure_ascii=False)
    row = [getattr(answer, name) for name in COLUMNS[:-1]] + [body]
    database.execute(
        f"INSERT INTO answers ({', '.join(COLUMNS)}, sha256, login) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (*row, row_sha256(*row), people.current().login),
    )


def _is_same(answer: Answer, row: sqlite3.Row) -> bool:
    try:
        stored = _read(row)
    except InputError:
        return False
    return answer.model_dump(exclude=_NOT_COMPARED) == stored.model_dump(exclude=_NOT_COMPARED)


def _read(row: sqlite3.Row) -> Answer:
    """The answer of a row; raises ``InputError`` if it is not as it was stored, or cannot be read."""
    if row["sha256"] != row_sha256(*(row[name] for name in COLUMNS)):
        raise InputError(
            f"Answer {row['answer_id']} is not as it was stored, so it is not shown; ask again, and look at "
            f"the database with `{CLI} db check`."
        )
    try:
        return Answer.model_validate_json(row["body"])
    except ValidationError as error:
        raise InputError(
            f"Answer {row['answer_id']} was kept by another version of SenseCF and cannot be shown; ask "
            "again."
        ) from error


def find(answer_id: str) -> Answer | None:
    """Return the stored answer, or None.

    Raises ``InputError`` if it is not as it was stored, or this version cannot read it.
    """
    with connect() as database:
        row = database.execute("SELECT * FROM answers WHERE answer_id = ?", (answer_id,)).fetchone()
    return None if row is None else _read(row)


def readable(answer_id: str) -> Answer | None:
    """Return the stored answer; None if there is none, or one that this version cannot read."""
    try:
        return find(answer_id)
    except InputError:
        return None


def owner(answer_id: str) -> str | None:
    """The login of whoever asked for a stored answer; None where nobody had to sign in."""
    with connect() as database:
        row = database.execute("SELECT login FROM answers WHERE answer_id = ?", (answer_id,)).fetchone()
    return None if row is None else row["login"]


def newest_ids(limit: int = 1000) -> tuple[str, ...]:
    """Return the ids of the newest answers, newest first."""
    with connect() as database:
        rows = database.execute("SELECT answer_id FROM answers ORDER BY rowid DESC LIMIT ?", (limit,))
        return tuple(row["answer_id"] for row in rows)


def recent(
    cohort: str,
    participant_id: str | None = None,
    row_id: str | None = None,
    *,
    limit: int = 20,
    by_hand: bool | None = None,
) -> tuple[Answer, ...]:
    """Return the newest answers about a cohort, a participant or one row, newest first.

    ``by_hand`` keeps options that somebody made (true), or answers of methods (false). Newest are those
    stored last, whatever the clock said. Answers that are not as they were stored, or that this version
    cannot read, are left out and named in the log.
    """
    filters = {"cohort": cohort, "participant_id": participant_id, "row_id": row_id}
    conditions = {column: value for column, value in filters.items() if value is not None}
    tests = [f"{column} = ?" for column in conditions]
    parameters = list(conditions.values())
    if by_hand is not None:
        tests.append("method = ?" if by_hand else "method <> ?")
        parameters.append(BY_HAND)
    with connect() as database:
        return _readable(
            database.execute(
                f"SELECT * FROM answers WHERE {' AND '.join(tests)} ORDER BY rowid DESC LIMIT ?",
                (*parameters, limit),
            )
        )


def _readable(rows: Iterable[sqlite3.Row]) -> tuple[Answer, ...]:
    """The answers of rows; those that cannot be read are left out and named in the log."""
    found = []
    for row in rows:
        try:
            found.append(_read(row))
        except InputError as error:
            log.warning("left out: %s", error)
    return tuple(found)


def newest_of_people(cohort: str) -> tuple[Answer, ...]:
    """The answer that stands for each row of a cohort, in the order in which rows were first asked about.

    It is the newest, before one that a comparison alone asked for. Answers that were cancelled or made by
    hand, and those that this version cannot read, are passed over for the one before them.
    """
    found: dict[tuple[str, str], Answer] = {}
    compared = comparisons.alone(cohort)
    with connect() as database:
        rows = database.execute("SELECT * FROM answers WHERE cohort = ? ORDER BY rowid", (cohort,))
        for row in rows:
            try:
                answer = _read(row)
            except InputError as error:
                log.warning("left out: %s", error)
                continue
            key = (answer.participant_id, answer.row_id)
            before = found.get(key)
            if answer.status == "cancelled" or answer.method == BY_HAND:
                continue
            if before is None or before.answer_id in compared or answer.answer_id not in compared:
                found[key] = answer
    return tuple(found.values())


def unreadable(database: sqlite3.Connection) -> tuple[str, ...]:
    """What is wrong with stored answers, one sentence each."""
    found = []
    for row in database.execute("SELECT * FROM answers"):
        try:
            _read(row)
        except InputError as error:
            found.append(str(error))
    return tuple(found)


def standing(
    cohort: str, participant_id: str, row_id: str | None, *, of_method: str | None = None
) -> tuple[Answer, ...]:
    """The newest answers of methods about a row (None: any of the participant's) that were not cancelled, the
    one that stands for it first.

    Those that a comparison alone asked for come after all others, however many there are; of them, those of
    ``of_method`` first. At most :data:`MOST_STANDING`. Answers that this version cannot read are left out.
    """
    parameters = {
        "cohort": cohort,
        "participant": participant_id,
        "row": row_id,
        "by_hand": BY_HAND,
        "compared": json.dumps(sorted(comparisons.alone(cohort))),
        "method": of_method,
        "most": MOST_STANDING,
    }
    with connect() as database:
        return _readable(database.execute(_STANDING, parameters))
