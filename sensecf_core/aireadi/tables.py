"""The whole cohort's tables: built in parallel, kept privately, taken up again after an interruption.

They lie in ``var/aireadi/KEY/`` (mode 700, files 600, git-ignored). The key hashes the release, its
tables, the sizes of its streams and the code; older tables of the same root are removed, and one build of
a root runs at a time. Each batch of participants is written when it is done, so a killed build goes on
where it was; a worker holds one file of one participant at a time.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pandas as pd

from sensecf_core.aireadi.features.participant import guarded_tables
from sensecf_core.aireadi.release import clinical, participants
from sensecf_core.aireadi.release.files import FileFinder
from sensecf_core.aireadi.release.inventory import PersonFiles, person_files, release_sha256, table_files
from sensecf_core.aireadi.release.locate import Release
from sensecf_core.paths import file_lock, var
from sensecf_core.processes import parallel_map
from sensecf_core.types import Progress

NAMES = ("days", "people", "quality", "clinical")
DONE = "built.json"
BEGUN = "shards/begun.json"
"""These two say of which root a folder's tables, or its parts of them, are."""

BATCH = 8
"""Participants that a worker reads before it writes."""


@dataclass(frozen=True)
class Tables:
    """What a release comes down to.

    Attributes
    ----------
    days : indexed by ``participant_id`` and ``day``; every day that a window touches (see :mod:`days`).
    people : indexed by ``participant_id``; ``participants.tsv``, the summary of the sensors, and the
        clinical items (see :func:`person.summarise`, :func:`clinical.wide` and :func:`clinical.signs`).
    quality : one row per participant and stream (see :mod:`quality`).
    clinical : one row per clinical record (see :func:`clinical.records`).
    key : hash of the release and its files.
    folder : where they are kept.
    read_mb : size of the files that had to be read just now.
    from_cache : whether the tables were there.
    replaced : columns of ``participants.tsv`` that are computed too, and were left out for that.
    """

    days: pd.DataFrame
    people: pd.DataFrame
    quality: pd.DataFrame
    clinical: pd.DataFrame
    key: str
    folder: Path
    read_mb: float
    from_cache: bool
    replaced: tuple[str, ...]


def build(release: Release, *, jobs: int = 2, progress: Progress | None = None) -> Tables:
    """Return the tables of a release, from the cache where they are there, else by reading every file.

    Parameters
    ----------
    jobs : processes; each needs about 200 MB, more for the rare huge file.
    progress : called with the fraction done and a message.

    Raises
    ------
    InputError : ``participants.tsv`` cannot be used.
    """
    tell = progress or (lambda done, message: None)
    tell(0.0, "Looking at the files")
    people = participants.read(release)
    files = person_files(FileFinder(release), people, clinical.visits(release))
    key = release_sha256(release, files)
    root = hashlib.sha256(str(release.root).encode("utf-8", "surrogateescape")).hexdigest()
    with file_lock(var("aireadi", f"{root[:16]}.lock")):
        folder = _private_folder(key)
        if kept := _kept(folder, key):
            return kept
        shards = folder / "shards"
        shards.mkdir(mode=0o700, exist_ok=True)
        _note(folder / BEGUN, {"root": str(release.root)})
        read_mb = _read_all(files, shards, jobs, tell) / 1e6
        _put_together(release, people, files, shards, folder)
        shutil.rmtree(shards)
        _remove_older(release, folder)
        return _load(folder, key, read_mb, from_cache=False)


def built(release: Release) -> Tables | None:
    """Return the tables of a release where they are there for exactly these files; reads none of them.

    None where they are not, or cannot be read (a disk that was full, a copy that was cut short).

    Raises
    ------
    InputError : ``participants.tsv`` cannot be used.
    """
    people = participants.read(release)
    key = release_sha256(release, person_files(FileFinder(release), people, clinical.visits(release)))
    return _kept(_private_folder(key), key)


def state(release: Release) -> tuple[tuple[str, int, int], ...]:
    """Tell whether a release may have other tables than before, without looking at people's files."""
    found = []
    for path in (*table_files(release), *sorted(var("aireadi", DONE).parent.glob(f"*/{DONE}"))):
        with suppress(FileNotFoundError):  # a build that ends just now removes older tables
            status = path.stat()
            found.append((str(path), status.st_mtime_ns, status.st_size))
    return tuple(found)


def _private_folder(key: str) -> Path:
    """Make the release's folder, and the one around it, for the owner only."""
    return var("aireadi", key[:16], DONE).parent


def _remove_older(release: Release, newest: Path) -> None:
    """Remove what was kept of the same root before its files or the code changed, finished or not."""
    for folder in newest.parent.iterdir():
        if folder != newest and any(_root_of(folder / name) == str(release.root) for name in (DONE, BEGUN)):
            shutil.rmtree(folder)


