"""Measurements, the run that made them, and the file they are written to."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sensecf_core.paths import var
from sensecf_core.provenance import commit, machine, versions


@dataclass(frozen=True)
class Row:
    """One line of the table; ``target`` is the most allowed, or the least with ``at_least``."""

    what: str
    value: float
    unit: str
    target: float | None = None
    at_least: bool = False
    note: str = ""

    @property
    def met(self) -> bool | None:
        """Whether the target was met; None without one."""
        if self.target is None:
            return None
        return self.value >= self.target if self.at_least else self.value <= self.target


def run_metadata(module: str, argv: list[str]) -> dict[str, Any]:
    """Command, time, commit, machine and versions of this run."""
    return {
        "command": " ".join([f"python -m {module}", *argv]),
        "utc": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": commit(),
        "machine": machine(),
        "threads": len(os.sched_getaffinity(0)),
        "versions": versions(),
    }


def write_report(report: dict[str, Any], out: Path | None, prefix: str = "") -> None:
    """Write a report as JSON to ``var/bench/``, and to ``out`` if given; print the paths."""
    text = json.dumps(report, indent=1) + "\n"
    stored = var("bench", f"{prefix}{datetime.now(UTC):%Y%m%dT%H%M%SZ}.json")
    for path in filter(None, (stored, out)):
        path.write_text(text, encoding="utf-8")
        print(f"written: {path}")
