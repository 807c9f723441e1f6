"""A cohort, a classifier and a query so small that every number of an answer can be worked out by hand.

Training row i of 21: bmi 20 + i, sugar 10 i, smoking i mod 3, active i mod 2; class 1 from i = 10 on.
So the ranges are 20, 200 and 2 levels; the medians 30 and 100, the median deviations from them 5 and 50.

The classifier's log-odds are (bmi - 30) / 2 + (sugar - 100) / 50, class 1 from 0 on; its three refits add -1,
0 and 1 to them, the two that only an evaluation sees -2 and 0.5. The second classifier predicts class 1 from
bmi 28 on, the independent one from sugar 100 on.

The participant ``q``: bmi 32, sugar 150, current smoker, not active; log-odds 2, class 1 by everybody.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal, cast

import numpy as np
import pandas as pd

from sensecf_core.classifiers.calibration import probability
from sensecf_core.cohorts.cohort import INDEX_NAMES, Cohort
from sensecf_core.cohorts.encoding import Codes, from_values, to_rows
from sensecf_core.cohorts.schema import Schema
from sensecf_core.counterfactuals.problem.budget import Budget
from sensecf_core.counterfactuals.problem.fitted_cohort import FittedCohort
from sensecf_core.counterfactuals.problem.make_queries import make_queries
from sensecf_core.counterfactuals.problem.problem import Problem
from sensecf_core.counterfactuals.problem.search_space import SearchSpace
from sensecf_core.evaluation.metrics.independent_classifier import IndependentClassifier
from sensecf_core.evaluation.metrics.plausibility import PlausibilityModel
from sensecf_core.evaluation.metrics.scores import Evaluators
from sensecf_core.queries.goal import Goal, GoalKind
from sensecf_core.queries.limits import Limits
from tests.small_cohort import SCHEMA as WHOLE

NAMES = ("bmi", "sugar", "smoking", "active")
SCHEMA = Schema.model_validate(
    {
        **WHOLE.model_dump(),
        "features": [WHOLE.feature(name).model_dump() for name in NAMES],
        "rules": [],
        "couplings": [],
    }
)
FACTUAL = {"bmi": 32.0, "sugar": 150, "smoking": "current", "active": 0}


def row(**changes: Any) -> Codes:
    """The participant's codes with changes written in."""
    return from_values(SCHEMA, {**FACTUAL, **changes})


@dataclass(frozen=True)
class Lines:
    """The classifier of the module's docstring; ``refits`` are what each adds to the log-odds."""

    threshold: float = 0.5
    second_threshold: float = 0.5
    refits: tuple[float, ...] = (-1.0, 0.0, 1.0)

    def margin_of_codes(self, codes: Codes) -> Codes:
        return np.asarray((codes[:, 0] - 30) / 2 + (codes[:, 1] - 100) / 50)

    def probability_of_codes(self, codes: Codes) -> Codes:
        return probability(self.margin_of_codes(codes))

    def second_probability_of_codes(self, codes: Codes) -> Codes:
        return probability(codes[:, 0] - 28)

    def refit_probabilities_of_codes(self, codes: Codes) -> Codes:
        return probability(self.margin_of_codes(codes) + np.array(self.refits)[:, None])


@dataclass(frozen=True)
class Threshold:
    threshold: float = 0.5

    def probability(self, codes: Codes) -> np.ndarray:
        return probability((codes[:, 1] - 100) / 50)


def cohort() -> Cohort:
    i = np.arange(21)
    train = np.column_stack([20.0 + i, 10.0 * i, i % 3, i % 2])
    codes = np.vstack([train, row(), train[[3, 4, 15]]])
    ids = [f"t{n:02d}" for n in i] + ["q", "h3", "h4", "h15"]
    index = pd.MultiIndex.from_arrays([ids, ["0"] * len(ids)], names=INDEX_NAMES)
    return Cohort(
        SCHEMA,
        to_rows(SCHEMA, codes, index),
        pd.Series([*(i >= 10).astype(int), 1, 0, 0, 1], index=index),
        pd.Series(["train"] * 21 + ["test"] * 4, index=index),
        pd.DataFrame(index=index),
        (),
        "0" * 64,
        "1" * 64,
    )


def evaluators() -> Evaluators:
    """Everything that scores, without measurement errors."""
    fitted = FittedCohort.fit(cohort(), cast("Any", Lines()))
    unseen = replace(fitted, classifier=cast("Any", Lines(refits=(-2.0, 0.5))))
    independent = cast(IndependentClassifier, Threshold())
    return Evaluators(fitted, unseen, independent, PlausibilityModel.fit(fitted), np.zeros(4))


def space(
    fitted: FittedCohort, max_changes: int = 2, desired: Literal[0, 1] = 0, goal: GoalKind = "cross"
) -> SearchSpace:
    limits = Limits(profile="intervention", max_changes=max_changes)
    query = make_queries(fitted, [("q", "0")], desired, limits)[0]
    return SearchSpace.of(SCHEMA, query.model_copy(update={"goal": Goal(kind=goal, asked=goal)}))


def problem(fitted: FittedCohort, desired: Literal[0, 1] = 0, goal: GoalKind = "cross") -> Problem:
    return Problem(fitted, space(fitted, desired=desired, goal=goal), Budget(fitted.classifier))
