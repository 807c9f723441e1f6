"""Rows as the matrices that the models read.

Both models one-hot encode categorical features and read ordinal ones as their ordered codes. The tree
model keeps "not measured" as NaN (in every column of a categorical feature); the linear model gets the
training median and an indicator column instead. A level that the schema does not know is "not measured";
a code that no level has is all zeros.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from sensecf_core.cohorts.encoding import Codes
from sensecf_core.cohorts.feature import Feature
from sensecf_core.cohorts.schema import Schema
from sensecf_core.types import Floats


def columns(schema: Schema) -> tuple[tuple[str, str | None], ...]:
    """Name the matrix's columns: (feature, level) for one-hot columns, (feature, None) for the others.

    A categorical feature with two levels needs one column only, that of its second level.
    """
    return tuple((feature.name, level) for feature in schema.features for level in _levels(feature))


def owners(schema: Schema) -> npt.NDArray[np.int64]:
    """Position of the feature that each matrix column belongs to, shape (columns,)."""
    return np.array([schema.positions[name] for name, _ in columns(schema)], dtype=np.int64)


def to_matrix(schema: Schema, codes: Codes) -> Floats:
    """Encode codes (n, features) as the C-ordered matrix (n, columns) that the tree model reads."""
    if codes.ndim != 2 or codes.shape[1] != len(schema.features):
        raise ValueError(f"codes must have shape (n, {len(schema.features)}), got {codes.shape}")
    names = columns(schema)
    matrix = np.empty((len(codes), len(names)))
    for column, (name, level) in enumerate(names):
        position = schema.positions[name]
        code = codes[:, position]
        if level is None:
            matrix[:, column] = code
        else:
            matrix[:, column] = code == schema.features[position].levels.index(level)
            matrix[np.isnan(code), column] = np.nan
    return matrix


def _levels(feature: Feature) -> tuple[str | None, ...]:
    if feature.kind != "categorical":
        return (None,)
    return feature.levels if len(feature.levels) > 2 else feature.levels[1:]
