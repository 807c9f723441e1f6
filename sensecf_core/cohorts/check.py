"""Checking a cohort folder: every problem at once, each with column, row and mend."""

from __future__ import annotations

from pathlib import Path

from sensecf_core.cohorts.cohort import Cohort
from sensecf_core.cohorts.own import data_file, schema_file
from sensecf_core.cohorts.own.folder import examine
from sensecf_core.cohorts.own.problems import Problem

__all__ = ["Problem", "State", "check", "state"]

State = tuple[tuple[str, int, int], ...]
"""Name, modification time in ns, and size of each file of a cohort folder."""


def check(folder: Path) -> tuple[Problem, ...]:
    """List everything that keeps ``folder`` from being a cohort; empty means that it is one.

    Never raises for what the files hold: broken, empty, binary and huge files are problems like others.
    """
    result = examine(folder)
    return () if isinstance(result, Cohort) else result


def state(folder: Path) -> State:
    """Tell whether a folder has changed since it was read, without reading it."""
    found = []
    for name in (schema_file.FILE, *data_file.NAMES):
        try:
            status = (folder / name).stat()
        except OSError:
            continue
        found.append((name, status.st_mtime_ns, status.st_size))
    return tuple(found)
