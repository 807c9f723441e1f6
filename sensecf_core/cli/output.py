"""What commands print: JSON for programs, short lines for people, progress on stderr."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

from sensecf_core.json_safe import json_safe


def print_json(value: Any) -> None:
    """Print one JSON document on stdout; a number that is not finite becomes ``null``."""
    print(json.dumps(json_safe(value), ensure_ascii=False, indent=1, allow_nan=False))


def print_json_line(value: Any) -> None:
    """Print one JSON document on one line and flush it, for a program that reads the output."""
    print(json.dumps(json_safe(value), ensure_ascii=False, allow_nan=False), flush=True)


def print_progress(fraction: float, message: str) -> None:
    """Print how far a command is as a JSON line."""
    print_json_line({"fraction": fraction, "message": message})


def progress(as_json: bool) -> AbstractContextManager[Callable[[float, str], None]]:
    """Report how far a command is: as JSON lines on stdout for programs, or on stderr for people."""
    return nullcontext(print_progress) if as_json else ProgressLine()


def print_run(
    summary: dict[str, Any],
    folder: Path,
    as_text: Callable[[dict[str, Any]], str],
    *,
    out: Path | None,
    as_json: bool,
    json_progress: bool,
) -> None:
    """Print a finished run and where it is; with ``out``, copy it there first."""
    from sensecf_core.evaluation.benchmark import run_folder

    if out is not None:
        folder = run_folder.publish(folder, out)
    if as_json:
        print_json(summary)
    elif not json_progress:
        print(as_text(summary))
        print(f"The whole run: {folder}")


def of_100(probability: float) -> str:
    """Write a probability as "62 of 100"."""
    from sensecf_core.counterfactuals.checks.sentences import risk

    return f"{risk(probability)} of 100"


def duration(seconds: float) -> str:
    """Write a duration as "8 s", "3 min 05 s" or "1 h 20 min"."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


class ProgressLine:
    """One line on stderr that says how far a command is, shown only if stderr is a terminal.

    Call it with a fraction (0 to 1) and a message; use it as a context manager, so that the line is cleared
    however the command ends.
    """

    def __init__(self) -> None:
        self._shown = sys.stderr.isatty()
        self._started = time.monotonic()
        self._last = 0.0

    def __call__(self, fraction: float, message: str) -> None:
        """Show ``message`` with the time left, at most ten times a second."""
        now = time.monotonic()
        if not self._shown or now - self._last < 0.1:
            return
        self._last = now
        elapsed = now - self._started
        remaining = ""
        if fraction > 0.02 and elapsed > 2:
            remaining = f", about {duration(elapsed * (1 - fraction) / fraction)} left"
        sys.stderr.write(f"\r\x1b[K{fraction:4.0%} {message}{remaining}")
        sys.stderr.flush()

    def __enter__(self) -> ProgressLine:
        return self

    def __exit__(self, *_: object) -> None:
        self.clear()

    def clear(self) -> None:
        """Clear the line before something else is printed."""
        if self._shown:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
