"""A cohort: validated rows, their target, their split, and the schema that explains them."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from pydantic import ValidationError

from sensecf_core.cohorts.encoding import Codes, Value, from_values, to_rows
from sensecf_core.cohorts.fingerprint import frame_sha256
from sensecf_core.cohorts.frames.draft import draft_schema
from sensecf_core.cohorts.frames.layout import FrameLayout, feature_names
from sensecf_core.cohorts.schema import Schema
from sensecf_core.cohorts.split import split
from sensecf_core.errors import InputError, unknown
from sensecf_core.types import Part

UNNAMED = "frame"
"""The name of a cohort of a frame that was given none."""

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
    layout : of a cohort made from a frame, that frame's own columns and values.
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
    layout: FrameLayout | None = None

    @classmethod
    def from_frame(
        cls,
        frame: pd.DataFrame,
        *,
        target: Hashable,
        participant: Hashable | None = None,
        row: Hashable | None = None,
        schema: Schema | None = None,
        desired: Literal[0, 1] = 0,
        name: str = UNNAMED,
    ) -> Cohort:
        """Make a cohort of a frame: one row a line, a 0 / 1 target, every other column a feature.

        Parameters
        ----------
        target : the column to predict, 0 or 1 (or False and True) in every row.
        participant : the column that says whose row it is; without it each row is a person of its own,
            called by its index. The split (60 / 20 / 20) is by participant.
        row : the column that tells a participant's rows apart; without it they are numbered from 0.
        schema : what the columns mean. Without it one is drafted (:mod:`sensecf_core.cohorts.frames.draft`):
            kinds, ranges and levels as the data show them. Edit it and hand it in again:
            ``cohort.schema.model_copy(update=...)``.
        desired : the class that a drafted schema calls desired.
        name : of a drafted schema: small letters, digits, ``-`` and ``_``.

        Raises
        ------
        InputError : a column that does not exist or cannot be what it is called.

        Examples
        --------
        >>> import pandas as pd
        >>> frame = pd.DataFrame({"pid": range(100), "BMI": [22.5 + i % 20 for i in range(100)]})
        >>> frame["diabetes"] = [int(bmi > 31) for bmi in frame["BMI"]]
        >>> cohort = Cohort.from_frame(frame, target="diabetes", participant="pid")
        >>> [(feature.name, feature.label, feature.kind) for feature in cohort.schema.features]
        [('bmi', 'BMI', 'continuous')]
        """
        if not isinstance(frame, pd.DataFrame):
            raise InputError(f"`frame` must be a pandas DataFrame, not {type(frame).__name__}.")
        if schema is not None and not isinstance(schema, Schema):
            raise InputError(f"`schema` must be a Schema, like `cohort.schema`, not {type(schema).__name__}.")
        special = (target, *(column for column in (participant, row) if column is not None))
        _check_columns(frame, special)
        index = _index(frame, participant, row)
        outcome = _outcome(frame[target], index)
        columns = feature_names(frame, special)
        _check_ids(columns)
        try:
            if schema is None:
                schema = draft_schema(frame, columns, name=str(name), target=str(target), desired=desired)
            elif not isinstance(schema, Schema):
                raise InputError(
                    f"`schema` must be a Schema, like `cohort.schema`, not {type(schema).__name__}."
                )
            else:  # a copy with changes is neither checked nor free of what the original had worked out
                schema = Schema.model_validate(schema.model_dump())
        except ValidationError as error:
            first = error.errors()[0]["msg"].removeprefix("Value error, ")
            raise InputError(f"The schema is not valid: {first}.") from error
        if schema.task.target != str(target):
            raise InputError(f"The schema's target is {schema.task.target!r}, not {str(target)!r}.")
        layout = FrameLayout.of(schema, frame, columns)
        rows = tidy_rows(schema, layout.encode(schema, frame).set_index(index))
        parts = split(outcome)
        return cls(
            schema=schema,
            rows=rows,
            target=outcome,
            parts=parts,
            subgroups=pd.DataFrame(index=index),
            flow=(FlowStep("rows of the frame", len(frame)),),
            data_sha256=frame_sha256(rows.assign(**{schema.task.target: outcome})),
            split_sha256=frame_sha256(parts.to_frame()),
            own=True,
            layout=layout,
        )

    def frame_of_codes(self, codes: Codes) -> pd.DataFrame:
        """Write codes (n, features) as a model that was fitted on this cohort's frame reads them."""
        return to_rows(self.schema, codes) if self.layout is None else self.layout.decode(self.schema, codes)

    def frame_of(self, values: Iterable[Mapping[str, Value]]) -> pd.DataFrame:
        """Write rows of feature name → value, like ``counterfactual.features``, the same way.

        A feature that a row lacks is not measured. Raises ``InputError`` for a name or level that does not
        exist.
        """
        rows = list(values)
        for name in dict.fromkeys(name for row in rows for name in row):
            if name not in self.schema.positions:
                raise unknown("feature", name, self.schema.names)
        try:
            codes = [from_values(self.schema, row) for row in rows]
        except (TypeError, ValueError) as error:
            raise InputError(f"A row cannot be written: {error}.") from error
        return self.frame_of_codes(np.array(codes).reshape(-1, len(self.schema.features)))

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
        else frame[feature.name].to_numpy(dtype=float, na_value=np.nan)
        for feature in schema.features
    }
    return pd.DataFrame(columns, index=frame.index)


