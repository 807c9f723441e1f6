"""One participant of either cohort, and the tables about all of them."""

from __future__ import annotations

from sensecf_core.cohorts.aireadi import opening
from sensecf_core.cohorts.aireadi.opening import OpenPerson
from sensecf_core.cohorts.aireadi.stress_days import release_cohort, shipped
from sensecf_core.cohorts.aireadi.tables import Tables
from sensecf_core.errors import unknown

NAMES = (shipped.NAME, release_cohort.NAME)


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
        return opening.open_person(shipped.release_of(participant), participant)
    if cohort_name == release_cohort.NAME:
        return opening.open_person(release_cohort.found(), participant)
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
    if cohort_name == release_cohort.NAME:
        return release_cohort.tables_of_release()
    raise unknown("cohort with sensor streams", cohort_name, NAMES)
