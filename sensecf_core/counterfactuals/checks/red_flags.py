"""Red flags: values of one row that have to be acted on before anything else."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from sensecf_core.cohorts.clinical import Bound
from sensecf_core.cohorts.encoding import Codes, Value, from_values
from sensecf_core.cohorts.schema import Schema
from sensecf_core.counterfactuals.checks.sentences import number
from sensecf_core.queries.answer import RaisedFlag
from sensecf_core.types import Mask

ACT_FIRST = "Act on this first"


def red_flags(schema: Schema, values: Mapping[str, Value]) -> tuple[RaisedFlag, ...]:
    """The red flags of a row (feature name → value), in the schema's order."""
    codes = from_values(schema, values)
    return tuple(
        RaisedFlag(
            name=flag.name,
            label=flag.label.format(
                **{name: number(schema.feature(name), values.get(name)) for name in flag.shown}
            ),
            text=flag.text,
            source=flag.source,
            confirmed=flag.confirmed,
        )
        for flag, raised in zip(schema.red_flags, raised_flags(schema, codes[None])[0], strict=True)
        if raised
    )


def with_source(flag: RaisedFlag) -> str:
    """A red flag in one line, with its source and whether a clinician has confirmed the rule."""
    confirmed = "." if flag.confirmed else "; no clinician has confirmed this rule."
    return f"{flag.sentence} Source: {flag.source}{confirmed}"


def raised_flags(schema: Schema, codes: Codes) -> Mask:
    """Which red flags rows (n, features) raise, shape (n, ``len(schema.red_flags)``).

    A bound with a value that was not measured does not hold.
    """
    raised = np.zeros((len(codes), len(schema.red_flags)), dtype=bool)
    for column, flag in enumerate(schema.red_flags):
        for bound in flag.any_of:
            raised[:, column] |= _holds(schema, bound, codes)
    return raised


def _holds(schema: Schema, bound: Bound, codes: Codes) -> Mask:
    positions = [schema.positions[name] for name in bound.terms]
    total = codes[:, positions] @ np.array(list(bound.terms.values()))  # NaN where one was not measured
    return np.asarray(total >= bound.at_least if bound.at_least is not None else total < bound.below)
