"""What `predict` and `explain` print about the requested rows."""

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
    """Print before the first row that nobody is real, or that the rows of real people are private."""
    origin = schema.provenance
    if not origin.real:
        print(f"{data_label(real=False)}: {schema.title}. Nobody in these rows is real.")
    elif not origin.public:
        print(f"{data_label(real=True)}, private: {schema.title}.")


def head(
    schema: Schema, key: tuple[str, str], *, probability: float, predicted: int, threshold: float
) -> str:
    """Name the row, its risk, the prediction and the threshold."""
    task = schema.task
    return (
        f"{key[0]} ({schema.row_label} {key[1]}): risk {of_100(probability)} of “{task.label}”, "
        f"predicted {task.class_1 if predicted else task.class_0} (flagged from {of_100(threshold)})"
    )


def second_judge(view: str, probability: float, own_line: float | None) -> str:
    """Name the second judge's view ("agrees"), and its risk beside its own line, where it goes by that.

    Its line is another one than the classifier's: of the same row, 46 of 100 may agree with 60 of 100.
    """
    from sensecf_core.counterfactuals.checks.sentences import risk, risk_beside

    if own_line is None:
        return f"second judge {view} ({of_100(probability)})"
    return f"second judge {view} ({risk_beside(probability, own_line)} of 100, its own line {risk(own_line)})"


def say_default_row(cohort: Cohort, participants: Iterable[str]) -> None:
    """Say on stderr which row is used for each participant who has several."""
    schema = cohort.schema
    for participant in dict.fromkeys(participants):
        rows = cohort.rows.loc[participant].index
        if len(rows) > 1:
            print(
                f"Participant {participant} has {len(rows)} {schema.row_label}s; the first, {rows[0]}, is "
                f"taken. --row names another, up to {rows[-1]}.",
                file=sys.stderr,
            )
