"""A schema drafted from a frame: kinds, decimals, ranges and levels as the data show them, to be edited.

A draft cannot know what a feature means. Names like age, sex or ethnicity become context; everything else is
called clinical, since that somebody could change it by themselves is the stronger claim. Its limits are
``contrast``: nothing in it may be worded as advice until somebody has read it.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any, Literal

import numpy as np
import pandas as pd

from sensecf_core.cohorts.domain import OUTER_PERCENT
from sensecf_core.cohorts.feature import Feature, Kind, Role
from sensecf_core.cohorts.frames.layout import MOST_NAMED, level_names
from sensecf_core.cohorts.schema import Provenance, Schema, Task
from sensecf_core.errors import InputError
from sensecf_core.types import Floats, Span

CONTEXT = frozenset(
    {
        *("age", "sex", "gender", "male", "female", "race", "ethnicity", "ethnic", "ancestry"),
        *("nationality", "birth", "born", "dob", "history"),
    }
)
"""Words of a name by which a feature is called context."""
MOST_DECIMALS = 6
RESOLUTION = 1e-6
"""Where the data have more decimals than a schema takes: rounding, as a share of the usual range."""
MOST_STEPS = 200
"""Values to choose from over the usual range; the step is the finest round number that gives fewer."""
WIDER = 0.5
"""How far ``valid`` reaches beyond the data on each side, as a share of their range."""
MOST_LEVELS = 50
"""Text with more levels than this is an id or free text."""
NOTE = (
    "Drafted from a frame: kinds, ranges and levels are what the data show, roles are guessed from names "
    "(context: {context}; everything else: clinical). Read and correct it before anything in it is used as "
    "advice."
)


def draft_schema(
    frame: pd.DataFrame, columns: Mapping[str, Hashable], *, name: str, target: str, desired: Literal[0, 1]
) -> Schema:
    """Draft a schema whose features are ``columns`` (feature name → column of the frame).

    Raises
    ------
    InputError : columns that cannot be features (dates, ids, free text, one level only), all at once.
    """
    features, problems = [], []
    for feature, column in columns.items():
        try:
            features.append(_feature(feature, frame[column]))
        except InputError as error:
            problems.append(f"`{column}` {error}")
    if problems:
        more = f" and {len(problems) - MOST_NAMED} more" if len(problems) > MOST_NAMED else ""
        raise InputError(
            f"Columns that cannot be features: {'; '.join(problems[:MOST_NAMED])}{more}. Drop or recode them."
        )
    if not features:
        raise InputError("The frame has no column beside target and ids.")
    context = ", ".join(feature.name for feature in features if feature.role == "context") or "none"
    label = target.replace("_", " ")
    return Schema(
        name=name,
        title=name.replace("_", " ").replace("-", " ").capitalize(),
        default_limits="contrast",
        task=Task(
            target=target,
            question=f"Is {label} 1 or 0?",
            label=label,
            class_1=f"{label} = 1",
            class_0=f"{label} = 0",
            desired=desired,
        ),
        provenance=Provenance(
            title="A frame of one's own",
            source="a pandas DataFrame",
            licence="not stated",
            notes=(NOTE.format(context=context),),
        ),
        features=tuple(features),
    )


def _feature(name: str, column: pd.Series) -> Feature:
    """Draft one feature; raises ``InputError`` with the end of a sentence about the column."""
    if column.isna().all():
        raise InputError("has no value at all")
    about: dict[str, Any] = {"name": name, "label": str(column.name), "role": role_of(name)}
    if isinstance(column.dtype, pd.CategoricalDtype) or _is_text(column):
        return Feature(**about, **_levels(column))
    try:
        numbers = column.astype(object).dropna().to_numpy(dtype=float)
    except (TypeError, ValueError):
        kind = pd.api.types.infer_dtype(column, skipna=True)
        raise InputError(f"holds {kind} values, not numbers or text") from None
    if not np.isfinite(numbers).all():
        raise InputError("holds infinite values")
    if np.isin(numbers, (0.0, 1.0)).all():
        return Feature(**about, kind="binary")
    single = column.dtype in ("float32", "float16", "Float32")
    return Feature(**about, **number_fields(numbers, 1e-6 if single else 1e-9))


def role_of(name: str) -> Role:
    """Guess a role from the words of a name."""
    return "context" if CONTEXT & set(name.split("_")) else "clinical"


def _is_text(column: pd.Series) -> bool:
    return pd.api.types.infer_dtype(column, skipna=True) in ("string", "mixed", "mixed-integer", "empty")


def _levels(column: pd.Series) -> dict[str, Any]:
    ordered = isinstance(column.dtype, pd.CategoricalDtype) and bool(column.cat.ordered)
    try:
        names = tuple(level_names(column).values())
    except TypeError:
        raise InputError("holds lists or other values that are not plain") from None
    if len(names) < 2:
        raise InputError("holds one level only")
    if len(names) > MOST_LEVELS:
        raise InputError(f"holds {len(names)} different texts, like an id or free text")
    kind: Kind = "ordinal" if ordered else "categorical"
    return {"kind": kind, "levels": names}


def number_fields(numbers: Floats, tolerance: float) -> dict[str, Any]:
    """Draft kind, decimals, step and valid range of measured numbers (n,).

    ``tolerance`` is the rounding error of the data, as a share of a value. Raises ``InputError`` with the end
    of a sentence about a column that is too fine for a schema.
    """
    low, high = np.percentile(numbers, [OUTER_PERCENT, 100 - OUTER_PERCENT])
    usual = float(high - low) or float(np.ptp(numbers)) or 1.0
    decimals = _decimals(numbers, usual, tolerance)
    unit = 10.0**-decimals
    if decimals == MOST_DECIMALS and usual < 20 * unit:
        raise InputError(f"holds numbers too close together for {MOST_DECIMALS} decimals: rescale it")
    kind: Kind = "integer" if decimals == 0 else "continuous"
    valid = _valid(numbers, unit, decimals)
    return {"kind": kind, "decimals": decimals, "step": _step(usual, unit), "valid": valid}


def _decimals(numbers: Floats, usual: float, tolerance: float) -> int:
    """The fewest decimals that hold the data, or else lose no more than :data:`RESOLUTION`."""
    size = np.maximum(np.abs(numbers), min(usual, 1.0))
    for decimals in range(MOST_DECIMALS + 1):
        exact = np.abs(numbers.round(decimals) - numbers) <= tolerance * size
        if exact.all():
            return decimals
    return int(np.clip(np.ceil(-np.log10(RESOLUTION * usual)), 1, MOST_DECIMALS))


def _step(usual: float, unit: float) -> float | None:
    """The finest of 1, 2, 5, … units that leaves :data:`MOST_STEPS` values or fewer; None for one unit."""
    wanted = usual / MOST_STEPS / unit
    if wanted <= 1:
        return None
    power = 10.0 ** np.floor(np.log10(wanted))
    step = next(times * power for times in (1, 2, 5, 10) if times * power >= wanted * (1 - 1e-9))
    return float(np.round(step * unit, MOST_DECIMALS))


def _valid(numbers: Floats, unit: float, decimals: int) -> Span:
    least, most = float(numbers.min()), float(numbers.max())
    wider = WIDER * (most - least) or max(abs(most), 1.0)
    low, high = least - wider, most + wider
    low = max(low, 0.0) if least >= 0 else low  # a quantity that is never negative stays so
    high = min(high, 0.0) if most <= 0 else high
    ends = np.floor(low / unit) * unit, np.ceil(high / unit) * unit
    return float(np.round(ends[0], decimals)), float(np.round(ends[1], decimals))
