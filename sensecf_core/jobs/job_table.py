"""Jobs as rows of ``sensecf.db``: every question and change that a lane makes, in SQL."""

from __future__ import annotations

import sqlite3
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from sensecf_core.errors import InputError
from sensecf_core.jobs.liveness import alive
from sensecf_core.records.database import connect, transaction

State = Literal["queued", "running", "done", "failed", "cancelled"]
WorkerName = Literal["model", "process", "method"]

_WITH_PLACE = (
    "SELECT *, (SELECT count(*) FROM jobs AS ahead WHERE ahead.lane = jobs.lane AND"
    " ahead.owner = jobs.owner AND ahead.state = 'queued' AND ahead.seq <= jobs.seq) AS place FROM jobs"
)


CANCELLING = "Cancelling"
"""Message of a running job that was asked to stop."""


@dataclass(frozen=True)
class JobView:
    """What a page shows of a job.

    ``position`` counts from 1 (next to be run) while queued and is 0 otherwise. ``fraction`` is 0 to 1.
    ``error`` is one sentence, set when the job failed; ``answer_id`` is set once an answer is kept (a
    cancelled job may have one too). Times are ISO 8601 in UTC. ``spec`` is what was asked, as JSON.
    """

    id: str
    lane: WorkerName
    kind: str
    label: str
    state: State
    position: int
    fraction: float
    message: str
    answer_id: str | None
    error: str | None
    created: str
    started: str | None
    ended: str | None
    spec: str

    @property
    def finished(self) -> bool:
        """Whether nothing more will happen to it."""
        return self.state in ("done", "failed", "cancelled")


@dataclass(frozen=True)
class Claimed:
    """A job that its lane has begun to run."""

    id: str
    spec: str


@dataclass(frozen=True)
class JobOutcome:
    """How a job ended."""

    state: Literal["done", "failed", "cancelled"]
    message: str = ""
    answer_id: str | None = None
    error: str | None = None


def now() -> str:
    """The time as jobs keep it: ISO 8601, UTC, to the millisecond."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def add(
    lane: WorkerName, owner: str, *, kind: str, label: str, spec: str, most_waiting: int, share: bool = False
) -> str:
    """Queue a job and return its id; ``InputError`` when ``most_waiting`` jobs wait already.

    With ``share``, a living lane's unfinished job of the same kind and spec is returned instead.
    """
    with transaction() as database:
        if share:
            same = database.execute(
                "SELECT id, owner FROM jobs WHERE lane = ? AND kind = ? AND spec = ?"
                " AND state IN ('queued', 'running') AND NOT cancel_asked",
                (lane, kind, spec),
            ).fetchall()
            for row in same:
                if alive(row["owner"]):
                    return str(row["id"])
        waiting = database.execute(
            "SELECT count(*) FROM jobs WHERE lane = ? AND owner = ? AND state = 'queued'", (lane, owner)
        ).fetchone()[0]
        if waiting >= most_waiting:
            raise InputError(f"The queue is busy: {waiting} waiting; try again when some are done.")
        job_id = uuid.uuid4().hex[:12]
        database.execute(
            "INSERT INTO jobs (id, lane, kind, label, spec, state, owner, created)"
            " VALUES (?, ?, ?, ?, ?, 'queued', ?, ?)",
            (job_id, lane, kind, label, spec, owner, now()),
        )
    return job_id


def find(job_id: str) -> JobView | None:
    """Return a job as it stands now, or None if there is none of that id."""
    with connect() as database:
        row = database.execute(f"{_WITH_PLACE} WHERE id = ?", (job_id,)).fetchone()
    return None if row is None else _view(row)


def recent(lane: WorkerName, kind: str, *, limit: int = 50) -> tuple[JobView, ...]:
    """Return the newest jobs of a kind, newest first."""
    with connect() as database:
        found = database.execute(
            f"{_WITH_PLACE} WHERE lane = ? AND kind = ? ORDER BY seq DESC LIMIT ?", (lane, kind, limit)
        ).fetchall()
    return tuple(_view(row) for row in found)


def _view(row: sqlite3.Row) -> JobView:
    return JobView(
        id=row["id"],
        lane=row["lane"],
        kind=row["kind"],
        label=row["label"],
        state=row["state"],
        position=row["place"] if row["state"] == "queued" else 0,
        fraction=row["fraction"],
        message=row["message"],
        answer_id=row["answer_id"],
        error=row["error"],
        created=row["created"],
        started=row["started"],
        ended=row["ended"],
        spec=row["spec"],
    )


def claim(lane: WorkerName, owner: str) -> Claimed | None:
    """Take the oldest queued job of ``owner`` as running, or return None."""
    with transaction() as database:
        row = database.execute(
            "UPDATE jobs SET state = 'running', started = ?, attempts = attempts + 1"
            " WHERE seq = (SELECT seq FROM jobs WHERE lane = ? AND owner = ? AND state = 'queued'"
            " ORDER BY seq LIMIT 1) RETURNING id, spec",
            (now(), lane, owner),
        ).fetchone()
    return None if row is None else Claimed(row["id"], row["spec"])


def report(job_id: str, fraction: float, message: str) -> bool:
    """Keep a running job's progress; return whether somebody asked to cancel it."""
    with transaction() as database:
        row = database.execute(
            "UPDATE jobs SET fraction = ?, message = ? WHERE id = ? AND state = 'running'"
            " RETURNING cancel_asked",
            (fraction, message, job_id),
        ).fetchone()
    return row is not None and bool(row["cancel_asked"])


