"""The tables of ``sensecf.db`` as migration steps. Never edit a released step; add the next one.

A database's ``PRAGMA user_version`` is the number of steps it has had. Statements may call
``row_sha256(...)``, which :mod:`.database` provides.
"""

from __future__ import annotations

_ANSWERS_AND_JOBS = (
    """
    CREATE TABLE answers (
        answer_id TEXT PRIMARY KEY,
        cohort TEXT NOT NULL,
        participant_id TEXT NOT NULL,
        row_id TEXT NOT NULL,
        method TEXT NOT NULL,
        status TEXT NOT NULL,
        created TEXT NOT NULL,
        body TEXT NOT NULL
    ) STRICT
    """,
    "CREATE INDEX answers_by_row ON answers (cohort, participant_id, row_id, created)",
    "CREATE INDEX answers_by_age ON answers (cohort, created)",
    """
    CREATE TABLE jobs (
        seq INTEGER PRIMARY KEY AUTOINCREMENT,
        id TEXT NOT NULL UNIQUE,
        lane TEXT NOT NULL,
        kind TEXT NOT NULL,
        label TEXT NOT NULL,
        spec TEXT NOT NULL,
        state TEXT NOT NULL CHECK (state IN ('queued', 'running', 'done', 'failed', 'cancelled')),
        fraction REAL NOT NULL DEFAULT 0,
        message TEXT NOT NULL DEFAULT '',
        answer_id TEXT,
        error TEXT,
        owner TEXT NOT NULL,
        attempts INTEGER NOT NULL DEFAULT 0,
        cancel_asked INTEGER NOT NULL DEFAULT 0,
        created TEXT NOT NULL,
        started TEXT,
        ended TEXT
    ) STRICT
    """,
    "CREATE INDEX jobs_by_state ON jobs (lane, state, owner, seq)",
)

_COMPARISONS = (
    """
    CREATE TABLE comparisons (
        comparison_id TEXT PRIMARY KEY,
        cohort TEXT NOT NULL,
        participant_id TEXT NOT NULL,
        row_id TEXT NOT NULL,
        created TEXT NOT NULL,
        body TEXT NOT NULL
    ) STRICT
    """,
    "CREATE INDEX comparisons_by_row ON comparisons (cohort, participant_id, row_id, created)",
)

_DECISIONS_AND_AUDIT = (
    """
    CREATE TABLE decisions (
        seq INTEGER PRIMARY KEY AUTOINCREMENT,
        decision_id TEXT NOT NULL UNIQUE,
        created TEXT NOT NULL,
        who TEXT NOT NULL,
        kind TEXT NOT NULL,
        cohort TEXT NOT NULL,
        participant_id TEXT NOT NULL,
        row_id TEXT,
        answer_id TEXT,
        option INTEGER,
        changes TEXT,
        edited TEXT,
        grade TEXT,
        reason TEXT,
        note TEXT,
        undoes TEXT,
        provenance TEXT NOT NULL,
        salt TEXT NOT NULL
    ) STRICT
    """,
    "CREATE INDEX decisions_by_person ON decisions (cohort, participant_id, seq)",
    """
    CREATE TABLE audit (
        seq INTEGER PRIMARY KEY AUTOINCREMENT,
        created TEXT NOT NULL,
        who TEXT,
        action TEXT NOT NULL,
        cohort TEXT,
        participant_id TEXT,
        row_id TEXT,
        answer_id TEXT,
        detail TEXT NOT NULL,
        previous TEXT NOT NULL,
        sha256 TEXT NOT NULL
    ) STRICT
    """,
    *(
        f"CREATE TRIGGER {table}_refuses_{change.lower()} BEFORE {change} ON {table} "
        f"BEGIN SELECT RAISE(ABORT, 'rows of {table} are never changed or deleted'); END"
        for table in ("decisions", "audit")
        for change in ("UPDATE", "DELETE")
    ),
    # INSERT OR REPLACE deletes without asking the triggers above. A number left to SQLite is -1 here.
    """
    CREATE TRIGGER decisions_grow_at_the_end BEFORE INSERT ON decisions
    WHEN NEW.seq <> -1 OR EXISTS (SELECT 1 FROM decisions WHERE decision_id = NEW.decision_id)
    BEGIN SELECT RAISE(ABORT, 'rows of decisions are added at its end'); END
    """,
    """
    CREATE TRIGGER audit_grows_at_the_end BEFORE INSERT ON audit
    WHEN NEW.seq <= (SELECT coalesce(max(seq), 0) FROM audit)
    BEGIN SELECT RAISE(ABORT, 'rows of audit are added at its end'); END
    """,
)

_REJECTED_FEATURES = ("ALTER TABLE decisions ADD COLUMN features TEXT",)

_EFFORTS = ("ALTER TABLE decisions ADD COLUMN effort TEXT",)

_TURNS_AND_HASHES = (
    "ALTER TABLE jobs ADD COLUMN visitor TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE jobs ADD COLUMN turn INTEGER NOT NULL DEFAULT 0",
    "CREATE INDEX jobs_by_visitor ON jobs (lane, owner, visitor, turn)",
    "CREATE INDEX jobs_by_turn ON jobs (turn)",
    "ALTER TABLE answers ADD COLUMN sha256 TEXT",
    "UPDATE answers SET sha256 ="
    " row_sha256(answer_id, cohort, participant_id, row_id, method, status, created, body)",
    """
    CREATE TRIGGER answers_refuse_update BEFORE UPDATE ON answers
    BEGIN SELECT RAISE(ABORT, 'answers are never changed'); END
    """,
    """
    CREATE TRIGGER answers_are_never_replaced BEFORE INSERT ON answers
    WHEN EXISTS (SELECT 1 FROM answers WHERE answer_id = NEW.answer_id)
    BEGIN SELECT RAISE(ABORT, 'answers are never replaced'); END
    """,
)

_LOGINS = tuple(
    f"ALTER TABLE {table} ADD COLUMN login TEXT"  # whose it is; NULL where nobody had to sign in
    for table in ("jobs", "answers", "comparisons", "decisions")
)

STEPS: tuple[tuple[str, ...], ...] = (
    _ANSWERS_AND_JOBS,
    _COMPARISONS,
    _DECISIONS_AND_AUDIT,
    _REJECTED_FEATURES,
    _TURNS_AND_HASHES,
    _EFFORTS,
    _LOGINS,
)
"""Each step holds the statements that lead from one version to the next."""
