"""Options that several commands have."""

from __future__ import annotations

import os
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sensecf_core.errors import InputError, unknown

if TYPE_CHECKING:
    from sensecf_core.cohorts.cohort import Cohort
    from sensecf_core.evaluation.cluster import connect
    from sensecf_core.types import Progress

MOST_JOBS = 64
PROFILES = ("behaviour", "intervention", "contrast")
DIRECTION_LIMITS = (*PROFILES, "all")

CohortName = Annotated[str, typer.Option("--cohort", help="The cohort's name; see `cohort list`.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
JsonProgress = Annotated[
    bool, typer.Option("--json-progress", help="Print progress as JSON lines on stdout, for programs.")
]
DirectionLimits = Annotated[
    str | None,
    typer.Option(
        "--limits",
        help="Limits towards the desired class; without it the cohort's own. `all`: both directions "
        "under intervention and contrast.",
    ),
]
Cluster = Annotated[
    str | None,
    typer.Option("--cluster", help="A Dask scheduler, like tcp://HOST:8786, whose workers are used instead."),
]
Jobs = Annotated[int | None, typer.Option("--jobs", help="Processes; without it one per core.")]


def given_options(context: typer.Context) -> dict[str, str]:
    """The options that were given on the command line, by parameter: ``{"most_pairs": "--most-pairs"}``."""
    found = {}
    for one in context.command.params:
        source = context.get_parameter_source(str(one.name))
        if source is not None and source.name == "COMMANDLINE":
            found[str(one.name)] = one.opts[0]
    return found


def at_least(least: int, **values: int) -> None:
    """Raise ``InputError`` for the first option (named as in Python) below ``least``."""
    for name, value in values.items():
        if value < least:
            raise InputError(f"--{name.replace('_', '-')} must be {least} or more, got {value}.")


def check_directions(limits: str | None) -> None:
    """Raise ``InputError`` unless ``limits`` are what :data:`DirectionLimits` takes."""
    if limits not in (None, *DIRECTION_LIMITS):
        raise unknown("limits", str(limits), DIRECTION_LIMITS)


def check_out(out: Path | None, cohort: Cohort) -> None:
    """Raise ``InputError`` if a run of a cohort that is not public is to be copied to ``--out``."""
    from sensecf_core.counterfactuals.proposers.resolve_model import restricted

    if out is not None and restricted(cohort):
        raise InputError(
            f"{cohort.schema.name} is not public: what is measured on its rows is not copied to --out."
        )


def workers(
    address: str | None, jobs: int, cohort: Cohort, module: str, tell: Progress
) -> AbstractContextManager[connect.Cluster | None]:
    """The workers of ``--cluster`` (None without it), which run the code of ``module``.

    Raises ``InputError`` for ``--jobs`` beside it, and what
    :func:`~sensecf_core.evaluation.cluster.connect.connect` raises.
    """
    if address is None:
        return nullcontext()
    if jobs != 1:
        raise InputError("--jobs counts processes of this machine; leave it out with --cluster.")
    from sensecf_core.evaluation.cluster import connect

    return connect.connect(address, cohort, module, tell)


def processes(jobs: int | None) -> int:
    """Return the number of processes; raises ``InputError`` if ``jobs`` is out of range."""
    if jobs is None:
        return min(os.cpu_count() or 1, MOST_JOBS)
    if not 1 <= jobs <= MOST_JOBS:
        raise InputError(f"--jobs must be from 1 to {MOST_JOBS}, got {jobs}.")
    return jobs