def plain_text(frame: pd.DataFrame) -> pd.DataFrame:
    """Convert a frame to plain Python objects, with None for missing values."""
    objects = frame.astype(object)
    return objects.where(objects.notna(), None)


def _check_columns(frame: object, special: tuple[Hashable, ...]) -> None:
    if not isinstance(frame, pd.DataFrame):
        raise InputError(f"`frame` must be a pandas DataFrame, not {type(frame).__name__}.")
    repeated = frame.columns[frame.columns.duplicated()].tolist()
    if repeated:
        raise InputError(f"Two columns of the frame are called {repeated[0]!r}; rename one.")
    for column in special:
        if not isinstance(column, Hashable):
            raise InputError(f"Target, participant and row are each the name of one column, not {column!r}.")
        if column not in frame.columns:
            if column in frame.index.names and column is not None:
                raise InputError(f"{column!r} is the index; `frame.reset_index()` makes it a column.")
            raise unknown("column", str(column), map(str, frame.columns))
    if len(set(special)) < len(special):
        raise InputError("Target, participant and row must be different columns.")
    if frame.empty:
        raise InputError("The frame has no rows.")


def _check_ids(columns: Mapping[str, Hashable]) -> None:
    """Refuse ids that nobody said are ids: numbers among them would pass for measurements."""
    for name, option in zip(INDEX_NAMES, ("participant", "row"), strict=True):
        if name in columns:
            column = columns[name]
            raise InputError(f"`{column}` would be a feature; pass {option}={column!r}, or drop the column.")


def _index(frame: pd.DataFrame, participant: Hashable | None, row: Hashable | None) -> pd.MultiIndex:
    """Ids and rows as text, (participant_id, row_id)."""
    people = _ids(frame.index.to_series() if participant is None else frame[participant])
    numbers = pd.Series(people).groupby(people).cumcount().to_numpy()
    rows = _ids(pd.Series(numbers) if row is None else frame[row])
    index = pd.MultiIndex.from_arrays([people, rows], names=INDEX_NAMES)
    if index.duplicated().any():
        person, repeated = index[index.duplicated()][0]
        raise InputError(f"Participant {person!r} has the row {repeated!r} twice; rows must differ.")
    return index


def id_text(value: object) -> str:
    """An id as text; a whole number is written without a point, since pandas makes floats of such columns."""
    return str(int(value) if isinstance(value, float) and value.is_integer() else value)


def _ids(column: pd.Series) -> np.ndarray:
    if column.isna().any():
        raise InputError(f"{int(column.isna().sum())} rows have no {column.name!r}; fill it or drop them.")
    return np.array([id_text(value) for value in column.astype(object).tolist()], dtype=object)


def _outcome(column: pd.Series, index: pd.MultiIndex) -> pd.Series:
    """The target as 0 and 1."""
    values = pd.to_numeric(column.astype(object), errors="coerce").to_numpy(float)
    wrong = ~np.isin(values, (0.0, 1.0))
    if wrong.any():
        what = column[wrong].tolist()[0]
        raise InputError(
            f"The target {column.name!r} must be 0 or 1 in every row; {int(wrong.sum())} rows are not, like "
            f"{what!r}; recode them or drop them."
        )
    if len(set(values)) < 2:
        raise InputError(f"Every row has the target {values[0]:.0f}; rows of both classes are needed.")
    return pd.Series(values.astype(int), index=index, name=column.name)
