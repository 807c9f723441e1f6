"""The cohort ``aireadi-release``: a release on this machine that ``SENSECF_AIREADI`` names.

It has the features of the shipped cohort, its own cut and its own texts. Its rows come from the private
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


OF_THE_SHIPPED = ("SYNTHETIC:", "The split is ")
"""How the notes begin that are true of the shipped rows only; :class:`StressDays` tells its own split."""

CLAIM = "; a quarter of people have none"
"""What a description says of the shipped people only."""

FEWEST_DAYS = 30
"""Training days with both features from which a coupling is fitted; an engineering choice."""


def named() -> bool:
    """Whether ``SENSECF_AIREADI`` names a release, usable or not."""
    return bool(os.environ.get(ENVIRONMENT, "").strip())


def found() -> Release:
    """Recognise the release; raises ``InputError`` with one sentence where it cannot be used."""
    return locate.find()


def load() -> Cohort:
    """Load the cohort; worked out once per process and content.

    Raises
    ------
    InputError : what ``SENSECF_AIREADI`` names cannot be used.
    NotReadyError : its tables are not there yet; names the command.
    """
    of = found()
    cohort = _loaded(of, tables.state(of))
    if cohort is None:
        raise _not_built(of)
    return cohort


def tables_of_release() -> Tables:
    """Return the release's tables; raises like :func:`load`."""
    of = found()
    built = _tables(of, tables.state(of))
    if built is None:
        raise _not_built(of)
    return built


def _not_built(of: Release) -> NotReadyError:
    return NotReadyError(
        f"The tables of {of.name} are not made yet, or are damaged; run "
        f"`{CLI} aireadi check {_quoted(of.root)} --all`, once."
    )


def _quoted(path: Path) -> str:
    import shlex

    return shlex.quote(str(path))


@lru_cache(maxsize=2)
def _tables(of: Release, state: object) -> Tables | None:
    return tables.built(of)


@lru_cache(maxsize=2)
def _loaded(of: Release, state: object) -> Cohort | None:
    built = _tables(of, state)
    return None if built is None else _cohort(of, built)


def _cohort(of: Release, built: Tables) -> Cohort:
    template = builtin.read_schema(shipped.NAME)
    days = stress_days(template, built)
    schema = _schema(template, of, days)
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


def _schema(template: Schema, of: Release, days: StressDays) -> Schema:
    """Say what the release is, name its cut, and leave out what it measured of no training day."""
    train = days.table[days.parts.eq("train")]
    empty = {name for name in template.names if train[name].isna().all()}
    told = template.model_dump()
    shown = f"{shipped.cut():g}"
    task = {
        name: text.replace(shown, f"{days.cut:g}") if isinstance(text, str) else text
        for name, text in told["task"].items()
    }
    couplings, untied = _couplings(template, train)
    kept = {
        "features": [
            one | {"description": one["description"].replace(CLAIM, "")}
            for one in told["features"]
            if one["name"] not in empty
        ],
        "rules": [one for one in told["rules"] if not empty & set(one["terms"])],
        "couplings": couplings,
        "left_out": [one for one in told["left_out"] if not empty & set(one["features"])],
    }
    dropped = [
        f"No training day has {template.feature(name).label.lower()}: it is no feature."
        for name in template.names
        if name in empty
    ]
    notes = [note for note in template.provenance.notes if not note.startswith(OF_THE_SHIPPED)]
    provenance = {
        "title": of.title or of.name,
        "source": f"{of.name}, layout {of.layout}, on this machine",
        "licence": template.provenance.licence if of.synthetic else LICENCE,
        "citation": template.provenance.citation,
        "real": not of.synthetic,
        "public": False,
        "notes": (*notes, *days.notes, *dropped, *untied, *of.notes),
    }
    title = f"{'' if of.synthetic else 'REAL DATA: '}{of.name}, high-stress days"
    return Schema.model_validate(
        told
        | kept
        | {"name": NAME, "title": title, "summary": SUMMARY, "task": task, "provenance": provenance}
    )


def _couplings(template: Schema, train: pd.DataFrame) -> tuple[list[dict[str, object]], list[str]]:
    """Fit the template's couplings on the training days, as its own were; the others get a note each."""
    fitted, untied = [], []
    for one in template.couplings:
        feature, follows = template.feature(one.feature), template.feature(one.follows)
        found = _fit(train[[one.feature, one.follows]].dropna().astype(float))
        if found is None:
            pair = f"{feature.label.lower()} and {follows.label.lower()}"
            untied.append(f"The training days do not tell how {pair} move together: either may move alone.")
            continue
        text = f"{feature.label} must move with {follows.label.lower()}, as on the training days"
        fitted.append(one.model_dump() | {"text": text, "slope": found[0], "tolerance": found[1]})
    return fitted, untied


def _fit(measured: pd.DataFrame) -> tuple[float, float] | None:
    """Slope by least squares and standard deviation of the residuals, to three digits.

    In the first column's unit, the slope per unit of the second; None where too few days tell them, or they
    do not rise together.
    """
    feature, follows = (measured[name].to_numpy() for name in measured)
    if len(measured) < FEWEST_DAYS or np.ptp(follows) == 0:
        return None
    slope, start = np.polyfit(follows, feature, 1)
    spread = float((feature - slope * follows - start).std(ddof=1))
    rounded = float(f"{slope:.3g}"), float(f"{spread:.3g}")
    return rounded if min(rounded) > 0 else None
