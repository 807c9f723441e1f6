"""How many processes a command may use."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from sensecf_core.errors import InputError

MOST_JOBS = 64

Jobs = Annotated[int | None, typer.Option("--jobs", help="Processes; without it one per core.")]


def processes(jobs: int | None) -> int:
    """Return how many processes are meant; raises ``InputError``."""
    if jobs is None:
        return min(os.cpu_count() or 1, MOST_JOBS)
    if not 1 <= jobs <= MOST_JOBS:
        raise InputError(f"--jobs must be from 1 to {MOST_JOBS}, got {jobs}.")
    return jobs
