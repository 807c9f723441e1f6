"""Tables of a whole release: built in parallel, cached privately, resumed after an interruption.

They lie in ``var/aireadi/KEY/`` (mode 700, files 600, git-ignored). The key is a hash of the release, its
tables, the sizes of its streams and the code. Older tables of the same root are removed, and only one build
of a root runs at a time. Each batch of participants is written as soon as it is read, so a build that was
killed resumes where it stopped; a worker holds one file of one participant in memory.
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
from sensecf_core.json_safe import read_file
from sensecf_core.paths import file_lock, var
from sensecf_core.processes import parallel_map
from sensecf_core.types import Progress

NAMES = ("days", "people", "quality", "clinical")
DONE = "built.json"
UNFINISHED = "shards/begun.json"
"""Files that record the root whose tables a folder holds: finished ones, and those of an unfinished build."""

BATCH = 8
"""Participants that a worker reads before it writes their rows."""


@dataclass(frozen=True)
class Tables:
    """The tables computed from a release.

    Attributes
    ----------
    days : indexed by ``participant_id`` and ``day``; every day that a window overlaps (see
        :func:`sensecf_core.aireadi.features.days.day_table`).
    people : indexed by ``participant_id``; ``participants.tsv``, the summary of the sensors, and the
        clinical items (see :func:`sensecf_core.aireadi.features.participant.summarise`, :func:`clinical.wide`
        and :func:`clinical.signs`).
    quality : one row per participant and stream (see :mod:`sensecf_core.aireadi.features.quality`).
    clinical : one row per clinical record (see :func:`clinical.records`).
    key : hash of the release and its files.
    folder : where the tables are stored.
    read_mb : size of the files that this call read.
    from_cache : whether the tables were in the cache.
    replaced : columns of ``participants.tsv`` that were replaced by computed ones of the same name.
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
    """Return the tables of a release, from the cache if possible, else by reading every file.

    Parameters
    ----------
    jobs : processes; each needs about 200 MB, more for the rare huge file.
    progress : called with the fraction done and a message.

    Raises
    ------
    InputError : ``participants.tsv`` cannot be used.
    """
    progress = progress or (lambda done, message: None)
    progress(0.0, "Looking at the files")
    people = participants.read(release)
    files = person_files(FileFinder(release), people, clinical.visits(release))
    key = release_sha256(release, files)
    root = hashlib.sha256(str(release.root).encode("utf-8", "surrogateescape")).hexdigest()
    with file_lock(var("aireadi", f"{root[:16]}.lock")):
        folder = _private_folder(key)
        if cached := _cached(folder, key):
            _tidy(release, folder)
            return cached
        shards = folder / "shards"
        shards.mkdir(mode=0o700, exist_ok=True)
        _write_json(folder / UNFINISHED, {"root": str(release.root)})
        read_mb = _read_all(files, shards, jobs, progress) / 1e6
        _combine(release, people, files, shards, folder)
        _tidy(release, folder)
        return _load(folder, key, read_mb, from_cache=False)


def built(release: Release) -> Tables | None:
    """Return the cached tables of a release if they belong to exactly these files; reads no stream.

    None if there are none, or if they cannot be read (after a full disk or an interrupted copy).

    Raises
    ------
    InputError : ``participants.tsv`` cannot be used.
    """
    people = participants.read(release)
    key = release_sha256(release, person_files(FileFinder(release), people, clinical.visits(release)))
    return _cached(_private_folder(key), key)


def state(release: Release) -> tuple[tuple[str, int, int], ...]:
    """Return a value that differs once a release may have other tables; looks at nobody's files."""
    entries = []
    for path in (*table_files(release), *sorted(var("aireadi", DONE).parent.glob(f"*/{DONE}"))):
        with suppress(FileNotFoundError):  # a build that finishes meanwhile removes older tables
            status = path.stat()
            entries.append((str(path), status.st_mtime_ns, status.st_size))
    return tuple(entries)


def _private_folder(key: str) -> Path:
    """Return the folder of a key; it and its parent are readable by the owner only."""
    return var("aireadi", key[:16], DONE).parent


def _tidy(release: Release, folder: Path) -> None:
    """Remove what a finished build, or one that was killed, leaves: batches, drafts, older tables."""
    shutil.rmtree(folder / "shards", ignore_errors=True)
    for draft in folder.glob(".*"):
        draft.unlink(missing_ok=True)
    _remove_older(release, folder)


