"""One row on which changes are tried by hand, and what the judges say of them at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from sensecf_core.cohorts.encoding import Codes, Value
from sensecf_core.cohorts.schema import Profile, Schema
from sensecf_core.counterfactuals.checks.verify import verify
from sensecf_core.counterfactuals.problem.constraints import is_actionable
from sensecf_core.counterfactuals.problem.fitted_cohort import FittedCohort
from sensecf_core.counterfactuals.problem.make_queries import make_queries
from sensecf_core.counterfactuals.problem.problem import Problem
from sensecf_core.queries.limits import Limits
from sensecf_core.types import RowKey


@dataclass(frozen=True)
class Judged:
    """What is said of a changed row; both risks are p(class 1).

    ``violations`` are the limits and rules that the changes break, in words. The number of changes has no
    limit, and a rule that was broken before counts only where it got worse.
    """

    probability: float
    second_probability: float
    violations: tuple[str, ...]


@dataclass(frozen=True)
class Trial:
    """One row, and the limits that changes of it are held against."""

    problem: Problem

    @classmethod
    def of(
        cls,
        fitted: FittedCohort,
        key: RowKey,
        profile: Profile | None = None,
        desired: Literal[0, 1] | None = None,
    ) -> Trial:
        """Take up a row; ``profile`` and ``desired`` of None are the cohort's own."""
        schema = fitted.schema
        limits = Limits(profile=profile or schema.default_limits, max_changes=len(schema.features))
        wanted = schema.task.desired if desired is None else desired
        return cls(Problem.of(fitted, make_queries(fitted, [key], wanted, limits)[0]))

    @property
    def schema(self) -> Schema:
        """The cohort's schema."""
        return self.problem.space.schema

    @property
    def factual(self) -> Codes:
        """The row as it was measured, codes of shape (features,)."""
        return self.problem.space.factual

    @property
    def tried(self) -> tuple[str, ...]:
        """The features that may be tried: measured, and no context."""
        return tuple(
            feature.name
            for feature, code in zip(self.schema.features, self.factual, strict=True)
            if is_actionable(feature, "contrast") and not np.isnan(code)
        )

    @property
    def missing(self) -> tuple[str, ...]:
        """The features that could be tried if they had been measured."""
        return tuple(
            feature.name
            for feature, code in zip(self.schema.features, self.factual, strict=True)
            if is_actionable(feature, "contrast") and np.isnan(code)
        )

    def codes(self, edits: Mapping[str, Value]) -> Codes:
        """The row with ``edits`` (feature name → new value) written in, codes of shape (features,)."""
        return self.problem.space.apply(dict(edits))

    def judge(self, edits: Mapping[str, Value]) -> Judged:
        """Ask classifier, second classifier, limits and rules about the changed row."""
        row = self.codes(edits)[None]
        checks = verify(self.problem, row)
        second = self.problem.fitted.classifier.second_probability_of_codes(row)
        return Judged(float(checks.probability[0]), float(second[0]), checks.violations[0])
