"""A run's folder: its settings, table and summary; how they are written and found.

``var/runs/benchmark/ID/`` holds the runs of this machine: ``config.json`` (what was asked, by which versions
on which machine), ``results.parquet`` (one line per query and row, see
:mod:`~sensecf_core.evaluation.benchmark.table`) and ``summary.json``. ``results/benchmark/ID/`` holds the
committed ones. Finished records are kept by method in ``var/runs/benchmark-records/``, so that a run with
more people or methods asks only what is new. Nothing heavy is imported to read a summary: pages do it.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sensecf_core.json_safe import read_file
from sensecf_core.paths import COMMITTED_RESULTS, var, write_whole
from sensecf_core.types import Json

if TYPE_CHECKING:
    import pandas as pd

CONFIG, RESULTS, SUMMARY = "config.json", "results.parquet", "summary.json"
COMMITTED = COMMITTED_RESULTS / "benchmark"
SCHEMA_VERSION = 3


@dataclass(frozen=True)
class BenchmarkRun:
    """A run that can be read; ``finished`` is false where it was ended before its summary."""

    folder: Path
    config: Json
    committed: bool

    @property
    def id(self) -> str:
        """Its id, which is its folder's name."""
        return self.folder.name

    @property
    def finished(self) -> bool:
        """Whether there is a summary to show."""
        return (self.folder / SUMMARY).is_file()

    def summary(self) -> Json:
        """Read the summary; raises ``OSError`` or ``ValueError`` where it is missing or damaged."""
        found: Json = read_file(self.folder / SUMMARY)
        if not isinstance(found, dict) or found.get("schema_version") != SCHEMA_VERSION:
            raise ValueError(f"{self.folder / SUMMARY} was written by another version of this program")
        return found


def own_folder(run_id: str) -> Path:
    """Where a run of this machine is kept."""
    return var("runs", "benchmark", run_id)


def records(cohort: str, method: str, digest: str) -> Path:
    """The file of a method's finished records; ``digest`` is of all that decides them."""
    slug = re.sub("[^a-z0-9.-]+", "-", method.lower())
    return var("runs", "benchmark-records", f"{cohort}-{slug}-{digest}.jsonl")


def runs(cohort: str) -> tuple[BenchmarkRun, ...]:
    """Every run of a cohort that can be read: the committed ones first, then the newest of this machine."""
    return runs_in(cohort, COMMITTED, var("runs", "benchmark"))


def runs_in(cohort: str, committed: Path, own: Path) -> tuple[BenchmarkRun, ...]:
    """The same from two folders of runs, of this command or of another one that writes such folders."""
    mine = sorted(_read_runs(own, cohort, False), key=lambda run: run.config["created"])
    return (*_read_runs(committed, cohort, True), *reversed(mine))


def _read_runs(parent: Path, cohort: str, committed: bool) -> Iterator[BenchmarkRun]:
    for path in sorted(parent.glob(f"*/{CONFIG}")):
        try:
            config = read_file(path)
        except (OSError, ValueError):
            continue
        if isinstance(config, dict) and config.get("cohort") == cohort and "created" in config:
            yield BenchmarkRun(path.parent, config, committed)


def begin(folder: Path, config: Mapping[str, Any]) -> Json:
    """Write a run's settings unless it has some, and return them: a run that goes on keeps its own."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / CONFIG
    if not path.is_file():
        _write(path, config)
    written: Json = read_file(path)
    return written


def publish(folder: Path, out: Path) -> Path:
    """Copy a finished run to ``out/ID``; returns that folder.

    Only runs of public cohorts: what was measured on other people's rows stays in ``var/``
    (docs/architecture.md, "Decisions, and why").
    """
    copy = out / folder.name
    copy.mkdir(parents=True, exist_ok=True)
    files = [path for path in folder.iterdir() if path.suffix in (".json", ".parquet")]
    for path in sorted(files, key=lambda path: path.name == SUMMARY):  # it says that a run is whole
        part = copy / f".{path.name}.part"
        shutil.copyfile(path, part)
        part.replace(copy / path.name)
    return copy


def end(folder: Path, table: pd.DataFrame, summary: Mapping[str, Any]) -> None:
    """Write the table of a run, then its summary: a run with a summary is finished."""
    part = folder / f"{RESULTS}.part"
    table.to_parquet(part, index=False)
    part.replace(folder / RESULTS)
    _write(folder / SUMMARY, {"schema_version": SCHEMA_VERSION, **summary})


def _write(path: Path, value: Mapping[str, Any]) -> None:
    write_whole(path, json.dumps(value, ensure_ascii=False, indent=1, allow_nan=False) + "\n")
