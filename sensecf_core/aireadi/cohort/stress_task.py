"""The task "high-stress day": from a release's tables to rows, target, split and row flow."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from sensecf_core.aireadi.cohort.columns import FEATURES, OUTCOMES
from sensecf_core.aireadi.features.wear import GLUCOSE_DAYS
from sensecf_core.aireadi.release.participants import GROUPS, PARTS
from sensecf_core.aireadi.tables import Tables
from sensecf_core.cohorts import split as project
from sensecf_core.cohorts.cohort import INDEX_NAMES, FlowStep
from sensecf_core.cohorts.schema import Schema
from sensecf_core.errors import InputError
from sensecf_core.provenance import CLI

PERSON_COLUMNS = ("clinical_site", "study_group", "recommended_split")
"""Columns of the person that a day has beside its features, for reporting and for the split."""


STRESS = "stress_daytime"
QUANTILE = 0.65
"""Days above this quantile of the training days are high-stress days: 35 of 100 of those."""

GROUP_NAMES = dict(zip(GROUPS, ("healthy", "prediabetes", "non-insulin medication", "insulin"), strict=True))
"""The schema's name for each study group of the release."""
WITHOUT_DIABETES = frozenset(GROUPS[:2])
"""Study groups of the release that the consensus goals for glucose are not made for."""

AGE_BANDS = {"under 55": (0, 54), "55 to 64": (55, 64), "65 and over": (65, 200)}


def group_title(group: object) -> str:
    """Name a study group of the release as the cohort does; an unknown group keeps its own name."""
    return GROUP_NAMES.get(str(group), str(group)) if isinstance(group, str) else "not given"


@dataclass(frozen=True)
class StressDays:
    """The days with a measured daytime stress.

    Attributes
    ----------
    table : indexed by ``participant_id`` and ``row_id`` (the local day); features in the schema's order, the
        target (0 / 1) and the subgroups.
    parts : "train" | "val" | "test" of every row; all of a participant's rows share one.
    cut : Garmin stress (0-100, to a tenth) that a high-stress day exceeds with its mean from 8 to 22 o'clock,
        rounded as it is displayed (see :func:`shown`).
    flow : how many days remained after each step.
    notes : what is odd about split and values, one sentence each.
    """

    table: pd.DataFrame
    parts: pd.Series
    cut: float
    flow: tuple[FlowStep, ...]
    notes: tuple[str, ...]


def stress_days(schema: Schema, tables: Tables) -> StressDays:
    """Build the rows of a cohort of high-stress days.

    Raises
    ------
    InputError : no day has enough wear, glucose and stress.
    """
    days = participant_days(tables)
    rows = days[days[STRESS].notna()]
    if rows.empty:
        raise InputError(
            "No day of this release can be used: it takes 10 hours of heart rate, 70 % of the day's glucose "
            f"and daytime stress, of a participant with {GLUCOSE_DAYS} days of glucose or more; "
            f"`{CLI} aireadi check` says what is missing."
        )
    parts, split_notes = _parts(rows)
    cut = float(shown(rows.loc[parts.eq("train"), STRESS].quantile([QUANTILE])).iloc[0])
    features, value_notes = _features(schema, rows)
    high = shown(rows[STRESS]).gt(cut).astype(int)
    table = features.assign(**{schema.task.target: high}, **_subgroups(rows))
    wanted = dict.fromkeys([*schema.names, schema.task.target, *(s.name for s in schema.subgroups)])
    return StressDays(
        table[list(wanted)], parts, cut, _flow(tables, days, rows), (*split_notes, *value_notes)
    )


def participant_days(tables: Tables) -> pd.DataFrame:
    """Return the days with enough wear of the participants with enough glucose.

    Returns
    -------
    A frame indexed by ``participant_id`` and ``row_id`` (the local day, ``YYYY-MM-DD``) with the features of
    :data:`FEATURES` in its order (NaN where not measured; ``study_group`` as text), then
    :data:`OUTCOMES`, then :data:`PERSON_COLUMNS`. The other days are in ``tables.days``; why
    they were left out is in ``tables.quality``.
    """
    wanted = tuple(FEATURES)
    enough = tables.people.index[_is_true(tables.people, "enough_glucose")]
    days = tables.days[_is_true(tables.days, "enough_wear")]
    days = days[days.index.get_level_values(0).isin(enough)]
    of_person = [name for name in (*wanted, *PERSON_COLUMNS) if name in tables.people and name not in days]
    joined = days.join(tables.people[list(dict.fromkeys(of_person))], on="participant_id")
    joined = joined.reindex(columns=list(dict.fromkeys((*wanted, *OUTCOMES, *PERSON_COLUMNS))))
    joined.index = joined.index.set_names(list(INDEX_NAMES))
    return joined


