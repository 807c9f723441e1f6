"""Identify the files of a release, so that cached tables are used for exactly these files.

Streams, gigabytes of them, are identified by name and size; tables by their content, because an edit may
leave the size unchanged.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import cache, cached_property
from pathlib import Path

import pandas as pd

from sensecf_core.aireadi.release import clinical
from sensecf_core.aireadi.release.files import MANIFEST, FileFinder, Located
from sensecf_core.aireadi.release.locate import (
    CLINICAL,
    GLUCOSE,
    PEOPLE_FILE,
    WEARABLE,
    Release,
    area,
    is_file,
)
from sensecf_core.aireadi.release.streams import STREAMS
from sensecf_core.cohorts.fingerprint import file_sha256
from sensecf_core.provenance import code_sha256

ENGINE = ("sensecf_core.aireadi.features", "sensecf_core.aireadi.release")
"""Packages whose code computes the tables."""


@dataclass(frozen=True)
class PersonFiles:
    """One participant to read: the file of every stream, and what else reading needs.

    Attributes
    ----------
    files : one per stream, in the order of :data:`STREAMS`.
    """

    person: str
    site: str
    visit: date | None
    files: tuple[Located, ...]

    @property
    def size(self) -> int:
        """Total bytes of the files."""
        return sum(file.size for file in self.files)

    @cached_property
    def sha256(self) -> str:
        """Hash of the person, names and sizes of the files, and the code."""
        parts = [self.person, self.site, str(self.visit), engine_sha256()]
        return _hash([*parts, *(f"{file.path}:{file.size}:{file.listed}:{file.note}" for file in self.files)])


def person_files(finder: FileFinder, people: pd.DataFrame, visits: pd.Series) -> tuple[PersonFiles, ...]:
    """List the participants with their files, in the order of ``participants.tsv``.

    ``visits`` (day by person) is used where ``participants.tsv`` has no visit date.
    """
    listed = []
    for person, row in people.iterrows():
        visit = row["study_visit_date"]
        visit = visits.get(person) if pd.isna(visit) else visit
        day = None if visit is None or pd.isna(visit) else pd.Timestamp(visit).date()
        site = "" if pd.isna(row["clinical_site"]) else str(row["clinical_site"])
        files = tuple(finder.locate(stream, str(person)) for stream in STREAMS)
        listed.append(PersonFiles(str(person), site, day, files))
    return tuple(listed)


def release_sha256(release: Release, files: Iterable[PersonFiles]) -> str:
    """Hash of a release: its root, version, tables, and the name and size of every stream file."""
    parts = [str(release.root), release.layout, release.version]
    parts += [f"{path}:{_content_sha256(path)}" for path in table_files(release)]
    return _hash([*parts, *(person.sha256 for person in files)])


def _content_sha256(path: Path) -> str:
    try:
        return file_sha256(path)
    except OSError:  # reported where the content is needed
        return "unreadable"


def table_files(release: Release) -> tuple[Path, ...]:
    """All tables of a release: participants, clinical data, manifests; small compared with the streams."""
    paths = [release.root / PEOPLE_FILE]
    paths += [path for folder in area(release, CLINICAL) for path in sorted(folder.glob("*.csv"))]
    paths += [folder / MANIFEST for name in (WEARABLE, GLUCOSE) for folder in area(release, name)]
    return tuple(path for path in paths if is_file(path))


@cache
def engine_sha256() -> str:
    """Hash of the code and data that compute the tables."""
    return code_sha256(*ENGINE) + file_sha256(clinical.ITEMS_FILE)


def _hash(parts: Iterable[str]) -> str:
    return hashlib.sha256("\x1f".join(parts).encode("utf-8", "surrogatepass")).hexdigest()
