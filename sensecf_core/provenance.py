"""Where a number came from: command, program version, commit, library versions, machine."""

from __future__ import annotations

import hashlib
import os
import platform
import subprocess
import sys
from functools import cache
from importlib import metadata
from pathlib import Path

from sensecf_core import __version__
from sensecf_core.paths import ROOT

PROGRAM = "python -m sensecf_core"
LIBRARIES = (
    *("numpy", "scipy", "pandas", "scikit-learn", "shap", "torch", "transformers", "peft", "llguidance"),
    *("dice-ml", "NICEx", "cfnow", "treecf", "streamlit"),
)


def command() -> str:
    """The command that this process runs, as one would type it."""
    return " ".join([PROGRAM, *sys.argv[1:]])


@cache
def commit() -> str | None:
    """Git commit of the checkout, with ``+changes`` where files differ from it; None outside git."""

    def git(*args: str) -> str:
        command = ["git", "-C", str(ROOT), *args]
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=10).stdout.strip()

    try:
        return git("rev-parse", "HEAD") + ("+changes" if git("status", "--porcelain", "-uno") else "")
    except (OSError, subprocess.SubprocessError):
        return None


@cache
def versions() -> dict[str, str]:
    """Versions of the libraries that decide a result (installed ones only)."""
    found = {"python": platform.python_version(), "sensecf": __version__}
    for name in LIBRARIES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


@cache
def machine() -> dict[str, str | int | None]:
    """Processor, cores and system; no host or user name."""
    return {"processor": _processor(), "cores": os.cpu_count(), "system": platform.platform(terse=True)}


def _processor() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as lines:  # noqa: PTH123 (a device file)
            for line in lines:
                if line.startswith("model name"):
                    return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


AFTER_ANSWERS = ("ui", "jobs", "records", "cli")
AFTER_PAIRS = (*AFTER_ANSWERS, "evaluation")
"""Rooms that have no say in what is answered, and in what is searched on training rows."""


@cache
def engine_sha256(leave_out: tuple[str, ...] = AFTER_ANSWERS) -> str:
    """Hash of the source that makes and judges answers: all rooms but those left out."""
    digest = hashlib.sha256()
    package = Path(__file__).parent
    for path in sorted(package.rglob("*.py")):
        if path.relative_to(package).parts[0] not in leave_out:
            digest.update(path.read_bytes())
    return digest.hexdigest()
