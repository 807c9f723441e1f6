"""What `predict` and `explain` say to people about the rows that they are asked about."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING

from sensecf_core.cli.output import of_100
from sensecf_core.disclaimer import data_label

if TYPE_CHECKING:
    from sensecf_core.cohorts.cohort import Cohort
    from sensecf_core.cohorts.schema import Schema


def print_label(schema: Schema) -> None:
    """Print, before any row, that nobody is real, or that rows of real people are private."""
    origin = schema.provenance
    if not origin.real:
        print(f"{data_label(real=False)}: {schema.title}. Nobody in these rows is real.")
    elif not origin.public:
        print(f"{data_label(real=True)}, private: {schema.title}.")


def head(
    schema: Schema, key: tuple[str, str], *, probability: float, predicted: int, threshold: float
) -> str:
    """Say which row, its risk, and what the model decides from which risk on."""
    task = schema.task
    return (
        f"{key[0]} ({schema.row_label} {key[1]}): risk {of_100(probability)} of “{task.label}”, "
        f"predicted {task.class_1 if predicted else task.class_0} (flagged from {of_100(threshold)})"
    )


def say_row_taken(cohort: Cohort, participants: Iterable[str]) -> None:
    """Say on stderr which row is taken of everybody who has several, when none was named."""
    schema = cohort.schema
    for participant in dict.fromkeys(participants):
        rows = cohort.rows.loc[participant].index
        if len(rows) > 1:
            print(
                f"Participant {participant} has {len(rows)} {schema.row_label}s; the first, {rows[0]}, is "
                f"taken. --row names another, up to {rows[-1]}.",
                file=sys.stderr,
            )
