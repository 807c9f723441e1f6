"""Finding one row of a cohort by the ids that people type."""

from __future__ import annotations

from sensecf_core.cohorts.cohort import Cohort
from sensecf_core.errors import InputError, unknown

MOST_COMPARED = 20_000
"""Ids that a mistyped one is compared with; looking for near matches is slow."""


def locate(cohort: Cohort, participant_id: str, row_id: str | None = None) -> tuple[str, str]:
    """Return the index ``(participant_id, row_id)`` of a row that exists.

    Parameters
    ----------
    row_id : None means the participant's only or first row.

    Raises
    ------
    InputError : unknown participant, or unknown row of a known one; names the near matches, other
        participants only of a public cohort.
    """
    people = cohort.rows.index.get_level_values(0)
    rows = cohort.rows.index.get_level_values(1)[people == participant_id]
    if not len(rows):
        origin = cohort.schema.provenance
        if not origin.public or (cohort.own and origin.real):
            raise InputError(f"Unknown participant {participant_id!r} of cohort {cohort.schema.name!r}.")
        raise unknown("participant", participant_id, people.unique()[:MOST_COMPARED])
    if row_id is None:
        return participant_id, str(rows[0])
    if row_id not in rows:
        raise unknown(f"{cohort.schema.row_label} of participant {participant_id}", row_id, rows)
    return participant_id, row_id
