"""The cohort ``aireadi-release``: a release on this machine that ``SENSECF_AIREADI`` names.

It has the features of the shipped cohort, but its own cut-off and texts. Its rows come from the private
tables of ``aireadi check --all``, and it is the user's own: whatever is fitted on it stays in ``var/``.
"""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path

import numpy as np
import pandas as pd

from sensecf_core.aireadi import tables
from sensecf_core.aireadi.cohort import shipped
from sensecf_core.aireadi.cohort.stress_task import StressDays, stress_days
from sensecf_core.aireadi.release import locate
from sensecf_core.aireadi.release.locate import ENVIRONMENT, Release
from sensecf_core.aireadi.tables import Tables
from sensecf_core.cohorts import builtin
from sensecf_core.cohorts.cohort import Cohort, plain_text, tidy_rows
from sensecf_core.cohorts.fingerprint import frame_sha256
from sensecf_core.cohorts.schema import Schema
from sensecf_core.errors import NotReadyError
from sensecf_core.provenance import CLI

NAME = "aireadi-release"
LICENCE = (
    "AI-READI data licence: type-2-diabetes-related purposes, no re-identification, no redistribution, "
    "nothing to hosted language models without suitable protection"
)
SUMMARY = (
    "Participants along the type-2-diabetes spectrum with a glucose sensor, a wristband and clinical data, "
    "read from a release on this machine: was this day's stress high?"
)


SHIPPED_ONLY_NOTES = ("SYNTHETIC:", "The split is ")
"""Beginnings of the notes that hold for the shipped rows only; :class:`StressDays` notes its own split."""

SHIPPED_ONLY_CLAIM = "; a quarter of people have none"
"""A clause of a description that holds for the shipped people only."""

FEWEST_DAYS = 30
"""Training days with both features that a coupling needs to be fitted; an engineering choice."""


def is_set() -> bool:
    """Whether ``SENSECF_AIREADI`` is set, to a usable release or not."""
    return bool(os.environ.get(ENVIRONMENT, "").strip())


def named_release() -> Release:
    """Find the release that ``SENSECF_AIREADI`` names; raises ``InputError`` if it cannot be used."""
    return locate.find()


def load() -> Cohort:
    """Load the cohort; computed once per process and content.

    Raises
    ------
    InputError : what ``SENSECF_AIREADI`` names cannot be used.
    NotReadyError : its tables are not built yet; names the command.
    """
    release = named_release()
    cohort = _loaded(release, tables.state(release))
    if cohort is None:
        raise _not_built(release)
    return cohort


def tables_of_release() -> Tables:
    """Return the release's tables; raises like :func:`load`."""
    release = named_release()
    built = _tables(release, tables.state(release))
    if built is None:
        raise _not_built(release)
    return built


def _not_built(release: Release) -> NotReadyError:
    return NotReadyError(
        f"The tables of {release.name} are not made yet, or are damaged; run "
        f"`{CLI} aireadi check {_quoted(release.root)} --all`, once."
    )


def _quoted(path: Path) -> str:
    import shlex

    return shlex.quote(str(path))


@lru_cache(maxsize=2)
def _tables(release: Release, state: object) -> Tables | None:
    return tables.built(release)


@lru_cache(maxsize=2)
def _loaded(release: Release, state: object) -> Cohort | None:
    built = _tables(release, state)
    return None if built is None else _cohort(release, built)


def _cohort(release: Release, built: Tables) -> Cohort:
    template = builtin.read_schema(shipped.NAME)
    days = stress_days(template, built)
    schema = _schema(template, release, days)
    return Cohort(
        schema=schema,
        rows=tidy_rows(schema, days.table),
        target=days.table[schema.task.target].astype(int),
        parts=days.parts,
        subgroups=plain_text(days.table[[subgroup.name for subgroup in schema.subgroups]]),
        flow=days.flow,
        data_sha256=frame_sha256(days.table),
        split_sha256=frame_sha256(days.parts.groupby(level=0).first().to_frame()),
        own=True,
    )


def _schema(template: Schema, release: Release, days: StressDays) -> Schema:
    """Describe the release and its cut-off, and leave out features that no training day has."""
    train = days.table[days.parts.eq("train")]
    empty = {name for name in template.names if train[name].isna().all()}
    template_values = template.model_dump()
    shipped_cut = f"{shipped.cut():g}"
    task = {
        name: text.replace(shipped_cut, f"{days.cut:g}") if isinstance(text, str) else text
        for name, text in template_values["task"].items()
    }
    couplings, coupling_notes = _couplings(template, train)
    overrides = {
        "features": [
            entry | {"description": entry["description"].replace(SHIPPED_ONLY_CLAIM, "")}
            for entry in template_values["features"]
            if entry["name"] not in empty
        ],
        "rules": [entry for entry in template_values["rules"] if not empty & set(entry["terms"])],
        "couplings": couplings,
        "red_flags": [flag.model_dump() for flag in template.red_flags if not empty & flag.used],
        "left_out": [entry for entry in template_values["left_out"] if not empty & set(entry["features"])],
    }
    dropped = [
        f"No training day has {template.feature(name).label.lower()}: it is no feature."
        for name in template.names
        if name in empty
    ]
    notes = [note for note in template.provenance.notes if not note.startswith(SHIPPED_ONLY_NOTES)]
    provenance = {
        "title": release.title or release.name,
        "source": f"{release.name}, layout {release.layout}, on this machine",
        "licence": template.provenance.licence if release.synthetic else LICENCE,
        "citation": template.provenance.citation,
        "real": not release.synthetic,
        "public": False,
        "notes": (*notes, *days.notes, *dropped, *coupling_notes, *release.notes),
    }
    title = f"{'' if release.synthetic else 'REAL DATA: '}{release.name}, high-stress days"
    return Schema.model_validate(
        template_values
        | overrides
        | {"name": NAME, "title": title, "summary": SUMMARY, "task": task, "provenance": provenance}
    )


def _couplings(template: Schema, train: pd.DataFrame) -> tuple[list[dict[str, object]], list[str]]:
    """Fit the template's couplings on the training days; each one that cannot be fitted gets a note."""
    fitted, notes = [], []
    for coupling in template.couplings:
        feature, follows = template.feature(coupling.feature), template.feature(coupling.follows)
        fit = _fit(train[[coupling.feature, coupling.follows]].dropna().astype(float))
        if fit is None:
            pair = f"{feature.label.lower()} and {follows.label.lower()}"
            notes.append(f"The training days do not tell how {pair} move together: either may move alone.")
            continue
        text = f"{feature.label} must move with {follows.label.lower()}, as on the training days"
        fitted.append(coupling.model_dump() | {"text": text, "slope": fit[0], "tolerance": fit[1]})
    return fitted, notes


def _fit(measured: pd.DataFrame) -> tuple[float, float] | None:
    """Slope by least squares and standard deviation of the residuals, to three digits.

    Both in the first column's unit, the slope per unit of the second; None if there are too few days, or the
    columns do not rise together.
    """
    feature, follows = (measured[name].to_numpy() for name in measured)
    if len(measured) < FEWEST_DAYS or np.ptp(follows) == 0:
        return None
    slope, start = np.polyfit(follows, feature, 1)
    spread = float((feature - slope * follows - start).std(ddof=1))
    rounded = float(f"{slope:.3g}"), float(f"{spread:.3g}")
    return rounded if min(rounded) > 0 else None
