"""Rows that passed every check, with their grades, and which of them are listed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sensecf_core.counterfactuals.checks.grades import Grades, grade_rows
from sensecf_core.counterfactuals.checks.verify import CheckResults
from sensecf_core.counterfactuals.problem.problem import Problem
from sensecf_core.types import Ints


@dataclass(frozen=True)
class GradedRows:
    """Rows (n, features) with what the checks and the judges say of them."""

    checks: CheckResults
    grades: Grades

    @classmethod
    def of(cls, problem: Problem, checks: CheckResults) -> GradedRows:
        """Grade checked rows."""
        return cls(checks, grade_rows(problem, checks.codes, complete=False))

    def take(self, rows: Ints) -> GradedRows:
        """Keep the given positions, in that order."""
        return GradedRows(self.checks.take(rows), self.grades.take(rows))

    @property
    def distinct_on_the_line(self) -> int:
        """How many different rows are on the line: told of, never listed."""
        rows = self.checks.codes[self.grades.on_the_line]
        return len(np.unique(np.nan_to_num(rows, nan=np.inf), axis=0))
