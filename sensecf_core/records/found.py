"""What the newest answer about each row of a cohort found, in the few numbers of a list."""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from sensecf_core.errors import InputError
from sensecf_core.queries.answer import Answer, Status
from sensecf_core.queries.methods import BY_HAND
from sensecf_core.records import answers, comparisons
from sensecf_core.records.kept_options import kept_options
from sensecf_core.records.storage.database import connect
from sensecf_core.types import RowKey

log = logging.getLogger(__name__)
MOST_CACHED: Final = 20_000


@dataclass(frozen=True)
class Found:
    """What one answer found: how many ``options`` a page shows of it, and how many of these are ``solid``.

    ``explains`` is true of an answer under contrast limits: its options are no advice.
    """

    answer_id: str
    status: Status
    options: int
    solid: int
    explains: bool


def of_cohort(cohort: str) -> dict[RowKey, Found]:
    """The newest answer about each row that was neither cancelled nor made by hand, by row.

    One that a comparison alone asked for stands only where nothing else was asked. Answers that are not as
    they were stored, or that this version cannot read, are left out and named in the log. Raises
    ``NotReadyError`` if the database cannot be read.
    """
    compared = json.dumps(sorted(comparisons.alone(cohort)))
    with connect() as database:
        rows = database.execute(
            "SELECT participant_id, row_id, answer_id, sha256, max(rowid + CASE WHEN answer_id IN"
            " (SELECT value FROM json_each(?)) THEN 0 ELSE (SELECT max(rowid) FROM answers) END)"
            " FROM answers WHERE cohort = ? AND status != 'cancelled' AND method != ?"
            " GROUP BY participant_id, row_id",
            (compared, cohort, BY_HAND),
        ).fetchall()
    by_row = {(row["participant_id"], row["row_id"]): _found(row["answer_id"], row["sha256"]) for row in rows}
    return {key: found for key, found in by_row.items() if found is not None}


def of_answer(answer: Answer) -> Found:
    """What one answer found."""
    options = kept_options(answer, None)[: answer.settings.get("k")]
    return Found(
        answer.answer_id,
        answer.status,
        len(options),
        sum(one.option.grade == "solid" for one in options),
        answer.limits.profile == "contrast",
    )


@lru_cache(maxsize=MOST_CACHED)
def _found(answer_id: str, _sha256: str) -> Found | None:
    """A stored answer never changes, so it is read once; its hash tells two databases apart."""
    try:
        answer = answers.find(answer_id)
    except InputError as error:
        log.warning("left out: %s", error)
        return None
    return None if answer is None else of_answer(answer)
