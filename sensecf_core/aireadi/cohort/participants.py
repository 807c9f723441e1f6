"""One participant of either cohort, and the tables about all of them."""

from __future__ import annotations

from sensecf_core.aireadi import open_participant as aireadi_open_participant
from sensecf_core.aireadi.cohort import from_release, shipped
from sensecf_core.aireadi.open_participant import OpenPerson
from sensecf_core.aireadi.tables import Tables
from sensecf_core.errors import unknown

NAMES = (shipped.NAME, from_release.NAME)


def has_streams(cohort_name: str) -> bool:
    """Whether a cohort's participants have sensor streams that can be opened."""
    return cohort_name in NAMES


def open_participant(cohort_name: str, participant: str) -> OpenPerson:
    """Read one participant's streams: from the release, or made again where nobody is real.

    Raises
    ------
    InputError : no such cohort or participant, or the release cannot be used.
    """
    if cohort_name == shipped.NAME:
        return aireadi_open_participant.open_person(shipped.release_of(participant), participant)
    if cohort_name == from_release.NAME:
        return aireadi_open_participant.open_person(from_release.found(), participant)
    raise unknown("cohort with sensor streams", cohort_name, NAMES)


def tables_of(cohort_name: str) -> Tables:
    """Return what is known of all participants: days, people, quality.

    Raises
    ------
    InputError : no such cohort, or the release cannot be used.
    NotReadyError : the tables are not there yet; names the command.
    """
    if cohort_name == shipped.NAME:
        return shipped.shipped()
    if cohort_name == from_release.NAME:
        return from_release.tables_of_release()
    raise unknown("cohort with sensor streams", cohort_name, NAMES)
