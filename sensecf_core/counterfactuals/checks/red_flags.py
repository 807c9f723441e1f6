"""Red flags: values of one row that have to be acted on before anything else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from sensecf_core.cohorts.clinical import Bound
from sensecf_core.cohorts.cohort import Cohort
from sensecf_core.cohorts.encoding import Codes, Value, from_values, to_codes, to_values
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


def of_participant(cohort: Cohort, participant: str) -> tuple[RaisedFlag, ...]:
    """The red flags of all rows of a participant, in the schema's order, each once.

    A flag has the values of the first row that raises it. Where other rows raise it with other values, or
    not at all, its label names that row and counts the rest: "(day 2025-03-05, and 2 more)".
    """
    rows = cohort.rows.loc[[participant]]
    raised_in: dict[str, list[tuple[str, RaisedFlag]]] = {flag.name: [] for flag in cohort.schema.red_flags}
    for (_, row_id), codes in zip(rows.index, to_codes(cohort.schema, rows), strict=True):
        for flag in red_flags(cohort.schema, to_values(cohort.schema, codes)):
            raised_in[flag.name].append((str(row_id), flag))
    return tuple(_once(found, cohort.schema, len(rows)) for found in raised_in.values() if found)


def _once(found: Sequence[tuple[str, RaisedFlag]], schema: Schema, rows: int) -> RaisedFlag:
    """One flag for all rows (row id, flag) that raise it, of ``rows`` in all."""
    row_id, first = found[0]
    if len(found) == rows and all(flag == first for _, flag in found):
        return first
    more = f", and {len(found) - 1} more" if len(found) > 1 else ""
    return first.model_copy(update={"label": f"{first.label} ({schema.row_label} {row_id}{more})"})


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
