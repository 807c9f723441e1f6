"""The classifier as libraries query it: rows are counted, the threshold lies at 0.5, budget and time end "
"it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from time import perf_counter

import numpy as np

from sensecf_core.classifiers.calibration import log_odds, probability
from sensecf_core.cohorts.encoding import Codes
from sensecf_core.counterfactuals.baselines.movable_table import MovableTable
from sensecf_core.counterfactuals.problem.aim import Aim
from sensecf_core.counterfactuals.problem.budget import Budget
from sensecf_core.counterfactuals.problem.fitted_cohort import FittedCohort
from sensecf_core.counterfactuals.proposal import ProposalRequest, Stopped
from sensecf_core.types import Floats

APART = 1e-9
"""Distance that a score keeps from 0.5, so that no library has to break a tie."""


class SearchEndedError(BaseException):
    """A search has used up its budget or its time, or was cancelled.

    Not an ``Exception``, so that no library catches it as a failure of its own and goes on.
    """

    def __init__(self, why: Stopped) -> None:
        super().__init__(why)
        self.why = why


@dataclass
class BlackBox:
    """Scores rows of a table; the only way from a library to the classifier.

    Raises :class:`SearchEndedError` where the run is cancelled or late, or where the rows would leave fewer
    than ``kept_rows`` of the budget, which checking the answer takes.
    """

    fitted: FittedCohort
    table: MovableTable
    budget: Budget
    run: ProposalRequest
    kept_rows: int
    clock: Callable[[], float] = field(default=perf_counter)

    def class_1(self, rows: Codes) -> Floats:
        """Score rows of the table (n, columns) after :meth:`MovableTable.allowed`, shape (n,).

        The score is p(class 1) shifted in log-odds so that the line of the goal (as a rule the decision
        threshold) is at 0.5: above it the classifier says 1, below it 0, never equal.
        """
        rows = np.asarray(rows, dtype=np.float64)
        self.check(len(rows))
        margin = self.budget.margin(self.table.whole(self.table.allowed(rows)))
        flagged = probability(margin) >= self.line
        score = probability(margin - log_odds(self.line))
        return np.where(flagged, np.maximum(score, 0.5 + APART), np.minimum(score, 0.5 - APART))

    @property
    def line(self) -> float:
        """p(class 1) to get across: a target risk, else the decision threshold (``lower`` has no line)."""
        query = self.table.space.query
        line = Aim.of(query.goal, query.desired, self.fitted.classifier.threshold).line
        return self.fitted.classifier.threshold if line is None else line

    def desired(self, rows: Codes) -> Floats:
        """Score towards the query's desired class: reached above 0.5, shape (n,)."""
        score = self.class_1(rows)
        return score if self.table.space.desired == 1 else 1 - score

    def both(self, rows: Codes) -> Floats:
        """Scores of class 0 and class 1, shape (n, 2)."""
        score = self.class_1(rows)
        return np.column_stack([1 - score, score])

    def check(self, rows: int = 0) -> None:
        """End the search where it is cancelled or late, or where so many more rows are too many."""
        if self.run.callbacks.cancelled():
            raise SearchEndedError("cancelled")
        if self.clock() > self.run.deadline:
            raise SearchEndedError("deadline")
        if self.budget.rows + rows > self.budget.max_rows - self.kept_rows:
            raise SearchEndedError("budget")

    @property
    def seconds_left(self) -> float:
        """Time until the deadline, 0 or more."""
        return max(self.run.deadline - self.clock(), 0.0)
