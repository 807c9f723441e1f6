"""What a measurement was made by and on, and where it is kept."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sensecf_core.paths import var
from sensecf_core.provenance import commit, machine, versions


def made_by(module: str, argv: list[str]) -> dict[str, Any]:
    """The command, time, commit, machine and versions of this measurement."""
    return {
        "command": " ".join([f"python -m {module}", *argv]),
        "utc": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": commit(),
        "machine": machine(),
        "threads": len(os.sched_getaffinity(0)),
        "versions": versions(),
    }


def keep(report: dict[str, Any], out: Path | None, prefix: str = "") -> None:
    """Write a report as JSON to ``var/bench/``, and to ``out`` too if that is given; say where."""
    text = json.dumps(report, indent=1) + "\n"
    kept = var("bench", f"{prefix}{datetime.now(UTC):%Y%m%dT%H%M%SZ}.json")
    for path in filter(None, (kept, out)):
        path.write_text(text, encoding="utf-8")
        print(f"written: {path}")
