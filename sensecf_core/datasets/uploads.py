"""Cohorts made on the page Your data: folders in ``var/``, which only their owner can read.

A table is first kept as a draft of one visit, ``var/cohort-drafts/VISIT-HASH/``; once it is a cohort, as
``var/cohorts/NAME/``. Drafts that were not used are removed after a day.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import time
from pathlib import Path

from sensecf_core.access import rights
from sensecf_core.cohorts.own import schema_file
from sensecf_core.cohorts.own.draft.draft_folder import CSV_SUFFIXES
from sensecf_core.errors import InputError, NotReadyError
from sensecf_core.paths import var

SUFFIXES = (*CSV_SUFFIXES, ".parquet", ".xlsx")
"""Kinds of files that can be read."""
NAME = re.compile(r"[a-z][a-z0-9_-]*")
KEPT_SECONDS = 24 * 60 * 60.0
"""How long a draft is kept."""


def folders() -> tuple[Path, ...]:
    """The folders of all cohorts that were made so, by name; none where ``var/`` cannot be used."""
    try:
        return tuple(sorted(path.parent for path in var("cohorts").glob(f"*/{schema_file.FILE}")))
    except NotReadyError:
        return ()


def keep(file_name: str, content: bytes, visit: str) -> Path:
    """Keep a table as a draft of a visit; returns the path of its data file.

    Raises ``InputError`` for a kind of file that cannot be read.
    """
    rights.require("cohorts")
    suffix = Path(file_name).suffix.lower()
    if suffix not in SUFFIXES:
        raise InputError(f"{file_name!r} is no table; its name must end in {', '.join(SUFFIXES)}.")
    name = f"data{'.csv' if suffix in CSV_SUFFIXES else suffix}"
    digest = hashlib.sha256(content).hexdigest()[:16]
    path = var("cohort-drafts", f"{visit}-{digest}{suffix}", name)
    _discard_old(path.parent.parent)
    if not path.exists():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        fresh = path.with_name(f"{name}.part")
        fresh.write_bytes(content)
        fresh.replace(path)
    return path


def _discard_old(drafts: Path) -> None:
    for folder in drafts.glob("*"):
        if time.time() - folder.stat().st_mtime > KEPT_SECONDS:
            shutil.rmtree(folder, ignore_errors=True)


def accept(draft: Path, name: str, schema: str) -> Path:
    """Make a draft's folder, with the text of its schema, the cohort ``name``, by one rename.

    Raises ``InputError`` for a name that is taken, or none that a cohort can have.
    """
    rights.require("cohorts")
    if not NAME.fullmatch(name):
        raise InputError(f"{name!r} is no name of a cohort; use lower-case letters, digits, - and _.")
    target = var("cohorts", name)
    if target.exists():
        raise InputError(f"There is a cohort {name!r} already; choose another name, or remove it first.")
    target.parent.mkdir(mode=0o700, exist_ok=True)
    (draft.parent / schema_file.FILE).write_text(schema, encoding="utf-8")
    draft.parent.rename(target)
    return target


def remove(name: str) -> None:
    """Remove the data and the schema of a cohort that was made so; its answers and classifier stay."""
    rights.require("cohorts")
    if not NAME.fullmatch(name) or var("cohorts", name) not in folders():
        raise InputError(f"{name!r} is no cohort that was made on the page Your data.")
    shutil.rmtree(var("cohorts", name))
