"""Opening one participant of a release: their streams inside the window, and what is odd about them."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from sensecf_core.cohorts.aireadi import clinical, participants
from sensecf_core.cohorts.aireadi.days import Worn, day_table
from sensecf_core.cohorts.aireadi.files import finder_of
from sensecf_core.cohorts.aireadi.inventory import person_files
from sensecf_core.cohorts.aireadi.person import worn_streams
from sensecf_core.cohorts.aireadi.quality import quality_row, quality_table
from sensecf_core.cohorts.aireadi.release import Release


@dataclass(frozen=True)
class OpenPerson:
    """One participant, read from the files.

    Attributes
    ----------
    listed : their row of ``participants.tsv``.
    worn : every stream inside the window, with the local time zone (see :class:`days.Worn`).
    days : see :func:`days.day_table`.
    quality : one row per stream.
    notes : what is odd about clock and window.
    """

    listed: pd.Series
    worn: Worn
    days: pd.DataFrame
    quality: pd.DataFrame
    notes: tuple[str, ...]


def open_person(release: Release, person: str) -> OpenPerson:
    """Read one participant, about 0.2 s for ten days.

    Raises
    ------
    InputError : no such participant; names the near matches.
    """
    people = participants.read(release)
    listed = participants.locate(people, person)
    finder = finder_of(release)
    (files,) = person_files(finder, people.loc[[person]], clinical.visits(release))
    worn, recordings, notes = worn_streams(finder, person, site=files.site, visit=files.visit)
    rows = [{"person_id": person, **quality_row(recording, worn)} for recording in recordings]
    return OpenPerson(listed, worn, day_table(worn), quality_table(rows), notes)