def finish(job_id: str, outcome: JobOutcome) -> None:
    """End a job; one that ended before stays as it is."""
    with transaction() as database:
        database.execute(
            "UPDATE jobs SET state = ?, message = ?, answer_id = ?, error = ?, ended = ?,"
            " fraction = CASE WHEN ? = 'done' THEN 1 ELSE fraction END"
            " WHERE id = ? AND state IN ('queued', 'running')",
            (outcome.state, outcome.message, outcome.answer_id, outcome.error, now(), outcome.state, job_id),
        )


def ask_cancel(job_id: str) -> None:
    """Cancel a queued job at once; mark a running one for its lane to stop."""
    with transaction() as database:
        database.execute(
            "UPDATE jobs SET cancel_asked = 1,"
            f" message = CASE state WHEN 'running' THEN '{CANCELLING}' ELSE '' END,"
            " ended = CASE state WHEN 'queued' THEN ? ELSE ended END,"
            " state = CASE state WHEN 'queued' THEN 'cancelled' ELSE state END"
            " WHERE id = ? AND state IN ('queued', 'running')",
            (now(), job_id),
        )


def end_orphans(lane: WorkerName, error: str) -> None:
    """Fail the unfinished jobs of lanes whose process is gone; those asked to stop count as cancelled."""
    with transaction() as database:
        for owner in _gone(database, lane):
            database.execute(
                "UPDATE jobs SET ended = ?, message = '', error = CASE WHEN NOT cancel_asked THEN ? END,"
                " state = CASE WHEN cancel_asked THEN 'cancelled' ELSE 'failed' END"
                " WHERE lane = ? AND owner = ? AND state IN ('queued', 'running')",
                (now(), error, lane, owner),
            )


def adopt_orphans(lane: WorkerName, owner: str, *, most_attempts: int, error: str) -> None:
    """Queue the unfinished jobs of lanes whose process is gone again, now for ``owner``.

    Those asked to stop count as cancelled; those begun ``most_attempts`` times already (they may be
    what ended the process) fail with ``error``.
    """
    with transaction() as database:
        for gone in _gone(database, lane):
            database.execute(
                "UPDATE jobs SET owner = ?, started = NULL, fraction = 0, message = '', state = CASE"
                " WHEN cancel_asked THEN 'cancelled' WHEN attempts >= ? THEN 'failed' ELSE 'queued' END,"
                " error = CASE WHEN NOT cancel_asked AND attempts >= ? THEN ? END,"
                " ended = CASE WHEN cancel_asked OR attempts >= ? THEN ? END"
                " WHERE lane = ? AND owner = ? AND state IN ('queued', 'running')",
                (owner, most_attempts, most_attempts, error, most_attempts, now(), lane, gone),
            )


def orphaned(job_id: str) -> bool:
    """Whether a job is unfinished and nobody is left who would finish it."""
    with connect() as database:
        row = database.execute(
            "SELECT owner FROM jobs WHERE id = ? AND state IN ('queued', 'running')", (job_id,)
        ).fetchone()
    return row is not None and not alive(row["owner"])


def _gone(database: sqlite3.Connection, lane: WorkerName) -> list[str]:
    rows = database.execute(
        "SELECT DISTINCT owner FROM jobs WHERE lane = ? AND state IN ('queued', 'running')", (lane,)
    )
    return [row["owner"] for row in rows.fetchall() if not alive(row["owner"])]
