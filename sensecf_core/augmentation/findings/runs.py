"""Runs of ``augment`` that can be shown: those that come with the program, and those of this machine."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from sensecf_core.evaluation.benchmark import run_folder
from sensecf_core.evaluation.benchmark.run_folder import BenchmarkRun
from sensecf_core.json_safe import read_file
from sensecf_core.paths import COMMITTED_RESULTS, var
from sensecf_core.provenance import CLI
from sensecf_core.types import Json

COMMITTED = COMMITTED_RESULTS / "augmentation"
READABLE = (1, 2)
"""Versions of summaries that can be read."""
ROWS = "rows.parquet"


def runs(cohort: str) -> tuple[BenchmarkRun, ...]:
    """Every run of a cohort: the committed ones first, then the newest of this machine."""
    return run_folder.runs_in(cohort, COMMITTED, var("runs", "augmentation"))


def read_summary(folder: Path) -> Json:
    """Read a run's summary; raises ``OSError`` or ``ValueError`` where it is missing, damaged or unknown."""
    found: Json = read_file(folder / run_folder.SUMMARY)
    if not isinstance(found, dict) or found.get("schema_version") not in READABLE:
        raise ValueError(f"{folder / run_folder.SUMMARY} was written by another version of this program")
    return found


def read_table(folder: Path) -> pd.DataFrame | None:
    """The table of a run (a line a cell, repeat, arm and student), or None if it cannot be read."""
    return _parquet(folder / run_folder.RESULTS)


def read_rows(folder: Path) -> pd.DataFrame | None:
    """The example rows of a run, or None where it kept none or they cannot be read."""
    return _parquet(folder / ROWS)


def _parquet(path: Path) -> pd.DataFrame | None:
    try:
        return pd.read_parquet(path)
    except (OSError, ValueError):
        return None


def arguments(
    cohort: str,
    *,
    scenarios: Sequence[str] = ("A", "B", "C"),
    removed: Sequence[float] = (0.5, 0.9, 0.95),
    arms: Sequence[str] = ("all",),
    repeats: int = 20,
    seed: int = 0,
) -> list[str]:
    """The arguments of ``python -m sensecf_core`` that run some cells."""
    return [
        *("augment", "--cohort", cohort, "--scenario", ",".join(scenarios)),
        *("--removed", ",".join(f"{share:g}" for share in removed), "--arms", ",".join(arms)),
        *("--repeats", str(repeats), "--seed", str(seed)),
    ]


def command(cohort: str, **chosen: object) -> str:
    """The same as one would type it; see :func:`arguments`."""
    return " ".join([CLI, *arguments(cohort, **chosen)])  # type: ignore[arg-type]
