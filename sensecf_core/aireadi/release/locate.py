"""Finding an AI-READI release below a path that a user gave, and saying which release it is.

Downloads arrive wrapped (``UUID/dataset/``, ``YR3/``), so the release's root is the shallowest folder
with a ``participants.tsv``, at most :data:`DEEPEST` levels down. The layout is read off the files (the
name of the id column, the form of a glucose file), whatever number the release has; the version decides
only between 1 and 2, and only where there is no glucose file. The mini release is known by its title or
DOI.
"""

from __future__ import annotations

import csv
import json
import os
import re
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Literal

from sensecf_core.aireadi.release.documents import UnreadableFileError, load
from sensecf_core.errors import InputError

Layout = Literal["v1", "v2", "v3"]

ENVIRONMENT = "SENSECF_AIREADI"
"""Names the folder of a release."""

PEOPLE_FILE = "participants.tsv"
DESCRIPTION_FILE = "dataset_description.json"
CLINICAL, WEARABLE, GLUCOSE = "clinical_data", "wearable_activity_monitor", "wearable_blood_glucose"
ID_COLUMNS = ("person_id", "participant_id")
DEEPEST = 3
MOST_FOLDERS = 20_000
"""Folders looked into before a search gives up: the path was probably not a release at all."""
MOST_TRIED = 5
"""Glucose files looked at for one that can be read."""

MOST_NAMED = 3
"""Releases named where a folder holds several."""

LOOKED_FOR = (
    f"an AI-READI release (v1, v2, v3 or mini) has {PEOPLE_FILE} beside "
    f"{CLINICAL}/, {WEARABLE}/ and {GLUCOSE}/"
)
_SYNTHETIC_ID = re.compile(r"9\d{5}")


@dataclass(frozen=True)
class Release:
    """A release on disk.

    Attributes
    ----------
    root : the folder with ``participants.tsv``, absolute.
    layout : the file formats found, whatever the version number says.
    version, title : as ``dataset_description.json`` gives them; empty where it does not.
    mini : the release of 100 participants, as title or DOI say.
    synthetic : labelled synthetic *and* every id is one that no real participant has (9xxxxx).
    id_column : name of the id column in ``participants.tsv``.
    notes : what is odd about the release as a whole, one sentence each.
    """

    root: Path
    layout: Layout
    version: str
    title: str
    mini: bool
    synthetic: bool
    id_column: str
    notes: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """How people call it: "AI-READI v3.0.0", with what sets it apart."""
        number = f"v{self.version.lstrip('v')}" if self.version else f"{self.layout} (no version given)"
        kind = ", mini" if self.mini else ""
        return f"AI-READI {number}{kind}{', SYNTHETIC' if self.synthetic else ''}"


def find(path: Path | str | None = None) -> Release:
    """Recognise the release at or below ``path`` (default: what ``SENSECF_AIREADI`` names).

    Raises
    ------
    InputError : no path, nothing there, a file, a zip, an empty or unreadable folder, no release below
        it, several releases, or a layout that is not known; one sentence that says which.
    """
    text = str(os.environ.get(ENVIRONMENT, "") if path is None else path).strip()
    if not text:
        raise InputError(f"Give the folder of an AI-READI release, or set {ENVIRONMENT} to it.")
    folder = Path(text).expanduser().absolute()
    try:
        _check_folder(folder)
        return _recognise(_root(folder))
    except PermissionError as error:
        raise no_permission(error.filename or folder) from error


def area(release: Release, name: str) -> tuple[Path, ...]:
    """Folders that may hold one part of a release: as documented, and doubled (``name/name``)."""
    return tuple(folder for folder in (release.root / name, release.root / name / name) if is_folder(folder))


def is_file(path: Path) -> bool:
    """Tell whether there is a file; False where a folder on the way may not be looked into."""
    try:
        return path.is_file()
    except OSError:
        return False


def is_folder(path: Path) -> bool:
    """Tell whether there is a folder; False where a folder on the way may not be looked into."""
    try:
        return path.is_dir()
    except OSError:
        return False


def no_permission(path: Path | str) -> InputError:
    """Build the sentence for what exists but may not be read."""
    return InputError(
        f"There is no permission to read {str(path)!r}; ask its owner, or run as a user who may."
    )


def _check_folder(path: Path) -> None:
    """Refuse what is no folder with entries; raises ``InputError`` or ``PermissionError``."""
    if path.is_dir():
        if not _entries(path):
            raise InputError(f"The folder {str(path)!r} is empty; {LOOKED_FOR}.")
    elif path.is_file():
        is_archive = path.suffix.lower() in (".zip", ".gz", ".tar", ".7z") or _starts_as_zip(path)
        mend = "unpack it and give the folder it makes" if is_archive else "give the folder of the release"
        what = "an archive" if is_archive else "a file"
        raise InputError(f"{str(path)!r} is {what}, not a folder; {mend}.")
    elif path.exists():
        raise InputError(f"{str(path)!r} is neither a folder nor a file that can be read.")
    else:
        raise InputError(f"There is nothing at {str(path)!r}; correct the path of the AI-READI release.")


