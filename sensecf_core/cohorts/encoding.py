"""Rows encoded as one float matrix, for whatever works on many candidates at once.

A *code* is the number itself, or the level's index for ordinal and categorical features; NaN means
"not measured". Column order is the schema's.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from sensecf_core.cohorts.feature import Feature
from sensecf_core.cohorts.schema import Schema
from sensecf_core.errors import InputError

Codes = npt.NDArray[np.float64]
Value = float | int | str | None
"""One datum as people and JSON see it: level name, number, or None for "not measured"."""


def to_codes(schema: Schema, rows: pd.DataFrame) -> Codes:
    """Encode ``rows`` (n rows, the schema's columns) as a float matrix of shape (n, features).

    Raises ``InputError`` for rows that lack a column, and for a level that a feature does not have.
    """
    for name in schema.names:
        if name not in rows:
            raise InputError(f"The rows have no column `{name}`; give them as a cohort's `rows` has them.")
    matrix = np.empty((len(rows), len(schema.features)))
    for position, feature in enumerate(schema.features):
        column = rows[feature.name]
        if feature.named:
            codes = pd.Index(feature.levels).get_indexer(column).astype(float)
            if (codes < 0).any():
                _refuse_unknown(feature, column[codes < 0])
                codes[codes < 0] = np.nan
            matrix[:, position] = codes
        else:
            matrix[:, position] = column.to_numpy(dtype=float, na_value=np.nan)
    return matrix


def _refuse_unknown(feature: Feature, lacking: pd.Series) -> None:
    """Refuse values without a code, except those that are missing."""
    unknown = lacking[lacking.notna()]
    if len(unknown):
        raise InputError(
            f"{len(unknown):,} rows have a value of `{feature.name}` that is not one of its levels, such as "
            f"{unknown.iloc[0]!r}; the levels are {', '.join(feature.levels)}."
        )


def to_rows(schema: Schema, codes: Codes, index: pd.Index | None = None) -> pd.DataFrame:
    """Decode a matrix made by :func:`to_codes`."""
    columns: dict[str, npt.NDArray[Any]] = {}
    for position, feature in enumerate(schema.features):
        column = codes[:, position]
        if feature.named:
            names = np.array([*feature.levels, None], dtype=object)
            columns[feature.name] = names[np.where(np.isnan(column), len(feature.levels), column).astype(int)]
        else:
            columns[feature.name] = column
    return pd.DataFrame(columns, index=index)


def to_value(feature: Feature, code: float) -> Value:
    """Decode one code to what JSON and people see, rounded to the feature's decimals."""
    if np.isnan(code):
        return None
    if feature.named:
        return feature.levels[int(code)]
    if feature.kind in ("integer", "binary"):
        return round(float(code))
    return round(float(code), feature.decimals)


def to_code(feature: Feature, value: Value) -> float:
    """Encode one value; raises ``ValueError`` for a level or number that the feature cannot have."""
    if value is None:
        return float("nan")
    if feature.named:
        if value not in feature.levels:
            raise ValueError(f"`{feature.name}` has the levels {', '.join(feature.levels)}; got {value!r}")
        return float(feature.levels.index(str(value)))
    if isinstance(value, str):
        raise ValueError(f"`{feature.name}` must be a number, got {value!r}")
    return float(value)


def to_values(schema: Schema, codes: Codes) -> dict[str, Value]:
    """Decode one row of codes, shape (features,), into name → value."""
    return {f.name: to_value(f, code) for f, code in zip(schema.features, codes, strict=True)}


def from_values(schema: Schema, values: Mapping[str, Value]) -> Codes:
    """Encode name → value into one row of codes; features that are not given are "not measured"."""
    return np.array([to_code(feature, values.get(feature.name)) for feature in schema.features])
