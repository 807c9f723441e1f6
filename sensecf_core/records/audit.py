"""The audit trail: what was asked, seen, decided, exported and deleted, in rows chained by hash.

The hash of a row is the sha256 of its fields as canonical JSON, followed by the hash of the row before it. So
:func:`verify` finds a row that was edited, deleted, inserted or moved. The database itself refuses to change
or delete a row. Whoever may write the file could still make a whole new chain, or cut off the last rows and
set SQLite's count of them back; decisions whose rows are gone show that, and a hash that was noted elsewhere.

No row holds a value of a participant, only ids.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal, get_args

from sensecf_core.access import people
from sensecf_core.queries.answer import Answer
from sensecf_core.records.storage import damage
from sensecf_core.records.storage.database import connect, database_path, transaction

Action = Literal["asked", "seen", "decided", "exported", "deleted"]
DETAILS = ("decision_id", "decision_sha256", "kind", "option", "reason", "undoes", "method", "format")
"""What ``detail`` may name: nothing that holds a value of a participant."""
ADDED_LATER = ("features", "effort", "login")
"""Columns that decisions did not have at first: they count only where they hold something."""
FIRST = "0" * 64
"""What stands for the hash of a row before the first."""


@dataclass(frozen=True)
class Entry:
    """What happened; ``detail`` has keys of :data:`DETAILS`.

    ``who`` is the login of whoever is signed in, else the name that was given, if any.
    """

    action: Action
    who: str | None = None
    cohort: str | None = None
    participant_id: str | None = None
    row_id: str | None = None
    answer_id: str | None = None
    detail: Mapping[str, str | int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.action not in get_args(Action):
            raise ValueError(f"`action` must be one of {', '.join(get_args(Action))}; got {self.action!r}")
        if extra := set(self.detail) - set(DETAILS):
            raise ValueError(f"`detail` may only name {', '.join(DETAILS)}; got {', '.join(sorted(extra))}")


def about(action: Action, answer: Answer, who: str | None, **detail: str | int) -> Entry:
    """An entry about an answer; ``detail`` as in :class:`Entry`."""
    return Entry(
        action=action,
        who=who,
        cohort=answer.cohort,
        participant_id=answer.participant_id,
        row_id=answer.row_id,
        answer_id=answer.answer_id,
        detail=detail,
    )


@dataclass(frozen=True)
class AuditRow:
    """One row as it is stored; ``created`` is UTC, ``detail`` the JSON of an object."""

    seq: int
    created: str
    who: str | None
    action: str
    cohort: str | None
    participant_id: str | None
    row_id: str | None
    answer_id: str | None
    detail: str
    previous: str
    sha256: str

    def read_detail(self) -> dict[str, Any]:
        """``detail`` as values; empty where it cannot be read, as in a row that was tampered with."""
        try:
            value = json.loads(self.detail)
        except ValueError:
            return {}
        return value if isinstance(value, dict) else {}


@dataclass(frozen=True)
class Broken:
    """Where the trail is not as it was written. ``row`` is None where no row is left to name."""

    row: int | None
    problem: str


@dataclass(frozen=True)
class Verified:
    """How many rows were read, the hash of the last one, and where the chain breaks first, if it does."""

    rows: int
    last: str
    broken: Broken | None

    @property
    def ok(self) -> bool:
        """Whether nothing was found."""
        return self.broken is None


def record(entry: Entry) -> AuditRow:
    """Add one row to the trail."""
    with transaction() as database:
        return append(database, entry)


def record_exports(handed_over: Sequence[Answer], who: str | None, file_format: str) -> None:
    """Add a row for each answer of a file, all of them or none."""
    with transaction() as database:
        for answer in handed_over:
            append(database, about("exported", answer, who, format=file_format))


def append(database: sqlite3.Connection, entry: Entry) -> AuditRow:
    """Add one row within the transaction that ``database`` is in (:mod:`.storage.database`).

    Raises ``ValueError`` outside a transaction: two processes could then follow on the same row.
    """
    if not database.in_transaction:
        raise ValueError("a row is added to the audit trail within a transaction")
    last = database.execute("SELECT seq, sha256 FROM audit ORDER BY seq DESC LIMIT 1").fetchone()
    if last is not None and last["seq"] > _last_number(database):
        raise damage.error(database_path(), "the audit trail has lost count of its rows")
    fields = asdict(entry) | {
        "who": people.current().login or entry.who,
        "seq": _last_number(database) + 1,
        "created": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "detail": canonical(dict(entry.detail)),
    }
    previous = FIRST if last is None else last["sha256"]
    row = AuditRow(**fields, previous=previous, sha256=chained(fields, previous))
    names = ", ".join(asdict(row))
    marks = ", ".join(f":{name}" for name in asdict(row))
    database.execute(f"INSERT INTO audit ({names}) VALUES ({marks})", asdict(row))
    return row


def recent(
    cohort: str | None = None, participant_id: str | None = None, *, limit: int | None = None
) -> tuple[AuditRow, ...]:
    """Return the newest ``limit`` rows (None: all) about a cohort or a participant, oldest first."""
    filters = {"cohort": cohort, "participant_id": participant_id}
    conditions = {column: value for column, value in filters.items() if value is not None}
    where = " AND ".join(["TRUE", *(f"{column} = ?" for column in conditions)])
    with connect() as database:
        rows = database.execute(
            f"SELECT * FROM audit WHERE {where} ORDER BY seq DESC LIMIT ?",
            (*conditions.values(), -1 if limit is None else limit),
        ).fetchall()
        return tuple(AuditRow(**row) for row in reversed(rows))


def verify(noted: str | None = None) -> Verified:
    """Read the whole trail and say where it is first not as it was written.

    Decisions are compared with their rows, too. ``noted``: the hash of a row that was written down elsewhere;
    the trail then has to hold it.
    """
    with connect() as database:
        database.text_factory = _decode  # what is no text has to be found, too
        database.execute("BEGIN")  # one state of the file for all that is read
        seen = _Chain()
        broken = seen.follow(_rows(database))
        if broken is None and seen.rows < _last_number(database):
            broken = Broken(seen.rows + 1, f"row {seen.rows + 1} is missing, at the end")
        if broken is None and noted is not None and noted not in seen.hashes:
            broken = Broken(None, f"no row has the hash {noted}: the trail is another one")
        return Verified(seen.rows, seen.last, broken or _decisions_not_as_audited(database))


class _Chain:
    """Reads rows in order; keeps how many there were, and their hashes."""

    def __init__(self) -> None:
        self.rows = 0
        self.last = FIRST
        self.hashes: set[str] = set()

    def follow(self, rows: Iterator[AuditRow]) -> Broken | None:
        """Return the first break, if any."""
        for row in rows:
            expected = self.rows + 1
            fields = {
                name: value for name, value in asdict(row).items() if name not in ("previous", "sha256")
            }
            if row.seq > expected:
                return Broken(expected, f"row {expected} is missing")
            if row.seq < expected:
                return Broken(row.seq, f"row {row.seq} does not belong there")
            if row.sha256 != chained(fields, row.previous):
                return Broken(row.seq, f"row {row.seq} is not as it was written: changed, inserted or moved")
            if row.previous != self.last:
                return Broken(
                    row.seq, f"row {row.seq} does not follow on the row before it: one of them was rewritten"
                )
            self.rows, self.last = row.seq, row.sha256
            self.hashes.add(row.sha256)
        return None


def canonical(value: Any) -> str:
    """JSON that is the same for equal values: sorted keys, no spaces, ASCII."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)