def _starts_as_zip(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(4) == b"PK\x03\x04"


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    with os.scandir(folder) as found:
        return sorted(found, key=lambda entry: entry.name)


def _root(folder: Path) -> Path:
    """Return the shallowest folder with ``participants.tsv``; raises ``InputError``."""
    level, looked = [folder], 0
    for _ in range(DEEPEST + 1):
        found = [place for place in level if is_file(place / PEOPLE_FILE)]
        if len(found) > 1:
            names = ", ".join(str(place.relative_to(folder)) for place in found[:MOST_NAMED])
            more = f" and {len(found) - MOST_NAMED} more" if len(found) > MOST_NAMED else ""
            raise InputError(
                f"There are {len(found)} releases below {str(folder)!r} ({names}{more}); name one of them."
            )
        if found:
            return found[0]
        looked += len(level)
        if looked > MOST_FOLDERS:
            break
        level = [child for place in level for child in _folders_in(place)]
    raise InputError(_nothing_found(folder))


def _folders_in(place: Path) -> list[Path]:
    try:
        return [Path(entry.path) for entry in _entries(place) if entry.is_dir() and entry.name[0] != "."]
    except OSError:
        return []


def _nothing_found(folder: Path) -> str:
    for parent in list(folder.parents)[:DEEPEST]:
        if is_file(parent / PEOPLE_FILE):
            return f"{str(folder)!r} is a part of a release; give its root, {str(parent)!r}."
    entries = [entry.name for entry in _entries(folder)]
    if archives := [name for name in entries if name.lower().endswith((".zip", ".tar.gz", ".tgz", ".7z"))]:
        return f"{str(folder)!r} holds the archive {archives[0]!r} but no {PEOPLE_FILE}; unpack it first."
    return f"There is no {PEOPLE_FILE} within {DEEPEST} levels of {str(folder)!r}; {LOOKED_FOR}."


def _recognise(root: Path) -> Release:
    header, ids = _people(root)
    id_column = next((name for name in ID_COLUMNS if name in header), None)
    if id_column is None:
        raise InputError(
            f"{str(root / PEOPLE_FILE)!r} has neither a column {ID_COLUMNS[0]!r} nor {ID_COLUMNS[1]!r}, "
            f"so this is not a layout that is known; {LOOKED_FOR}."
        )
    parts = [root / part for part in (CLINICAL, WEARABLE, GLUCOSE) if is_folder(root / part)]
    for part in parts:
        _entries(part)  # no permission is told here, not as missing data later
    if not parts:
        raise InputError(f"{str(root)!r} has a {PEOPLE_FILE} but none of the data folders; {LOOKED_FOR}.")
    told, notes = _description(root)
    version = str(told.get("version") or "").strip()
    major = _major(version)
    if major == 0:
        raise InputError(
            f"{str(root)!r} says that it is version {version}; v1, v2, v3 and the mini release can be read."
        )
    if major is not None and major > 3:
        notes.append(f"Version {version} is newer than this program knows; it is read like version 3.")
    title = _title(told)
    labelled = "synthetic" in f"{title} {version}".lower()
    free = bool(ids) and all(_SYNTHETIC_ID.fullmatch(one) for one in ids)
    if labelled and not free:
        notes.append("It is labelled synthetic but has ids that real participants may have; treated as real.")
    mini = "mini" in title.lower().split() or "fairhub.4" in json.dumps(told.get("identifier", ""))
    layout = _layout(root, id_column, major)
    return Release(root, layout, version, title, mini, labelled and free, id_column, tuple(notes))


def _people(root: Path) -> tuple[list[str], list[str]]:
    """Column names and ids of ``participants.tsv``, no ids without an id column; raises ``InputError``."""
    path = root / PEOPLE_FILE
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.reader(file, delimiter="\t")
            header = [name.strip() for name in next(rows, [])]
            place = next((header.index(name) for name in ID_COLUMNS if name in header), len(header))
            return header, [row[place].strip() for row in rows if len(row) > place]
    except PermissionError:
        raise
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{str(path)!r} cannot be read as tab-separated text ({error}).") from error


def _description(root: Path) -> tuple[dict[str, Any], list[str]]:
    path = root / DESCRIPTION_FILE
    if not is_file(path):
        return {}, [f"There is no {DESCRIPTION_FILE}; the version is taken from the files."]
    try:
        told = json.loads(path.read_text("utf-8-sig"))
    except (OSError, ValueError):
        return {}, [f"{DESCRIPTION_FILE} cannot be read; the version is taken from the files."]
    return (told, []) if isinstance(told, dict) else ({}, [f"{DESCRIPTION_FILE} is not what it should be."])


def _title(told: dict[str, Any]) -> str:
    title = told.get("title")
    if isinstance(title, list):
        title = title[0] if title else ""
    if isinstance(title, dict):
        title = title.get("titleValue")
    return str(title or "").strip()


def _major(version: str) -> int | None:
    found = re.match(r"v?(\d+)", version)
    return int(found.group(1)) if found else None


def _layout(root: Path, id_column: str, major: int | None) -> Layout:
    if id_column == ID_COLUMNS[0]:
        return "v3"
    a_list = _glucose_is_a_list(root)
    return "v1" if a_list or (a_list is None and major == 1) else "v2"


def _glucose_is_a_list(root: Path) -> bool | None:
    """Version 1 writes the readings as the body itself, later versions as ``body.cgm``; None: no file."""
    for path in islice((root / GLUCOSE).rglob("*_DEX.json"), MOST_TRIED):
        try:
            return isinstance(load(path).get("body"), list)
        except UnreadableFileError:
            continue
    return None
