"""Jobs as rows of ``sensecf.db``: all the SQL that workers need (the column ``lane`` names the worker).

Visitors take turns: the next job is the oldest one of the visitor who was served longest ago. So whoever
queues many jobs waits for themselves, not the others for them.
"""

from __future__ import annotations

import sqlite3
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal, get_args

from sensecf_core.errors import InputError
from sensecf_core.jobs.liveness import alive
from sensecf_core.records.storage import damage
from sensecf_core.records.storage.database import connect, database_path, transaction

State = Literal["queued", "running", "done", "failed", "cancelled"]
WorkerName = Literal["model", "process", "method"]

_IN_ORDER = """
    WITH turns AS (
        SELECT seq, lane, owner,
            row_number() OVER (PARTITION BY lane, owner, visitor ORDER BY seq) AS round,
            coalesce((SELECT max(served.turn) FROM jobs AS served WHERE served.lane = waiting.lane
                AND served.owner = waiting.owner AND served.visitor = waiting.visitor), 0) AS last_turn
        FROM jobs AS waiting WHERE state = 'queued'
    ), places AS (
        SELECT seq, lane, owner,
            row_number() OVER (PARTITION BY lane, owner ORDER BY round, last_turn, seq) AS place FROM turns
    )
"""
"""``places``: every waiting job with its place, from 1.

Each round has one job of every visitor; within a round comes first who was served longest ago.
"""
_SELECT_JOBS = (
    f"{_IN_ORDER} SELECT jobs.*, coalesce(places.place, 0) AS place FROM jobs LEFT JOIN places USING (seq)"
)


MOST_IN_ALL = 256
"""Jobs of all visitors together that may wait for one worker."""
CANCELLING = "Cancelling"
"""Message of a running job whose cancellation was requested."""


@dataclass(frozen=True)
class JobView:
    """What a page shows of a job.

    ``lane`` names the worker. ``position`` counts from 1 (next to run) while queued and is 0 otherwise.
    ``fraction`` is 0 to 1. ``error`` is one sentence, set if the job failed; ``answer_id`` is set once an
    answer is stored (a cancelled job may have one too). Times are ISO 8601 in UTC. ``spec`` is the request
    or command, as JSON. ``login`` is of whoever asked for it; None where nobody had to sign in.
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
    login: str | None = None

    @property
    def finished(self) -> bool:
        """Whether nothing more will happen to it."""
        return self.state in ("done", "failed", "cancelled")


@dataclass(frozen=True)
class ClaimedJob:
    """A job that its worker has started."""

    id: str
    spec: str
    login: str | None = None


@dataclass(frozen=True)
class JobOutcome:
    """How a job ended."""

    state: Literal["done", "failed", "cancelled"]
    message: str = ""
    answer_id: str | None = None
    error: str | None = None


def now() -> str:
    """The current time as jobs store it: ISO 8601, UTC, to the millisecond."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def add(
    worker: WorkerName,
    owner: str,
    *,
    kind: str,
    label: str,
    spec: str,
    visitor: str = "",
    login: str | None = None,
    most_waiting: int,
    most_in_all: int = MOST_IN_ALL,
    share: bool = False,
) -> str:
    """Queue a job and return its id.

    Raises ``InputError`` if ``most_waiting`` jobs of ``visitor`` wait already, or ``most_in_all`` jobs.

    With ``share``, an unfinished job of the same kind and spec whose process is alive is returned instead, if
    the same ``login`` asked for it: only its owner may cancel it.
    """
    with transaction() as database:
        if share:
            same = database.execute(
                "SELECT id, owner FROM jobs WHERE lane = ? AND kind = ? AND spec = ?"
                " AND state IN ('queued', 'running') AND NOT cancel_asked AND login IS ?",
                (worker, kind, spec, login),
            ).fetchall()
            for row in same:
                if alive(row["owner"]):
                    return str(row["id"])
        own, waiting = database.execute(
            "SELECT count(*) FILTER (WHERE visitor = ?), count(*) FROM jobs"
            " WHERE lane = ? AND owner = ? AND state = 'queued'",
            (visitor, worker, owner),
        ).fetchone()
        if own >= most_waiting:
            raise InputError(f"The queue is busy: {own} waiting; try again when some are done.")
        if waiting >= most_in_all:
            raise InputError(f"The queue is full: {waiting} of all visitors wait; try again later.")
        job_id = uuid.uuid4().hex[:12]
        database.execute(
            "INSERT INTO jobs (id, lane, kind, label, spec, state, owner, visitor, login, created)"
            " VALUES (?, ?, ?, ?, ?, 'queued', ?, ?, ?, ?)",
            (job_id, worker, kind, label, spec, owner, visitor, login, now()),
        )
    return job_id


def find(job_id: str) -> JobView | None:
    """Return the current state of a job, or None if no job has that id."""
    with connect() as database:
        row = database.execute(f"{_SELECT_JOBS} WHERE jobs.id = ?", (job_id,)).fetchone()
    return None if row is None else _view(row)


