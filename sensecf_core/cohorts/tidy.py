"""The order and the types of columns that :class:`~sensecf_core.cohorts.cohort.Cohort` promises."""

from __future__ import annotations

import pandas as pd

from sensecf_core.cohorts.schema import Schema


def tidy_rows(schema: Schema, frame: pd.DataFrame) -> pd.DataFrame:
    """Take the features out of ``frame``, in schema order: float64 numbers, level names as objects."""
    columns = {
        feature.name: plain_text(frame[[feature.name]])[feature.name]
        if feature.named
        else frame[feature.name].astype(float)
        for feature in schema.features
    }
    return pd.DataFrame(columns, index=frame.index)


def plain_text(frame: pd.DataFrame) -> pd.DataFrame:
    """Hold texts as plain Python objects, with None for missing."""
    objects = frame.astype(object)
    return objects.where(objects.notna(), None)
