"""Open one participant of a release: their streams inside the window, and what is odd about them."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from sensecf_core.aireadi.features.days import Worn, day_table
from sensecf_core.aireadi.features.participant import worn_streams
from sensecf_core.aireadi.features.quality import quality_row, quality_table
from sensecf_core.aireadi.release import clinical, participants
from sensecf_core.aireadi.release.files import FileFinder
from sensecf_core.aireadi.release.inventory import person_files
from sensecf_core.aireadi.release.locate import Release


@dataclass(frozen=True)
class OpenPerson:
    """One participant, read from the files.

    Attributes
    ----------
    listed : their row of ``participants.tsv``.
    worn : every stream inside the window, with the local time zone.
    days : see :func:`day_table`.
    quality : one row per stream.
    notes : what is odd about time zone and window.
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
    InputError : no such participant.
    """
    people = participants.read(release)
    listed = participants.locate(release, people, person)
    (files,) = person_files(FileFinder(release), people.loc[[person]], clinical.visits(release))
    worn, recordings, notes = worn_streams(files)
    rows = [quality_row(recording, worn) for recording in recordings]
    return OpenPerson(listed, worn, day_table(worn), quality_table(person, rows), notes)