def recent(worker: WorkerName, kind: str, *, limit: int = 50) -> tuple[JobView, ...]:
    """Return the newest jobs of a kind, newest first."""
    with connect() as database:
        rows = database.execute(
            f"{_SELECT_JOBS} WHERE jobs.lane = ? AND kind = ? ORDER BY jobs.seq DESC LIMIT ?",
            (worker, kind, limit),
        ).fetchall()
        return tuple(_view(row) for row in rows)


def _view(row: sqlite3.Row) -> JobView:
    if row["lane"] not in get_args(WorkerName) or row["state"] not in get_args(State):
        raise damage.error(database_path(), f"job {row['id']} cannot be read")
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
        login=row["login"],
    )


def claim(worker: WorkerName, owner: str) -> ClaimedJob | None:
    """Mark the job of ``owner`` whose turn it is as running and return it; None if nothing is queued."""
    with transaction() as database:
        row = database.execute(
            f"{_IN_ORDER} UPDATE jobs SET state = 'running', started = ?, attempts = attempts + 1,"
            " turn = (SELECT max(turn) + 1 FROM jobs)"
            " WHERE seq = (SELECT seq FROM places WHERE lane = ? AND owner = ? AND place = 1)"
            " RETURNING id, spec, login",
            (now(), worker, owner),
        ).fetchone()
    return None if row is None else ClaimedJob(row["id"], row["spec"], row["login"])


def report(job_id: str, fraction: float, message: str) -> bool:
    """Store a running job's progress; return whether its cancellation was requested."""
    with transaction(durable=False) as database:
        row = database.execute(
            "UPDATE jobs SET fraction = ?, message = ? WHERE id = ? AND state = 'running'"
            " RETURNING cancel_asked",
            (fraction, message, job_id),
        ).fetchone()
    return row is not None and bool(row["cancel_asked"])


def finish(job_id: str, outcome: JobOutcome) -> None:
    """Store how a job ended; a job that has already ended stays as it is."""
    with transaction() as database:
        database.execute(
            "UPDATE jobs SET state = ?, message = ?, answer_id = ?, error = ?, ended = ?,"
            " fraction = CASE WHEN ? = 'done' THEN 1 ELSE fraction END"
            " WHERE id = ? AND state IN ('queued', 'running')",
            (outcome.state, outcome.message, outcome.answer_id, outcome.error, now(), outcome.state, job_id),
        )


def request_cancel(job_id: str) -> None:
    """Cancel a queued job at once; mark a running one so that its worker stops it."""
    with transaction() as database:
        database.execute(
            "UPDATE jobs SET cancel_asked = 1,"
            f" message = CASE state WHEN 'running' THEN '{CANCELLING}' ELSE '' END,"
            " ended = CASE state WHEN 'queued' THEN ? ELSE ended END,"
            " state = CASE state WHEN 'queued' THEN 'cancelled' ELSE state END"
            " WHERE id = ? AND state IN ('queued', 'running')",
            (now(), job_id),
        )


def end_orphans(worker: WorkerName, error: str) -> None:
    """Fail the unfinished jobs of dead processes; those being cancelled count as cancelled."""
    with transaction() as database:
        for owner in _dead_owners(database, worker):
            database.execute(
                "UPDATE jobs SET ended = ?, message = '', error = CASE WHEN NOT cancel_asked THEN ? END,"
                " state = CASE WHEN cancel_asked THEN 'cancelled' ELSE 'failed' END"
                " WHERE lane = ? AND owner = ? AND state IN ('queued', 'running')",
                (now(), error, worker, owner),
            )


def adopt_orphans(
    worker: WorkerName, owner: str, *, most_attempts: int, error: str, kind: str | None = None
) -> None:
    """Queue the unfinished jobs of dead processes again, now for ``owner``; ``kind`` of None means all kinds.

    Jobs that were being cancelled count as cancelled. Jobs started ``most_attempts`` times already fail
    with ``error``: they may be what ended the process.
    """
    with transaction() as database:
        for dead_owner in _dead_owners(database, worker):
            database.execute(
                "UPDATE jobs SET owner = ?, started = NULL, fraction = 0, message = '', state = CASE"
                " WHEN cancel_asked THEN 'cancelled' WHEN attempts >= ? THEN 'failed' ELSE 'queued' END,"
                " error = CASE WHEN NOT cancel_asked AND attempts >= ? THEN ? END,"
                " ended = CASE WHEN cancel_asked OR attempts >= ? THEN ? END"
                " WHERE lane = ? AND owner = ? AND state IN ('queued', 'running')"
                " AND kind = coalesce(?, kind)",
                (
                    *(owner, most_attempts, most_attempts, error, most_attempts, now()),
                    *(worker, dead_owner, kind),
                ),
            )


def orphaned(job_id: str) -> bool:
    """Whether a job is unfinished and its process is gone."""
    with connect() as database:
        row = database.execute(
            "SELECT owner FROM jobs WHERE id = ? AND state IN ('queued', 'running')", (job_id,)
        ).fetchone()
    return row is not None and not alive(row["owner"])


def _dead_owners(database: sqlite3.Connection, worker: WorkerName) -> list[str]:
    rows = database.execute(
        "SELECT DISTINCT owner FROM jobs WHERE lane = ? AND state IN ('queued', 'running')", (worker,)
    )
    return [row["owner"] for row in rows.fetchall() if not alive(row["owner"])]