def _remove_older(release: Release, newest: Path) -> None:
    """Remove the tables, finished or not, that the same root had before its files or the code changed."""
    for folder in newest.parent.iterdir():
        if folder != newest and any(
            _root_of(folder / name) == str(release.root) for name in (DONE, UNFINISHED)
        ):
            shutil.rmtree(folder)


def _root_of(path: Path) -> str | None:
    try:
        record = read_file(path)
    except (OSError, ValueError):
        return None
    return str(record.get("root")) if isinstance(record, dict) else None


def _cached(folder: Path, key: str) -> Tables | None:
    """Load the tables of a finished build; None if there are none, or if they are damaged."""
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


def _read_all(files: Sequence[PersonFiles], shards: Path, jobs: int, progress: Progress) -> int:
    """Read the batches that are still missing, reporting progress and speed; returns the bytes read."""
    todo = [batch for batch in _batches(files) if not (shards / _shard(batch)).is_dir()]
    total, done, read = sum(len(batch) for batch in todo), 0, 0
    started = time.monotonic()
    with closing(parallel_map(partial(read_batch, shards=shards), todo, jobs)) as results:
        for count, size in results:
            done, read = done + count, read + size
            speed = read / 1e6 / max(time.monotonic() - started, 1e-3)
            already = len(files) - total
            progress(
                done / total, f"Reading participants: {already + done:,} of {len(files):,}, {speed:.0f} MB/s"
            )
    return read


def _batches(files: Sequence[PersonFiles]) -> Iterator[tuple[PersonFiles, ...]]:
    for first in range(0, len(files), BATCH):
        yield tuple(files[first : first + BATCH])


def _shard(batch: Sequence[PersonFiles]) -> str:
    return f"{batch[0].sha256[:16]}-{batch[-1].sha256[:16]}-{len(batch)}"


def read_batch(batch: Sequence[PersonFiles], shards: Path) -> tuple[int, int]:
    """Read a batch of participants and write their rows into one folder.

    Returns
    -------
    How many participants and bytes were read.
    """
    days, people, quality = [], [], []
    for files in batch:
        tables = guarded_tables(files)
        days.append(tables.days.reset_index().assign(participant_id=files.person))
        people.append({"participant_id": files.person, **tables.summary})
        quality.append(tables.quality)
    target = shards / _shard(batch)
    draft = shards / f".{target.name}-{os.getpid()}"
    draft.mkdir(mode=0o700, exist_ok=True)
    for name, table in (
        ("days", pd.concat([table for table in days if len(table)] or days[:1], ignore_index=True)),
        ("people", pd.DataFrame(people)),
        ("quality", pd.concat(quality, ignore_index=True)),
    ):
        _write_table(table, draft / f"{name}.parquet")
    try:
        draft.rename(target)
    except OSError:  # written meanwhile by a worker of a build that was just killed
        shutil.rmtree(draft)
    return len(batch), sum(files.size for files in batch)


def _combine(
    release: Release, people: pd.DataFrame, files: Sequence[PersonFiles], shards: Path, folder: Path
) -> None:
    """Combine the batches and the clinical data; the file that marks a finished build is written last."""
    folders = [shards / _shard(batch) for batch in _batches(files)]
    days, summary, quality = (
        pd.concat([pd.read_parquet(shard / f"{name}.parquet") for shard in folders], ignore_index=True)
        for name in ("days", "people", "quality")
    )
    records = clinical.records(release)
    computed = summary.set_index("participant_id").join([clinical.wide(records), clinical.signs(records)])
    replaced = [name for name in people.columns if name in computed]
    whole = people.drop(columns=replaced).join(computed)
    for name, table in zip(NAMES, (days, whole.reset_index(), quality, records), strict=True):
        _write_table(table, folder / f"{name}.parquet")
    record = {"root": str(release.root), "release": release.name, "participants": len(files)}
    _write_json(
        folder / DONE, {**record, "read_mb": sum(person.size for person in files) / 1e6, "replaced": replaced}
    )


def _write_json(path: Path, record: dict[str, object]) -> None:
    draft = path.with_name(f".{path.name}-{os.getpid()}")
    draft.write_text(json.dumps(record), "utf-8")
    draft.chmod(0o600)
    draft.replace(path)


def _write_table(table: pd.DataFrame, path: Path) -> None:
    draft = path.with_name(f".{path.name}-{os.getpid()}")
    table.to_parquet(draft, index=False)
    draft.chmod(0o600)
    draft.replace(path)