def chained(fields: Mapping[str, Any], previous: str) -> str:
    """The hash of a row with these fields that follows on the row of hash ``previous``."""
    return hashlib.sha256((canonical(dict(fields)) + previous).encode()).hexdigest()


def decision_sha256(stored: Mapping[str, Any]) -> str:
    """The hash of a decision as it is stored, without its number.

    It includes the decision's random ``salt``, which the trail does not hold, so values cannot be guessed
    from it.
    """
    fields = {name: stored[name] for name in stored.keys() if name != "seq"}  # noqa: SIM118 (sqlite3.Row)
    for name in ADDED_LATER:
        if fields.get(name) is None:
            fields.pop(name, None)
    return hashlib.sha256(canonical(fields).encode()).hexdigest()


def _decisions_not_as_audited(database: sqlite3.Connection) -> Broken | None:
    """The first decision that was changed, deleted, or written past the trail."""
    rows = database.execute("SELECT * FROM decisions ORDER BY seq")
    stored = {row["decision_id"]: decision_sha256(row) for row in rows}
    for row in _rows(database):
        if row.action != "decided":
            continue
        detail = row.read_detail()
        found = stored.pop(detail.get("decision_id"), None)
        if found is None or found != detail.get("decision_sha256"):
            what = "is missing" if found is None else "was changed"
            return Broken(row.seq, f"decision {detail.get('decision_id')}, of row {row.seq}, {what}")
    for decision_id in stored:
        return Broken(None, f"decision {decision_id} has no row in the trail")
    return None


def _rows(database: sqlite3.Connection) -> Iterator[AuditRow]:
    for row in database.execute("SELECT * FROM audit ORDER BY seq"):
        yield AuditRow(**row)


def _last_number(database: sqlite3.Connection) -> int:
    """The number of the newest row that was ever added, also if it was deleted since."""
    row = database.execute("SELECT seq FROM sqlite_sequence WHERE name = 'audit'").fetchone()
    return 0 if row is None else int(row["seq"])


def _decode(text: bytes) -> str:
    return text.decode("utf-8", "surrogateescape")
