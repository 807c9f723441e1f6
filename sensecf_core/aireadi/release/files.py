"""Find a participant's files: the disk decides, the manifest is a hint.

Manifests have paths and record counts. Their averages include sentinels (0, -1, -2; Low as 70), and their
mean "sleep hours" is the length of one stage segment, so those columns are never read.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from sensecf_core.aireadi.release.locate import (
    GLUCOSE,
    ID_COLUMNS,
    WEARABLE,
    Release,
    area,
    is_file,
    is_folder,
    no_permission,
)
from sensecf_core.aireadi.release.participants import NOT_GIVEN
from sensecf_core.aireadi.release.streams import STREAMS, Stream
from sensecf_core.errors import InputError

MANIFEST = "manifest.tsv"

NO_PERMISSION = "there is no permission to read its folder"
UNREADABLE = "its folder cannot be read"
LISTED_NOT_THERE = "the manifest lists a file that is not there"
SEVERAL = "several files where one belongs; the first is used"
ANOTHER = "the manifest names another file than the one that is there"
NOT_LISTED = "the manifest does not list the file that is there"


@dataclass(frozen=True)
class Listed:
    """A manifest's entry for one participant's stream; None where a cell is empty or ``None``."""

    path: str | None
    records: int | None


@dataclass(frozen=True)
class Located:
    """One participant's file of one stream; ``path`` is None if there is no file.

    ``note`` says how manifest and disk disagree, without naming the person.
    """

    stream: Stream
    path: Path | None = None
    size: int = 0
    listed: Listed | None = None
    note: str | None = None


Manifests = Mapping[str, Mapping[str, Listed]]
"""By stream name, then by participant id."""


class FileFinder:
    """Finds files in one release; the folders of each stream are looked up once.

    The constructor raises ``InputError`` if a manifest or a stream's folder may not be read.
    """

    def __init__(self, release: Release) -> None:
        self._release = release
        self._manifests = read_manifests(release)
        self._folders = {stream.name: _device_folders(release, stream) for stream in STREAMS}

    @property
    def manifests(self) -> Manifests:
        """What the two manifests list."""
        return self._manifests

    def locate(self, stream: Stream, person: str) -> Located:
        """Find one file; where manifest and disk disagree, the disk decides."""
        listed = self._manifests[stream.name].get(person)
        try:
            return self._locate(stream, person, listed)
        except PermissionError:
            return Located(stream, None, 0, listed, NO_PERMISSION)
        except OSError:
            return Located(stream, None, 0, listed, UNREADABLE)

    def _locate(self, stream: Stream, person: str, listed: Listed | None) -> Located:
        listed_path = self._listed_file(listed, person)
        paths = [path for folder in self._folders[stream.name] for path in _json_in(folder / person)]
        if listed_path is not None and (listed_path in paths or not paths):
            return Located(stream, listed_path, listed_path.stat().st_size, listed)
        if not paths:
            return Located(stream, None, 0, listed, LISTED_NOT_THERE if listed and listed.path else None)
        note = None
        if len(paths) > 1:
            note = SEVERAL
        elif listed is not None and listed.path:
            note = ANOTHER
        elif self._manifests[stream.name]:
            note = NOT_LISTED
        return Located(stream, paths[0], paths[0].stat().st_size, listed, note)

    def _listed_file(self, listed: Listed | None, person: str) -> Path | None:
        """Return the manifest's file if it exists inside the release and belongs to the person."""
        if listed is None or listed.path is None:
            return None
        relative = Path(listed.path.lstrip("/"))
        if ".." in relative.parts or person not in relative.parts:
            return None
        top = relative.parts[0]
        for base in (self._release.root, self._release.root / top):
            if is_file(base / relative):
                return base / relative
        return None


def read_manifests(release: Release) -> Manifests:
    """Read paths and record counts from both manifests; a missing manifest is empty."""
    manifests: dict[str, dict[str, Listed]] = {stream.name: {} for stream in STREAMS}
    for name in (WEARABLE, GLUCOSE):
        streams = [stream for stream in STREAMS if stream.area == name]
        for path in (folder / MANIFEST for folder in area(release, name)):
            if not is_file(path):
                continue
            for person, row in _rows(path):
                for stream in streams:
                    text = _given(row.get(stream.path_column))
                    manifests[stream.name][person] = Listed(text, _count(row.get(stream.count_column)))
            break
    return manifests


def _rows(path: Path) -> Iterable[tuple[str, Mapping[str, str | None]]]:
    try:
        # A byte that is not UTF-8 damages its own cell, not the table.
        with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
            for row in csv.DictReader(file, delimiter="\t"):
                person = next((row[name] for name in ID_COLUMNS if row.get(name)), None)
                if person:
                    yield person.strip(), row
    except PermissionError as error:
        raise no_permission(path) from error
    except (OSError, csv.Error) as error:
        raise InputError(f"{str(path)!r} cannot be read as tab-separated text.") from error


def _given(text: str | None) -> str | None:
    """Return the text of a cell, None if it is missing; manifests write that as the text ``None``."""
    return None if text is None or text.strip().lower() in NOT_GIVEN else text.strip()


def _count(text: str | None) -> int | None:
    given = _given(text)
    try:
        return int(float(given)) if given else None
    except ValueError:
        return None


def _device_folders(release: Release, stream: Stream) -> tuple[Path, ...]:
    """The folders below a stream's folder, one per device (``garmin_vivosmart5``, ``dexcom_g6``)."""
    folders = [base / name for base in area(release, stream.area) for name in stream.folders]
    try:
        return tuple(child for folder in folders for child in _children(folder) if is_folder(child))
    except PermissionError as error:
        raise no_permission(error.filename) from error


def _json_in(folder: Path) -> list[Path]:
    """List the JSON files of a person's folder, without dangling links and folders of such a name."""
    named = (path for path in _children(folder) if path.suffix.lower() == ".json" and path.name[0] != ".")
    return [path for path in named if is_file(path)]


def _children(folder: Path) -> list[Path]:
    """List a folder; empty if it does not exist. Raises ``PermissionError``."""
    try:
        return sorted(folder.iterdir())
    except (FileNotFoundError, NotADirectoryError):
        return []
