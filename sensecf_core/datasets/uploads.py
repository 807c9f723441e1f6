"""Cohorts made on the page Your data: folders in ``var/``, which only their owner can read.

A table is first kept as a draft, ``var/cohort-drafts/HASH/``; once it is a cohort, as ``var/cohorts/NAME/``.
"""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

from sensecf_core.access import rights
from sensecf_core.cohorts.own import data_file, schema_file
from sensecf_core.cohorts.own.draft_folder import CSV_SUFFIXES
from sensecf_core.errors import InputError, NotReadyError
from sensecf_core.paths import var

SUFFIXES = (*CSV_SUFFIXES, ".parquet", ".xlsx")
"""Kinds of files that can be read."""


def folders() -> tuple[Path, ...]:
    """The folders of all cohorts that were made so, by name; none where ``var/`` cannot be used."""
    try:
        return tuple(sorted(path.parent for path in var("cohorts").glob(f"*/{schema_file.FILE}")))
    except NotReadyError:
        return ()


def keep(file_name: str, content: bytes) -> Path:
    """Keep a table as a draft; the same table is kept once. Returns the path of its data file.

    Raises ``InputError`` for a kind of file that cannot be read.
    """
    rights.require("cohorts")
    suffix = Path(file_name).suffix.lower()
    if suffix not in SUFFIXES:
        raise InputError(f"{file_name!r} is no table; its name must end in {', '.join(SUFFIXES)}.")
    name = f"data{'.csv' if suffix in CSV_SUFFIXES else suffix}"
    path = var("cohort-drafts", hashlib.sha256(content).hexdigest()[:16], name)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    fresh = path.with_name(f"{name}.part")
    fresh.write_bytes(content)
    fresh.replace(path)
    return path


def accept(draft: Path, name: str) -> Path:
    """Make a draft's folder the cohort ``name``, by one rename; raises ``InputError`` for a taken name."""
    rights.require("cohorts")
    target = var("cohorts", name)
    if target.exists():
        raise InputError(f"There is a cohort {name!r} already; choose another name, or remove it first.")
    target.parent.mkdir(mode=0o700, exist_ok=True)
    for other in data_file.NAMES:  # of an earlier upload of the same bytes under another name
        if other != draft.name:
            (draft.parent / other).unlink(missing_ok=True)
    draft.parent.rename(target)
    return target


def remove(name: str) -> None:
    """Remove the data and the schema of a cohort that was made so; its answers and classifier stay."""
    rights.require("cohorts")
    if var("cohorts", name) not in folders():
        raise InputError(f"{name!r} is no cohort that was made on the page Your data.")
    shutil.rmtree(var("cohorts", name))


def discard_drafts() -> None:
    """Remove every draft."""
    shutil.rmtree(var("cohort-drafts"), ignore_errors=True)
