"""All cohorts by name: those that come with the program, a release of AI-READI, own folders.

``SENSECF_AIREADI`` names the release (the cohort ``aireadi-release``), ``SENSECF_COHORTS`` the folders.
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
from sensecf_core.cohorts.own import folder as own_folder
from sensecf_core.cohorts.own.problems import Problem
from sensecf_core.errors import InputError, NotReadyError, unknown
from sensecf_core.provenance import CLI

ENVIRONMENT = "SENSECF_COHORTS"
"""Names own cohort folders, separated as in ``PATH``."""


@dataclass(frozen=True)
class BrokenCohort:
    """A folder in ``SENSECF_COHORTS`` that is not usable yet, and everything that is wrong with it."""

    folder: Path
    problems: tuple[Problem, ...]


def available() -> tuple[str, ...]:
    """Names of all cohorts: the built-in ones first, then a release that is named, then own ones in order.

    Own folders are here only where they can be loaded; a release may still have to be read (or its path
    corrected): :func:`release_problem` says so.
    """
    return (*_reserved(), *_own_cohorts()[0])


def load(name: str) -> Cohort:
    """Return the cohort called ``name``; loaded once per process and content.

    Raises
    ------
    InputError : no such cohort; names the near matches, and the mend where a folder of that name is broken.
    NotReadyError : a built-in cohort's files are missing or damaged, or a release is not read yet; names the
        command.
    """
    if name in builtin.NAMES:
        return builtin.load(name)
    if name == from_release.NAME:
        if not from_release.named():
            raise InputError(f"The cohort {name!r} needs {locate.ENVIRONMENT}, the folder of a release.")
        return from_release.load()
    found, faulty = _own_cohorts()
    if name in found:
        return found[name]
    for cohort in faulty:
        if cohort.folder.name == name:
            raise InputError(
                f"The cohort folder {str(cohort.folder)!r} has {len(cohort.problems)} problem(s); "
                f"`{CLI} cohort check {cohort.folder}` lists them."
            )
    raise unknown("cohort", name, (*_reserved(), *found))


def release_problem() -> str | None:
    """Say in one sentence why the release that is named cannot be used yet; None where all is well."""
    try:
        if from_release.named():
            from_release.load()
    except (InputError, NotReadyError) as error:
        return str(error)
    return None


def _reserved() -> tuple[str, ...]:
    return (*builtin.NAMES, from_release.NAME) if from_release.named() else builtin.NAMES


def broken() -> tuple[BrokenCohort, ...]:
    """Own cohort folders that cannot be used, with their problems."""
    return _own_cohorts()[1]


def _own_cohorts() -> tuple[dict[str, Cohort], tuple[BrokenCohort, ...]]:
    found: dict[str, Cohort] = {}
    faulty: list[BrokenCohort] = []
    for folder in _folders():
        result = _read_folder(folder, own_folder.state(folder))
        if isinstance(result, BrokenCohort):
            faulty.append(result)
        elif (name := result.schema.name) in (*found, *builtin.NAMES, from_release.NAME):
            faulty.append(BrokenCohort(folder, (_name_taken(name),)))
        else:
            found[name] = result
    return found, tuple(faulty)


def _folders() -> tuple[Path, ...]:
    texts = os.environ.get(ENVIRONMENT, "").split(os.pathsep)
    return tuple(dict.fromkeys(Path(text.strip()).expanduser().absolute() for text in texts if text.strip()))


@lru_cache(maxsize=32)
def _read_folder(folder: Path, state: own_folder.State) -> Cohort | BrokenCohort:
    """Read one folder; ``state`` (sizes and times of its files) makes a changed folder a new entry."""
    result = own_folder.examine(folder)
    return BrokenCohort(folder, result) if isinstance(result, tuple) else result


def _name_taken(name: str) -> Problem:
    return Problem(
        "name", None, f"another cohort is called {name!r} already", "Give it another `name` in schema.toml."
    )
