"""Where a participant's files lie: what the disk holds, with the manifest as a hint.

Manifests name paths and record counts. Their averages include sentinels (0, -1, -2; Low as 70) and a
mean "sleep hours" that is the length of one stage segment, so those columns are never read.
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
    """What a manifest says about one participant's stream; None where it says nothing or ``None``."""

    path: str | None
    records: int | None


@dataclass(frozen=True)
class Located:
    """One participant's file of one stream; ``path`` is None where there is none.

    ``note`` says where manifest and disk disagree, without naming the person.
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

    Raises ``InputError`` when it is made, where a manifest or a stream's folder may not be read.
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
        """Find one file; what the disk holds decides, wherever the manifest disagrees."""
        listed = self._manifests[stream.name].get(person)
        try:
            return self._locate(stream, person, listed)
        except PermissionError:
            return Located(stream, None, 0, listed, NO_PERMISSION)
        except OSError:
            return Located(stream, None, 0, listed, UNREADABLE)

    def _locate(self, stream: Stream, person: str, listed: Listed | None) -> Located:
        told = self._listed_file(listed, person)
        found = [path for folder in self._folders[stream.name] for path in _json_in(folder / person)]
        if told is not None and (told in found or not found):
            return Located(stream, told, told.stat().st_size, listed)
        if not found:
            return Located(stream, None, 0, listed, LISTED_NOT_THERE if listed and listed.path else None)
        note = None
        if len(found) > 1:
            note = SEVERAL
        elif listed is not None and listed.path:
            note = ANOTHER
        elif self._manifests[stream.name]:
            note = NOT_LISTED
        return Located(stream, found[0], found[0].stat().st_size, listed, note)

    def _listed_file(self, listed: Listed | None, person: str) -> Path | None:
        """Return the manifest's file where it exists inside the release and belongs to the person."""
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
    """Read paths and record counts from both manifests; a missing manifest lists nothing."""
    found: dict[str, dict[str, Listed]] = {stream.name: {} for stream in STREAMS}
    for name in (WEARABLE, GLUCOSE):
        streams = [stream for stream in STREAMS if stream.area == name]
        for path in (folder / MANIFEST for folder in area(release, name)):
            if not is_file(path):
                continue
            for person, row in _rows(path):
                for stream in streams:
                    text = _given(row.get(stream.path_column))
                    found[stream.name][person] = Listed(text, _count(row.get(stream.count_column)))
            break
    return found


def _rows(path: Path) -> Iterable[tuple[str, Mapping[str, str | None]]]:
    try:
        # A byte that is no UTF-8 spoils its own cell, not the table.
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
    """Manifests write a missing cell as the text ``None``."""
    return None if text is None or text.strip().lower() in NOT_GIVEN else text.strip()


def _count(text: str | None) -> int | None:
    given = _given(text)
    try:
        return int(float(given)) if given else None
    except ValueError:
        return None


def _device_folders(release: Release, stream: Stream) -> tuple[Path, ...]:
    """Folders one level below a stream's own, one per device (``garmin_vivosmart5``, ``dexcom_g6``)."""
    places = [base / name for base in area(release, stream.area) for name in stream.folders]
    try:
        return tuple(child for place in places for child in _children(place) if is_folder(child))
    except PermissionError as error:
        raise no_permission(error.filename) from error


def _json_in(folder: Path) -> list[Path]:
    """Real files of a person's folder; dangling links and folders that are called so are none."""
    named = (path for path in _children(folder) if path.suffix.lower() == ".json" and path.name[0] != ".")
    return [path for path in named if is_file(path)]


def _children(folder: Path) -> list[Path]:
    """Return what is in a folder, nothing where there is none; raises ``PermissionError``."""
    try:
        return sorted(folder.iterdir())
    except (FileNotFoundError, NotADirectoryError):
        return []
