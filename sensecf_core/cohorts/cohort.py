"""A cohort: validated rows, their target, their split, and the schema that explains them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import pandas as pd

from sensecf_core.cohorts.schema import Schema

Part = Literal["train", "val", "test"]
INDEX_NAMES = ("participant_id", "row_id")


@dataclass(frozen=True)
class FlowStep:
    """One line of the row flow: what was done, and how many rows were left (for unions: came in)."""

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
    subgroups : DataFrame of level names, reported by but never predicted from.
    flow : how the rows came about.
    data_sha256, split_sha256 : hashes of the content, for provenance.
    own : whether a user brought it (fitted things then stay in ``var/``).
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
