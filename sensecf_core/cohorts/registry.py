"""All cohorts by name: the two that come with the program, and the folders in ``SENSECF_COHORTS``."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from sensecf_core.cohorts import builtin, check, own
from sensecf_core.cohorts.cohort import Cohort
from sensecf_core.cohorts.problems import Problem
from sensecf_core.errors import InputError, unknown

ENVIRONMENT = "SENSECF_COHORTS"
"""Names own cohort folders, separated as in ``PATH``."""


@dataclass(frozen=True)
class BrokenCohort:
    """A folder in ``SENSECF_COHORTS`` that is not usable yet, and everything that is wrong with it."""

    folder: Path
    problems: tuple[Problem, ...]


def available() -> tuple[str, ...]:
    """Names of all cohorts that can be loaded: the built-in ones first, then own ones in given order."""
    return (*builtin.NAMES, *_own_cohorts()[0])


def load(name: str) -> Cohort:
    """Return the cohort called ``name``; loaded once per process and content.

    Raises
    ------
    InputError : no such cohort; names the near matches, and the mend where a folder of that name is broken.
    NotReadyError : a built-in cohort's files are missing or damaged; names the command.
    """
    if name in builtin.NAMES:
        return builtin.load(name)
    found, faulty = _own_cohorts()
    if name in found:
        return found[name]
    for cohort in faulty:
        if cohort.folder.name == name:
            raise InputError(
                f"The cohort folder {str(cohort.folder)!r} has {len(cohort.problems)} problem(s); "
                f"`python -m sensecf_core cohort check {cohort.folder}` lists them."
            )
    raise unknown("cohort", name, (*builtin.NAMES, *found))


def broken() -> tuple[BrokenCohort, ...]:
    """Own cohort folders that cannot be used, with their problems."""
    return _own_cohorts()[1]


def _own_cohorts() -> tuple[dict[str, Cohort], tuple[BrokenCohort, ...]]:
    found: dict[str, Cohort] = {}
    faulty: list[BrokenCohort] = []
    for folder in _folders():
        result = _read_folder(folder, check.state(folder))
        if isinstance(result, BrokenCohort):
            faulty.append(result)
        elif (name := result.schema.name) in found or name in builtin.NAMES:
            faulty.append(BrokenCohort(folder, (_name_taken(name),)))
        else:
            found[name] = result
    return found, tuple(faulty)


def _folders() -> tuple[Path, ...]:
    texts = os.environ.get(ENVIRONMENT, "").split(os.pathsep)
    return tuple(dict.fromkeys(Path(text.strip()).expanduser().absolute() for text in texts if text.strip()))


@lru_cache(maxsize=32)
def _read_folder(folder: Path, state: check.State) -> Cohort | BrokenCohort:
    """Read one folder; ``state`` (sizes and times of its files) makes a changed folder a new entry."""
    result = own.examine(folder)
    return BrokenCohort(folder, result) if isinstance(result, tuple) else result


def _name_taken(name: str) -> Problem:
    return Problem(
        "name", None, f"another cohort is called {name!r} already", "Give it another `name` in schema.toml."
    )
