"""A cohort: validated rows, their target, their split, and the schema that explains them."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from sensecf_core.cohorts.schema import Schema
from sensecf_core.errors import InputError, unknown
from sensecf_core.types import Part

INDEX_NAMES = ("participant_id", "row_id")

MOST_COMPARED = 20_000
"""At most this many ids are searched for near matches of a mistyped one: the search is slow."""


@dataclass(frozen=True)
class FlowStep:
    """One step of the row flow: what was done, and how many rows remained."""

    text: str
    rows: int


@dataclass(frozen=True)
class Cohort:
    """Rows of one cohort.

    Every table has the same MultiIndex ``(participant_id, row_id)`` of strings in the same order.

    Attributes
    ----------
    rows : DataFrame, one column per schema feature in schema order. Numbers are float64 with NaN for
        "not measured"; ordinal and categorical features hold level names (object dtype, None for
        "not measured"); binary features are 0.0 / 1.0 / NaN.
    target : Series of int 0 / 1.
    parts : Series of "train" | "val" | "test"; all rows of a participant share one part.
    subgroups : DataFrame of level names, for reporting only, never a predictor.
    flow : the steps by which the rows were selected.
    data_sha256, split_sha256 : hashes of the content, for provenance.
    own : whether it is a user's own data (whatever is fitted on it then stays in ``var/``).
    """

    schema: Schema
    rows: pd.DataFrame
    target: pd.Series
    parts: pd.Series
    subgroups: pd.DataFrame
    flow: tuple[FlowStep, ...]
    data_sha256: str
    split_sha256: str
    own: bool = False

    def part(self, *parts: Part) -> pd.DataFrame:
        """Rows of the given parts, in cohort order."""
        return self.rows[self.parts.isin(parts)]


def locate(cohort: Cohort, participant_id: str, row_id: str | None = None) -> tuple[str, str]:
    """Check that a row exists and return its index ``(participant_id, row_id)``.

    Parameters
    ----------
    row_id : None means the participant's only or first row.

    Raises
    ------
    InputError : unknown participant or row; names near matches, but other participants only of a public
        cohort.
    """
    people = cohort.rows.index.get_level_values(0)
    rows = cohort.rows.index.get_level_values(1)[people == participant_id]
    if not len(rows):
        origin = cohort.schema.provenance
        if not origin.public or (cohort.own and origin.real):
            raise InputError(f"Unknown participant {participant_id!r} of cohort {cohort.schema.name!r}.")
        raise unknown("participant", participant_id, people.unique()[:MOST_COMPARED])
    if row_id is None:
        return participant_id, str(rows[0])
    if row_id not in rows:
        raise unknown(f"{cohort.schema.row_label} of participant {participant_id}", row_id, rows)
    return participant_id, row_id


def tidy_rows(schema: Schema, frame: pd.DataFrame) -> pd.DataFrame:
    """Select the features of ``frame``, in schema order: float64 numbers, level names as objects."""
    columns = {
        feature.name: plain_text(frame[[feature.name]])[feature.name]
        if feature.named
        else frame[feature.name].astype(float)
        for feature in schema.features
    }
    return pd.DataFrame(columns, index=frame.index)


def plain_text(frame: pd.DataFrame) -> pd.DataFrame:
    """Convert a frame to plain Python objects, with None for missing values."""
    objects = frame.astype(object)
    return objects.where(objects.notna(), None)
