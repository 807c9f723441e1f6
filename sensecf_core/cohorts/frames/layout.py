"""A user's own frame: which of its columns is which feature, and rows back in the frame's own values.

A model that was fitted on somebody's frame knows that frame's column names, types and levels, not ours.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from sensecf_core.cohorts.encoding import Codes
from sensecf_core.cohorts.feature import Feature
from sensecf_core.cohorts.schema import Schema
from sensecf_core.errors import InputError, unknown
from sensecf_core.types import Floats, Mask

WHOLE = 1e-6
"""A number this near to a whole one is whole."""
MOST_NAMED = 5
"""Values or columns that one message names."""


@dataclass(frozen=True)
class FrameColumn:
    """One column of a frame; ``values`` are its own values by code (None: it holds numbers)."""

    name: Hashable
    dtype: Any
    values: tuple[Any, ...] | None = None

    def decode(self, codes: Codes) -> pd.Series:
        """Write codes (n,) in the column's own values and type; a gap stays one."""
        missing = np.isnan(codes)
        if self.values is not None:
            choices = np.empty(len(self.values) + 1, dtype=object)
            choices[:] = [*self.values, np.nan]
            own = pd.Series(choices[np.where(missing, len(self.values), codes).astype(int)], dtype=object)
        else:
            own = pd.Series(codes)
        # A type that cannot hold these values must not alter them (int64 cuts 25.5 to 25, bool reads a gap as
        # True): such a column stays what pandas makes of it.
        try:
            with np.errstate(invalid="ignore"):
                typed = own.astype(self.dtype)
        except (TypeError, ValueError):
            return own.infer_objects()
        plain = isinstance(self.dtype, np.dtype) and self.dtype.kind in "iub"
        altered = plain and (self.values is None or missing.any()) and not typed.eq(own).all()
        return own.infer_objects() if altered else typed


@dataclass(frozen=True)
class FrameLayout:
    """The columns of a frame by feature, in the frame's order."""

    columns: Mapping[str, FrameColumn]

    @classmethod
    def of(cls, schema: Schema, frame: pd.DataFrame, names: Mapping[str, Hashable]) -> FrameLayout:
        """Match a schema's features with the columns that ``names`` gives for them.

        Raises ``InputError`` for a feature that no column is, with the near matches.
        """
        for name in schema.names:
            if name not in names:
                raise unknown("column", name, names)
        order = [name for name in names if name in schema.positions]
        return cls({name: _column(schema.feature(name), frame[names[name]]) for name in order})

    def encode(self, schema: Schema, frame: pd.DataFrame) -> pd.DataFrame:
        """Read a frame's features: numbers as floats, rounded to their decimals, levels by name.

        Raises ``InputError`` for values that a feature cannot have.
        """
        return pd.DataFrame(
            {
                feature.name: _encoded(feature, self.columns[feature.name], frame)
                for feature in schema.features
            },
            index=frame.index,
        )

    def decode(self, schema: Schema, codes: Codes) -> pd.DataFrame:
        """Write codes (n, features) as the frame would hold them, in its own column order."""
        columns = {
            column.name: column.decode(codes[:, schema.positions[name]])
            for name, column in self.columns.items()
        }
        return pd.DataFrame(columns)

    def feature_named(self, name: str) -> str:
        """The feature of a column, where ``name`` is a column's own name as text; else ``name`` itself."""
        if name in self.columns:
            return name
        return next((feature for feature, column in self.columns.items() if str(column.name) == name), name)


def feature_names(frame: pd.DataFrame, reserved: tuple[Hashable, ...]) -> dict[str, Hashable]:
    """Name a feature after each column that is not ``reserved``; returns the columns by those names.

    Names are made to fit a schema ("BMI (kg/m²)" is ``bmi_kg_m``); what two columns share gets a number, but
    a column that is called so already keeps its name: of ``BMI`` and ``bmi``, ``bmi`` is the second.
    """
    names: dict[str, Hashable] = {}
    for column in frame.columns:
        if column in reserved:
            continue
        plain = plain_name(str(column))
        name, number = plain, 2
        while name in names or name in reserved or (name != column and name in frame.columns):
            name, number = f"{plain}_{number}", number + 1
        names[name] = column
    return names


