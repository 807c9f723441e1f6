"""Find an AI-READI release at or below a path, and recognise which release it is.

Downloads arrive in folders (``UUID/dataset/``, ``YR3/``), so the release's root is the shallowest folder with
a ``participants.tsv``, at most :data:`DEEPEST` levels down. The layout is recognised from the files (the name
of the id column, the format of a glucose file), whatever version the release states; the stated version
decides only between 1 and 2, and only without a glucose file. The mini release is recognised by its title or
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
from sensecf_core.json_safe import read_file

Layout = Literal["v1", "v2", "v3"]

ENVIRONMENT = "SENSECF_AIREADI"
"""Environment variable with the folder of a release."""

PEOPLE_FILE = "participants.tsv"
DESCRIPTION_FILE = "dataset_description.json"
CLINICAL, WEARABLE, GLUCOSE = "clinical_data", "wearable_activity_monitor", "wearable_blood_glucose"
ID_COLUMNS = ("person_id", "participant_id")
DEEPEST = 3
MOST_FOLDERS = 20_000
"""Folders searched before giving up: the path is probably not a release at all."""
MOST_TRIED = 5
"""Glucose files tried to find one that can be read."""

MOST_NAMED = 3
"""Releases named in the message about a folder with several."""

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
    layout : the format of the files, whatever the version number says.
    version, title : from ``dataset_description.json``; empty if it has none.
    mini : whether it is the release of 100 participants, by title or DOI.
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
        """Display name: "AI-READI v3.0.0", marked as mini or synthetic."""
        number = f"v{self.version.lstrip('v')}" if self.version else f"{self.layout} (no version given)"
        kind = ", mini" if self.mini else ""
        return f"AI-READI {number}{kind}{', SYNTHETIC' if self.synthetic else ''}"


def find(path: Path | str | None = None) -> Release:
    """Recognise the release at or below ``path`` (default: the folder in ``SENSECF_AIREADI``).

    Raises
    ------
    InputError : no path, nothing there, a file, a zip, an empty or unreadable folder, no release below it,
        several releases, or an unknown layout; one sentence says which.
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
    """Whether there is a file; False if a folder on the way cannot be read."""
    try:
        return path.is_file()
    except OSError:
        return False


def is_folder(path: Path) -> bool:
    """Whether there is a folder; False if a folder on the way cannot be read."""
    try:
        return path.is_dir()
    except OSError:
        return False


def no_permission(path: Path | str) -> InputError:
    """Build the error for what exists but may not be read."""
    return InputError(
        f"There is no permission to read {str(path)!r}; ask its owner, or run as a user who may."
    )


def _check_folder(path: Path) -> None:
    """Refuse anything but a folder with entries; raises ``InputError`` or ``PermissionError``."""
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
    with os.scandir(folder) as entries:
        return sorted(entries, key=lambda entry: entry.name)


def _root(folder: Path) -> Path:
    """Return the shallowest folder with ``participants.tsv``; raises ``InputError``."""
    level, visited = [folder], 0
    for _ in range(DEEPEST + 1):
        roots = [candidate for candidate in level if is_file(candidate / PEOPLE_FILE)]
        if len(roots) > 1:
            names = ", ".join(str(candidate.relative_to(folder)) for candidate in roots[:MOST_NAMED])
            more = f" and {len(roots) - MOST_NAMED} more" if len(roots) > MOST_NAMED else ""
            raise InputError(
                f"There are {len(roots)} releases below {str(folder)!r} ({names}{more}); name one of them."
            )
        if roots:
            return roots[0]
        visited += len(level)
        if visited > MOST_FOLDERS:
            break
        level = [child for candidate in level for child in _folders_in(candidate)]
    raise InputError(_nothing_found(folder))


def _folders_in(folder: Path) -> list[Path]:
    try:
        return [Path(entry.path) for entry in _entries(folder) if entry.is_dir() and entry.name[0] != "."]
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
        _entries(part)  # reports a lack of permission here, rather than missing data later
    if not parts:
        raise InputError(f"{str(root)!r} has a {PEOPLE_FILE} but none of the data folders; {LOOKED_FOR}.")
    description, notes = _description(root)
    version = str(description.get("version") or "").strip()
    major = _major(version)
    if major == 0:
        raise InputError(
            f"{str(root)!r} says that it is version {version}; v1, v2, v3 and the mini release can be read."
        )
    if major is not None and major > 3:
        notes.append(f"Version {version} is newer than this program knows; it is read like version 3.")
    title = _title(description)
    labelled = "synthetic" in f"{title} {version}".lower()
    synthetic_ids = bool(ids) and all(_SYNTHETIC_ID.fullmatch(person) for person in ids)
    if labelled and not synthetic_ids:
        notes.append("It is labelled synthetic but has ids that real participants may have; treated as real.")
    mini = "mini" in title.lower().split() or "fairhub.4" in json.dumps(description.get("identifier", ""))
    layout = _layout(root, id_column, major)
    return Release(root, layout, version, title, mini, labelled and synthetic_ids, id_column, tuple(notes))


def _people(root: Path) -> tuple[list[str], list[str]]:
    """Column names and ids of ``participants.tsv`` (no ids without an id column); raises ``InputError``."""
    path = root / PEOPLE_FILE
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.reader(file, delimiter="\t")
            header = [name.strip() for name in next(rows, [])]
            column = next((header.index(name) for name in ID_COLUMNS if name in header), len(header))
            return header, [row[column].strip() for row in rows if len(row) > column]
    except PermissionError:
        raise
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{str(path)!r} cannot be read as tab-separated text ({error}).") from error


def _description(root: Path) -> tuple[dict[str, Any], list[str]]:
    path = root / DESCRIPTION_FILE
    if not is_file(path):
        return {}, [f"There is no {DESCRIPTION_FILE}; the version is taken from the files."]
    try:
        description = read_file(path)
    except (OSError, ValueError):
        return {}, [f"{DESCRIPTION_FILE} cannot be read; the version is taken from the files."]
    return (
        (description, [])
        if isinstance(description, dict)
        else ({}, [f"{DESCRIPTION_FILE} is not what it should be."])
    )


def _title(description: dict[str, Any]) -> str:
    title = description.get("title")
    if isinstance(title, list):
        title = title[0] if title else ""
    if isinstance(title, dict):
        title = title.get("titleValue")
    return str(title or "").strip()


def _major(version: str) -> int | None:
    match = re.match(r"v?(\d+)", version)
    return int(match.group(1)) if match else None


def _layout(root: Path, id_column: str, major: int | None) -> Layout:
    if id_column == ID_COLUMNS[0]:
        return "v3"
    is_list = _glucose_is_a_list(root)
    return "v1" if is_list or (is_list is None and major == 1) else "v2"


def _glucose_is_a_list(root: Path) -> bool | None:
    """Whether the body of a glucose file is the list of readings (v1), not ``body.cgm``; None: no file."""
    for path in islice((root / GLUCOSE).rglob("*_DEX.json"), MOST_TRIED):
        try:
            return isinstance(load(path).get("body"), list)
        except UnreadableFileError:
            continue
    return None
