"""The tables of ``sensecf.db`` as migration steps. Never edit a released step; add the next one.

A database's ``PRAGMA user_version`` is the number of steps it has had.
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

STEPS: tuple[tuple[str, ...], ...] = (_ANSWERS_AND_JOBS, _COMPARISONS)
"""Each step holds the statements that lead from one version to the next."""
