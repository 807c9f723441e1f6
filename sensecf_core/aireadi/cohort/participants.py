"""Participants of the two sensor cohorts: the streams of one, and the tables of all."""

from __future__ import annotations

from sensecf_core.aireadi.cohort import from_release, shipped
from sensecf_core.aireadi.open_participant import OpenPerson, open_person
from sensecf_core.aireadi.tables import Tables
from sensecf_core.errors import unknown

NAMES = (shipped.NAME, from_release.NAME)


def has_streams(cohort_name: str) -> bool:
    """Whether a cohort's participants have sensor streams that can be opened."""
    return cohort_name in NAMES


def open_participant(cohort_name: str, participant: str) -> OpenPerson:
    """Read one participant's streams: from the release, or generated again for the synthetic cohort.

    Raises
    ------
    InputError : no such cohort or participant, or the release cannot be used.
    """
    if cohort_name == shipped.NAME:
        return open_person(shipped.release_of(participant), participant)
    if cohort_name == from_release.NAME:
        return open_person(from_release.named_release(), participant)
    raise unknown("cohort with sensor streams", cohort_name, NAMES)


def tables_of(cohort_name: str) -> Tables:
    """Return the tables of all participants: days, people, quality.

    Raises
    ------
    InputError : no such cohort, or the release cannot be used.
    NotReadyError : the tables are not built yet; names the command.
    """
    if cohort_name == shipped.NAME:
        return shipped.load_tables()
    if cohort_name == from_release.NAME:
        return from_release.tables_of_release()
    raise unknown("cohort with sensor streams", cohort_name, NAMES)