def _root_of(note: Path) -> str | None:
    try:
        told = json.loads(note.read_text("utf-8"))
    except (OSError, ValueError):
        return None
    return str(told.get("root")) if isinstance(told, dict) else None


def _kept(folder: Path, key: str) -> Tables | None:
    """Load what an earlier build has finished; None for nothing, or for damaged files."""
    if not (folder / DONE).is_file():
        return None
    try:
        return _load(folder, key, 0.0, from_cache=True)
    except (OSError, ValueError, KeyError, TypeError):  # ArrowInvalid is a ValueError
        return None


def _load(folder: Path, key: str, read_mb: float, from_cache: bool) -> Tables:
    days, people, quality, records = (pd.read_parquet(folder / f"{name}.parquet") for name in NAMES)
    return Tables(
        days.set_index(["participant_id", "day"]),
        people.set_index("participant_id"),
        quality,
        records,
        key,
        folder,
        read_mb,
        from_cache,
        tuple(json.loads((folder / DONE).read_text("utf-8"))["replaced"]),
    )


def _read_all(files: Sequence[PersonFiles], shards: Path, jobs: int, tell: Progress) -> int:
    """Read the batches that are not there yet, telling how far it is and how fast; returns the bytes read."""
    todo = [batch for batch in _batches(files) if not (shards / _shard(batch)).is_dir()]
    total, done, read = sum(len(batch) for batch in todo), 0, 0
    started = time.monotonic()
    with closing(parallel_map(partial(read_batch, shards=shards), todo, jobs)) as results:
        for count, size in results:
            done, read = done + count, read + size
            speed = read / 1e6 / max(time.monotonic() - started, 1e-3)
            already = len(files) - total
            tell(
                done / total, f"Reading participants: {already + done:,} of {len(files):,}, {speed:.0f} MB/s"
            )
    return read


def _batches(files: Sequence[PersonFiles]) -> Iterator[tuple[PersonFiles, ...]]:
    for first in range(0, len(files), BATCH):
        yield tuple(files[first : first + BATCH])


def _shard(batch: Sequence[PersonFiles]) -> str:
    return f"{batch[0].sha256[:16]}-{batch[-1].sha256[:16]}-{len(batch)}"


def read_batch(batch: Sequence[PersonFiles], shards: Path) -> tuple[int, int]:
    """Read some participants and write their rows as one folder.

    Returns
    -------
    How many participants and bytes were read.
    """
    days, people, quality = [], [], []
    for one in batch:
        tables = guarded_tables(one)
        days.append(tables.days.reset_index().assign(participant_id=one.person))
        people.append({"participant_id": one.person, **tables.summary})
        quality.append(tables.quality)
    target = shards / _shard(batch)
    draft = shards / f".{target.name}-{os.getpid()}"
    draft.mkdir(mode=0o700, exist_ok=True)
    for name, table in (
        ("days", pd.concat([one for one in days if len(one)] or days[:1], ignore_index=True)),
        ("people", pd.DataFrame(people)),
        ("quality", pd.concat(quality, ignore_index=True)),
    ):
        _write(table, draft / f"{name}.parquet")
    try:
        draft.rename(target)
    except OSError:  # a worker of a build that was killed a moment ago has written it
        shutil.rmtree(draft)
    return len(batch), sum(one.size for one in batch)


def _put_together(
    release: Release, people: pd.DataFrame, files: Sequence[PersonFiles], shards: Path, folder: Path
) -> None:
    """Join the batches and the clinical data; the file that says that it is done is written last."""
    folders = [shards / _shard(batch) for batch in _batches(files)]
    days, summary, quality = (
        pd.concat([pd.read_parquet(one / f"{name}.parquet") for one in folders], ignore_index=True)
        for name in ("days", "people", "quality")
    )
    records = clinical.records(release)
    computed = summary.set_index("participant_id").join([clinical.wide(records), clinical.signs(records)])
    replaced = [name for name in people.columns if name in computed]
    whole = people.drop(columns=replaced).join(computed)
    for name, table in zip(NAMES, (days, whole.reset_index(), quality, records), strict=True):
        _write(table, folder / f"{name}.parquet")
    told = {"root": str(release.root), "release": release.name, "participants": len(files)}
    _note(folder / DONE, {**told, "read_mb": sum(one.size for one in files) / 1e6, "replaced": replaced})


def _note(path: Path, told: dict[str, object]) -> None:
    draft = path.with_name(f".{path.name}-{os.getpid()}")
    draft.write_text(json.dumps(told), "utf-8")
    draft.chmod(0o600)
    draft.replace(path)


def _write(table: pd.DataFrame, path: Path) -> None:
    draft = path.with_name(f".{path.name}-{os.getpid()}")
    table.to_parquet(draft, index=False)
    draft.chmod(0o600)
    draft.replace(path)
