"""All cohorts by name: built-in ones, an AI-READI release, and the user's own folders.

``SENSECF_AIREADI`` names the release (the cohort ``aireadi-release``), ``SENSECF_COHORTS`` the folders; those
made on the page Your data come last (:mod:`.uploads`).
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from sensecf_core.aireadi.cohort import from_release
from sensecf_core.aireadi.release import locate
from sensecf_core.cohorts import builtin
from sensecf_core.cohorts.cohort import Cohort
from sensecf_core.cohorts.own import folder as own_folder, schema_file
from sensecf_core.cohorts.own.problems import Problem
from sensecf_core.datasets import uploads
from sensecf_core.errors import InputError, NotReadyError, unknown
from sensecf_core.provenance import CLI

ENVIRONMENT = "SENSECF_COHORTS"
"""Names own cohort folders, separated as in ``PATH``."""


@dataclass(frozen=True)
class BrokenCohort:
    """A folder in ``SENSECF_COHORTS`` that cannot be used yet, with all its problems."""

    folder: Path
    problems: tuple[Problem, ...]


def available() -> tuple[str, ...]:
    """Names of all cohorts: the built-in ones, then the release if one is set, then own folders in order.

    Own folders are listed only if they can be loaded; a release may still have to be read, or its path
    corrected: :func:`release_problem` says so.
    """
    return (*_reserved(), *_own_cohorts()[0])


def load(name: str) -> Cohort:
    """Return the cohort called ``name``; loaded once per process and content.

    Raises
    ------
    InputError : no such cohort; names near matches, or the command that checks a broken folder.
    NotReadyError : a built-in cohort's files are missing or damaged, or the release is not read yet; names
        the command to run.
    """
    if name in builtin.NAMES:
        return builtin.load(name)
    if name == from_release.NAME:
        if not from_release.is_set():
            raise InputError(f"The cohort {name!r} needs {locate.ENVIRONMENT}, the folder of a release.")
        return from_release.load()
    for folder in _folders():  # only those of that name are read: another folder may be large
        state = own_folder.state(folder)
        if _name_of(folder, state) == name:
            found = _read_folder(folder, state)
            if isinstance(found, Cohort):
                return found
    own_cohorts, broken_cohorts = _own_cohorts()
    if name in own_cohorts:
        return own_cohorts[name]
    for cohort in broken_cohorts:
        if cohort.folder.name == name:
            raise InputError(
                f"The cohort folder {str(cohort.folder)!r} has {len(cohort.problems)} problem(s); "
                f"`{CLI} cohort check {cohort.folder}` lists them."
            )
    raise unknown("cohort", name, (*_reserved(), *own_cohorts))


def release_problem() -> str | None:
    """Say in one sentence why the release that is set cannot be used yet; None if it can."""
    try:
        if from_release.is_set():
            from_release.load()
    except (InputError, NotReadyError) as error:
        return str(error)
    return None


def _reserved() -> tuple[str, ...]:
    return (*builtin.NAMES, from_release.NAME) if from_release.is_set() else builtin.NAMES


def broken() -> tuple[BrokenCohort, ...]:
    """Own cohort folders that cannot be used, with their problems."""
    return _own_cohorts()[1]


def _own_cohorts() -> tuple[dict[str, Cohort], tuple[BrokenCohort, ...]]:
    cohorts: dict[str, Cohort] = {}
    broken_cohorts: list[BrokenCohort] = []
    for folder in _folders():
        result = _read_folder(folder, own_folder.state(folder))
        if isinstance(result, BrokenCohort):
            broken_cohorts.append(result)
        elif (name := result.schema.name) in (*cohorts, *builtin.NAMES, from_release.NAME):
            broken_cohorts.append(BrokenCohort(folder, (_name_taken(name),)))
        else:
            cohorts[name] = result
    return cohorts, tuple(broken_cohorts)


def _folders() -> tuple[Path, ...]:
    texts = os.environ.get(ENVIRONMENT, "").split(os.pathsep)
    given = (Path(text.strip()).expanduser().absolute() for text in texts if text.strip())
    return tuple(dict.fromkeys((*given, *uploads.folders())))


@lru_cache(maxsize=32)
def _read_folder(folder: Path, state: own_folder.State) -> Cohort | BrokenCohort:
    """Read one folder; ``state`` (sizes and times of its files) makes a changed folder a new entry."""
    examined = own_folder.examine(folder, odd=False)
    return BrokenCohort(folder, examined.problems) if examined.cohort is None else examined.cohort


@lru_cache(maxsize=64)
def _name_of(folder: Path, state: own_folder.State) -> str | None:
    return schema_file.name_of(folder)


def _name_taken(name: str) -> Problem:
    return Problem(
        "name", None, f"another cohort is called {name!r} already", "Give it another `name` in schema.toml."
    )