def _is_true(table: pd.DataFrame, name: str) -> pd.Series:
    """Return the mask of the rows in which a column is true; none if the column is missing."""
    if name not in table:
        return pd.Series(False, index=table.index)
    return table[name].fillna(False).astype(bool)


def shown(stress: pd.Series) -> pd.Series:
    """Round daytime stress to the tenth that pages show, so that class and displayed value agree."""
    return stress.round(1)


def _parts(rows: pd.DataFrame) -> tuple[pd.Series, tuple[str, ...]]:
    """Take the split that the release recommends, or the project's where there is none."""
    recommended = rows["recommended_split"].astype(object)
    if set(PARTS) <= set(recommended.dropna()):
        text = (
            "The split is the one that the release recommends, by participant; study groups may have "
            f"different shares in its parts, and so may high-stress days.{_group_shares(rows, recommended)}"
        )
        lacking = recommended.index[recommended.isna()].get_level_values(0).nunique()
        note = f"{lacking} participants without a recommended part are training participants."
        return recommended.fillna("train").rename("part"), (text, note) if lacking else (text,)
    # The project's split is stratified by the target, whose cut-off needs training days: use all days here.
    high = rows[STRESS].gt(rows[STRESS].quantile(QUANTILE)).astype(int)
    return project.split(high), (
        "The release recommends no split in three parts; participants were split 60 / 20 / 20 by their ids.",
    )


def _group_shares(rows: pd.DataFrame, parts: pd.Series) -> str:
    """Describe the share of every study group in each part; empty if there is only one group."""
    people = rows.assign(part=parts)[["study_group", "part"]].groupby(level=0).first().dropna()
    if people["study_group"].nunique() < 2:
        return ""
    shares = 100 * pd.crosstab(people["study_group"], people["part"], normalize="columns")
    shares = shares.reindex(columns=list(PARTS)).fillna(0)
    by_group = [
        f"{GROUP_NAMES[group]} {' / '.join(f'{share:.0f}' for share in shares.loc[group])} %"
        for group in GROUPS
        if group in shares.index
    ]
    return f" Of the participants in training / validation / test: {', '.join(by_group)}."


def _features(schema: Schema, rows: pd.DataFrame) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Round to the schema's decimals; impossible values count as not measured, and are noted."""
    columns: dict[str, pd.Series] = {}
    notes = []
    for feature in schema.features:
        raw = rows[feature.name]
        if feature.named:
            columns[feature.name] = raw.map(GROUP_NAMES).astype(object)
            continue
        values = raw.astype(float).round(feature.decimals) + 0.0
        low, high = feature.valid or (0.0, 1.0)
        wrong = int((values.lt(low) | values.gt(high)).sum())
        if wrong:
            notes.append(f"{feature.label}: {wrong} days with an impossible value count as not measured.")
        columns[feature.name] = values.where(values.between(low, high))
    return pd.DataFrame(columns, index=rows.index), tuple(notes)


def _subgroups(rows: pd.DataFrame) -> dict[str, pd.Series]:
    bands = pd.Series(None, index=rows.index, dtype=object)
    for name, (low, high) in AGE_BANDS.items():
        bands = bands.mask(rows["age"].between(low, high), name)
    return {"clinical_site": rows["clinical_site"].astype(object), "age_band": bands}


def _flow(tables: Tables, days: pd.DataFrame, rows: pd.DataFrame) -> tuple[FlowStep, ...]:
    worn = int(tables.days["enough_wear"].fillna(False).astype(bool).sum())
    enough = int(tables.people["enough_glucose"].fillna(False).astype(bool).sum())
    return (
        FlowStep(
            f"days that the sensors' windows touch, of {len(tables.people):,} participants", len(tables.days)
        ),
        FlowStep("with 10 hours of heart rate and 70 % of glucose", worn),
        FlowStep(f"of the {enough:,} participants with {GLUCOSE_DAYS} days of glucose or more", len(days)),
        FlowStep(f"with daytime stress, of {_count_people(rows):,} participants", len(rows)),
    )


def _count_people(days: pd.DataFrame) -> int:
    return int(np.unique(days.index.get_level_values(0).astype(str)).size)
