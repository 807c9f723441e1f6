"""Stored comparisons: one question for several methods, and where to find each method's answer."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Iterable
from datetime import UTC, datetime

from pydantic import ValidationError

from sensecf_core.access import people
from sensecf_core.errors import InputError
from sensecf_core.queries.request import ExplainRequest
from sensecf_core.records.storage.database import connect, transaction
from sensecf_core.types import Plain

log = logging.getLogger(__name__)
_ALONE = """
    WITH compared AS (
        SELECT jobs.answer_id, count(DISTINCT jobs.id) AS times
        FROM comparisons,
            json_each(CASE WHEN json_valid(body) THEN body ELSE '{}' END, '$.members') AS member
        JOIN jobs ON jobs.id = json_extract(member.value, '$.job_id')
        WHERE comparisons.cohort = :cohort AND jobs.answer_id IS NOT NULL
        GROUP BY jobs.answer_id
    ), asked AS (
        SELECT answer_id, count(*) AS times FROM audit
        WHERE action = 'asked' AND cohort = :cohort GROUP BY answer_id
    )
    SELECT compared.answer_id FROM compared LEFT JOIN asked USING (answer_id)
    WHERE coalesce(asked.times, 0) <= compared.times
"""


class Member(Plain):
    """One method of a comparison: its job, its earlier answer, or the reason why it has neither."""

    method: str
    job_id: str | None = None
    answer_id: str | None = None
    error: str | None = None


class Comparison(Plain):
    """One question for several methods. ``request`` is the question; its ``method`` is not used."""

    comparison_id: str
    request: ExplainRequest
    members: tuple[Member, ...]
    created: str

    @property
    def cohort(self) -> str:
        """The cohort that the question is about."""
        return self.request.cohort

    @property
    def participant_id(self) -> str:
        """The participant that the question is about."""
        return self.request.participant_id

    @property
    def row_id(self) -> str:
        """The row that the question is about."""
        assert self.request.row_id is not None  # checked by ``new``
        return self.request.row_id


def new(request: ExplainRequest, members: Iterable[Member]) -> Comparison:
    """A comparison that is not stored yet; raises ``ValueError`` if ``request`` names no row."""
    if request.row_id is None:
        raise ValueError("a comparison is about one row, so its request names it")
    return Comparison(
        comparison_id=uuid.uuid4().hex[:12],
        request=request,
        members=tuple(members),
        created=datetime.now(UTC).isoformat(timespec="seconds"),
    )


def save(comparison: Comparison) -> str:
    """Store a comparison and return its id; a comparison with the same id is replaced."""
    row = (
        comparison.comparison_id,
        comparison.cohort,
        comparison.participant_id,
        comparison.row_id,
        comparison.created,
        comparison.model_dump_json(),
    )
    with transaction() as database:
        database.execute(
            "INSERT INTO comparisons (comparison_id, cohort, participant_id, row_id, created, body, login)"
            " VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (comparison_id) DO UPDATE SET body = excluded.body",
            (*row, people.current().login),
        )
    return comparison.comparison_id


def find(comparison_id: str) -> Comparison | None:
    """Return the stored comparison, or None; raises ``InputError`` if this version cannot read it."""
    with connect() as database:
        row = database.execute(
            "SELECT body FROM comparisons WHERE comparison_id = ?", (comparison_id,)
        ).fetchone()
    try:
        return None if row is None else Comparison.model_validate_json(row["body"])
    except ValidationError as error:
        raise InputError(
            f"Comparison {comparison_id} was kept by another version of SenseCF and cannot be shown; run it "
            "again."
        ) from error


def alone(cohort: str) -> frozenset[str]:
    """The ids of the answers about a cohort that comparisons asked for and nobody else did.

    Whoever asks about a person, on Options or by a command, leaves a row in the audit trail, also where the
    answer was there already; so does each job of a comparison.
    """
    with connect() as database:
        rows = database.execute(_ALONE, {"cohort": cohort})
        return frozenset(row["answer_id"] for row in rows)


def recent(cohort: str, participant_id: str, row_id: str, *, limit: int = 12) -> tuple[Comparison, ...]:
    """Return the newest comparisons about a row, newest first.

    Those that this version cannot read are left out and named in the log.
    """
    with connect() as database:
        rows = database.execute(
            "SELECT comparison_id, body FROM comparisons WHERE cohort = ? AND participant_id = ?"
            " AND row_id = ? ORDER BY created DESC, rowid DESC LIMIT ?",
            (cohort, participant_id, row_id, limit),
        ).fetchall()
    found = []
    for row in rows:
        try:
            found.append(Comparison.model_validate_json(row["body"]))
        except ValidationError:
            log.warning("comparison %s cannot be read and is left out", row["comparison_id"])
    return tuple(found)
