"""The whole cohort's tables: built in parallel, kept privately, taken up again after an interruption.

They lie in ``var/aireadi/KEY/`` (mode 700, files 600, git-ignored). The key hashes the release, the sizes
of its files and the code. Each batch of participants is written when it is done, so a killed build goes
on where it was; a worker holds one file of one participant at a time.
"""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from sensecf_core.cohorts.aireadi import clinical, participants
from sensecf_core.cohorts.aireadi.files import FileFinder, finder_of
from sensecf_core.cohorts.aireadi.inventory import PersonFiles, person_files, release_sha256
from sensecf_core.cohorts.aireadi.person import PersonTables, person_tables
from sensecf_core.cohorts.aireadi.quality import quality_table
from sensecf_core.cohorts.aireadi.release import Release
from sensecf_core.cohorts.aireadi.streams import STREAMS
from sensecf_core.cohorts.aireadi.workers import end_with
from sensecf_core.paths import var

Progress = Callable[[float, str], None]

NAMES = ("days", "people", "quality", "clinical")
DONE = "built.json"
BATCH = 8
"""Participants that a worker reads before it writes."""


@dataclass(frozen=True)
class Tables:
    """What a release comes down to.

    Attributes
    ----------
    days : indexed by ``person_id`` and ``day``; every day that a window touches (see :mod:`days`).
    people : indexed by ``person_id``; ``participants.tsv``, the summary of the sensors, and the clinical
        items (see :func:`person.summarise` and :func:`clinical.wide`).
    quality : one row per participant and stream (see :mod:`quality`).
    clinical : one row per clinical record (see :func:`clinical.records`).
    key : hash of the release and its files.
    folder : where they are kept.
    read_mb : size of the files that had to be read just now; 0 where the cache answered.
    """

    days: pd.DataFrame
    people: pd.DataFrame
    quality: pd.DataFrame
    clinical: pd.DataFrame
    key: str
    folder: Path
    read_mb: float = 0.0


def build(release: Release, *, workers: int = 2, progress: Progress | None = None) -> Tables:
    """Return the tables of a release, from the cache where they are there, else by reading every file.

    Parameters
    ----------
    workers : processes; each needs about 200 MB, more for the rare huge file.
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
    folder = _private_folder(key)
    read_mb = 0.0
    if not (folder / DONE).is_file():
        shards = folder / "shards"
        shards.mkdir(mode=0o700, exist_ok=True)
        read_mb = _read_all(release, files, shards, workers, tell) / 1e6
        _put_together(release, people, files, shards, folder)
        shutil.rmtree(shards)
    return _load(folder, key, read_mb)


def _private_folder(key: str) -> Path:
    """Make the release's folder, and the one around it, for the owner only."""
    var("aireadi", key[:16])
    return var("aireadi", key[:16], DONE).parent


def _load(folder: Path, key: str, read_mb: float) -> Tables:
    days, people, quality, records = (pd.read_parquet(folder / f"{name}.parquet") for name in NAMES)
    return Tables(
        days.set_index(["person_id", "day"]),
        people.set_index("person_id"),
        quality,
        records,
        key,
        folder,
        read_mb,
    )


def _read_all(
    release: Release, files: Sequence[PersonFiles], shards: Path, workers: int, tell: Progress
) -> int:
    """Read the batches that are not there yet, telling how far it is and how fast; returns the bytes read."""
    from joblib import Parallel, delayed

    todo = [batch for batch in _batches(files) if not (shards / _shard(batch)).is_dir()]
    total, done, read = sum(len(batch) for batch in todo), 0, 0
    started = time.monotonic()
    runner = Parallel(
        n_jobs=max(1, min(workers, len(todo))),
        return_as="generator_unordered",
        pre_dispatch="2*n_jobs",
    )
    for count, size in runner(delayed(read_batch)(release, batch, shards, os.getpid()) for batch in todo):
        done, read = done + count, read + size
        speed = read / 1e6 / max(time.monotonic() - started, 1e-3)
        already = len(files) - total
        tell(done / total, f"Reading participants: {already + done:,} of {len(files):,}, {speed:.0f} MB/s")
    return read


def _batches(files: Sequence[PersonFiles]) -> Iterator[tuple[PersonFiles, ...]]:
    for first in range(0, len(files), BATCH):
        yield tuple(files[first : first + BATCH])


def _shard(batch: Sequence[PersonFiles]) -> str:
    return f"{batch[0].sha256[:16]}-{batch[-1].sha256[:16]}-{len(batch)}"


def read_batch(release: Release, batch: Sequence[PersonFiles], shards: Path, builder: int) -> tuple[int, int]:
    """Read some participants and write their rows as one folder; runs in a worker of process ``builder``.

    Returns
    -------
    How many participants and bytes were read.
    """
    end_with(builder)
    finder = finder_of(release)
    days, people, quality, size = [], [], [], 0
    for one in batch:
        tables = _read_one(finder, one)
        days.append(tables.days.reset_index().assign(person_id=one.person))
        people.append({"person_id": one.person, **tables.summary})
        quality.append(tables.quality)
        size += one.size
    target = shards / _shard(batch)
    draft = shards / f".{target.name}-{os.getpid()}"
    draft.mkdir(mode=0o700, exist_ok=True)
    for name, table in (
        ("days", pd.concat([one for one in days if len(one)] or days[:1], ignore_index=True)),
        ("people", pd.DataFrame(people)),
        ("quality", pd.concat(quality, ignore_index=True)),
    ):
        _write(table, draft / f"{name}.parquet")
    if target.is_dir():  # another build was here at the same time
        shutil.rmtree(draft)
    else:
        draft.rename(target)
    return len(batch), size


def _read_one(finder: FileFinder, one: PersonFiles) -> PersonTables:
    """Read one participant; a failure is told in the quality table and does not end a build of hours."""
    try:
        return person_tables(finder, one.person, site=one.site, visit=one.visit)
    except Exception as error:
        note = f"reading failed ({type(error).__name__})"
        rows: list[dict[str, object]] = [
            {"person_id": one.person, "stream": stream.name, "state": "unreadable", "notes": note}
            for stream in STREAMS
        ]
        return PersonTables(
            pd.DataFrame(index=pd.Index([], name="day")), {"notes": note}, quality_table(rows), 0
        )


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
    whole = people.join(summary.set_index("person_id")).join(_without(clinical.wide(records), people))
    for name, table in zip(NAMES, (days, whole.reset_index(), quality, records), strict=True):
        _write(table, folder / f"{name}.parquet")
    told = {"release": release.name, "participants": len(files), "read_mb": sum(f.size for f in files) / 1e6}
    draft = folder / f".{DONE}-{os.getpid()}"
    draft.write_text(json.dumps(told), "utf-8")
    draft.chmod(0o600)
    draft.replace(folder / DONE)


def _without(wide: pd.DataFrame, people: pd.DataFrame) -> pd.DataFrame:
    """Leave out items whose names ``participants.tsv`` already uses."""
    return wide[[name for name in wide.columns if name not in people.columns]]


def _write(table: pd.DataFrame, path: Path) -> None:
    draft = path.with_name(f".{path.name}-{os.getpid()}")
    table.to_parquet(draft, index=False)
    draft.chmod(0o600)
    draft.replace(path)
