"""One query as it is worked on: what is fitted, what may change, and what may be spent."""

from __future__ import annotations

from dataclasses import dataclass

from sensecf_core.counterfactuals.problem.aim import Aim
from sensecf_core.counterfactuals.problem.budget import Budget
from sensecf_core.counterfactuals.problem.fitted_cohort import FittedCohort
from sensecf_core.counterfactuals.problem.search_space import SearchSpace
from sensecf_core.queries.query import Query


@dataclass(frozen=True)
class Problem:
    """What proposing, checking and refining counterfactuals of one query needs; travels as one value."""

    fitted: FittedCohort
    space: SearchSpace
    budget: Budget

    @classmethod
    def of(cls, fitted: FittedCohort, query: Query, budget: Budget | None = None) -> Problem:
        """Pose a query; without a ``budget`` the classifier may be asked about any number of rows."""
        return cls(fitted, SearchSpace.of(fitted.schema, query), budget or Budget(fitted.classifier))

    @property
    def aim(self) -> Aim:
        """What a changed row's p(class 1) has to do."""
        return Aim.of(self.space.query.goal, self.space.desired, self.fitted.classifier.threshold)