def plain_name(text: str) -> str:
    """Make a text fit a schema as a name: "BMI (kg/m²)" is ``bmi_kg_m``, "Größe" is ``grosse``."""
    bare = unicodedata.normalize("NFD", text.lower().replace("ß", "ss"))
    bare = "".join(sign for sign in bare if not unicodedata.combining(sign))
    plain = re.sub(r"[^a-z0-9]+", "_", bare).strip("_") or "feature"
    return plain if plain[0].isalpha() else f"f_{plain}"


def level_names(column: pd.Series) -> dict[Any, str]:
    """Name a column's own values as levels: declared categories in their order, else sorted by name."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        values = column.cat.categories.tolist()
    else:
        values = sorted(column.dropna().unique().tolist(), key=_level_name)
    names: dict[Any, str] = {}
    for value in values:
        plain = _level_name(value)
        name, number = plain, 2
        while name in names.values():
            name, number = f"{plain} ({number})", number + 1
        names[value] = name
    return names


def _level_name(value: Any) -> str:
    """A value as plain text that a schema takes for a level."""
    text = f"{value:g}" if isinstance(value, float) else str(value)
    text = "".join(letter if letter.isprintable() else " " for letter in text.replace("|", "/"))
    return text.strip() or "(blank)"


def _column(feature: Feature, column: pd.Series) -> FrameColumn:
    if feature.named:
        own = {name: value for value, name in level_names(column).items()}
        # A level that never occurs is written as its name.
        values = tuple(own.get(level, level) for level in feature.levels)
        return FrameColumn(column.name, column.dtype, values)
    truth = feature.kind == "binary" and all(isinstance(value, bool | np.bool_) for value in column.dropna())
    return FrameColumn(column.name, column.dtype, (False, True) if truth else None)


def _encoded(feature: Feature, layout: FrameColumn, frame: pd.DataFrame) -> pd.Series:
    column = frame[layout.name]
    if feature.named:
        names = level_names(column)
        found: pd.Series = column.astype(object).map(names)
        foreign = found.notna() & ~found.isin(feature.levels)
        _refuse(feature, found, foreign.to_numpy(), "is not one of its levels")
        return found
    numbers = _as_floats(feature, column)
    _refuse(feature, column, ~np.isfinite(numbers) & column.notna().to_numpy(), "is not a finite number")
    numbers[~np.isfinite(numbers)] = np.nan
    if feature.kind in ("integer", "binary"):
        _refuse(feature, column, np.abs(numbers - np.round(numbers)) > WHOLE, "is not a whole number")
    low, high = feature.valid or ((0.0, 1.0) if feature.kind == "binary" else (-np.inf, np.inf))
    outside = (numbers < low) | (numbers > high)
    _refuse(feature, column, outside, f"lies outside `valid`, {low:g} to {high:g}")
    return pd.Series(np.round(numbers, feature.decimals), index=column.index)


def _as_floats(feature: Feature, column: pd.Series) -> Floats:
    """The values of a column, shape (rows,); NaN for gaps. Columns of numbers are not read one by one."""
    try:
        plain = (
            column if pd.api.types.is_numeric_dtype(column.dtype) else pd.to_numeric(column.astype(object))
        )
    except (TypeError, ValueError) as error:
        raise InputError(f"The column of `{feature.name}` must hold numbers: {error}.") from error
    floats: Floats = plain.to_numpy(dtype=float, na_value=np.nan, copy=True)
    return floats


def _refuse(feature: Feature, column: pd.Series, wrong: Mask, why: str) -> None:
    if wrong.any():
        values = ", ".join(repr(value) for value in column[wrong].unique()[:MOST_NAMED].tolist())
        raise InputError(
            f"{int(wrong.sum())} rows have a value of `{feature.name}` that {why}: {values}; correct the "
            "frame or the schema."
        )
