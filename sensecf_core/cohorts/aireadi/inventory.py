"""What a release holds by name and size, so that a table made from it is known to be of these files."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path

import pandas as pd

from sensecf_core.cohorts.aireadi import clinical
from sensecf_core.cohorts.aireadi.files import MANIFEST, FileFinder
from sensecf_core.cohorts.aireadi.release import (
    CLINICAL,
    GLUCOSE,
    PEOPLE_FILE,
    WEARABLE,
    Release,
    area,
    is_file,
)
from sensecf_core.cohorts.aireadi.streams import STREAMS


@dataclass(frozen=True)
class PersonFiles:
    """One participant to read: what the reading needs, and a hash of what it will find."""

    person: str
    site: str
    visit: date | None
    size: int
    sha256: str


def person_files(finder: FileFinder, people: pd.DataFrame, visits: pd.Series) -> tuple[PersonFiles, ...]:
    """List the participants with the size of their files, in the order of ``participants.tsv``.

    ``visits`` (day by person) stands in where ``participants.tsv`` has no visit date.
    """
    found = []
    for person, row in people.iterrows():
        visit = row["study_visit_date"]
        visit = visits.get(person) if pd.isna(visit) else visit
        day = None if visit is None or pd.isna(visit) else pd.Timestamp(visit).date()
        site = "" if pd.isna(row["clinical_site"]) else str(row["clinical_site"])
        files = [finder.locate(stream, str(person)) for stream in STREAMS]
        parts = [str(person), site, str(day), engine_sha256()]
        parts += [f"{file.path}:{file.size}:{file.listed}:{file.note}" for file in files]
        found.append(PersonFiles(str(person), site, day, sum(file.size for file in files), _hash(parts)))
    return tuple(found)


def release_sha256(release: Release, files: Iterable[PersonFiles]) -> str:
    """Hash of a release: where it is, its version, and name and size of every file that is read."""
    tables = [release.root / PEOPLE_FILE]
    tables += [path for folder in area(release, CLINICAL) for path in sorted(folder.glob("*.csv"))]
    tables += [folder / MANIFEST for name in (WEARABLE, GLUCOSE) for folder in area(release, name)]
    parts = [str(release.root), release.layout, release.version]
    parts += [f"{path}:{path.stat().st_size}" for path in tables if is_file(path)]
    return _hash([*parts, *(one.sha256 for one in files)])


@cache
def engine_sha256() -> str:
    """Hash of the code and data files of this package: other code may compute other features."""
    digest = hashlib.sha256()
    folder = Path(__file__).parent
    for path in sorted([*folder.glob("*.py"), clinical.ITEMS_FILE]):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _hash(parts: Iterable[str]) -> str:
    return hashlib.sha256("\x1f".join(parts).encode("utf-8", "surrogatepass")).hexdigest()
