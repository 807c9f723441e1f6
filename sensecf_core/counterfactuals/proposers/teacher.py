"""What a model that is told nothing of changes is taught: answers of a wide search, believed ones first.

For each query the wide search of the feasibility map sees a few thousand rows. Of those that cross the line,
few and near changes of many different sets of features are checked and graded like any option. The solid
ones are taught; where there is none, the fragile ones; where there is neither, what crosses at all.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sensecf_core.classifiers.calibration import log_odds
from sensecf_core.cohorts.encoding import Codes
from sensecf_core.counterfactuals.checks.grades import RANKS, grade_rows
from sensecf_core.counterfactuals.checks.verify import verify
from sensecf_core.counterfactuals.feasibility.wide_search import Seen, pools
from sensecf_core.counterfactuals.problem.budget import Budget
from sensecf_core.counterfactuals.problem.fitted_cohort import FittedCohort
from sensecf_core.counterfactuals.problem.problem import Problem
from sensecf_core.counterfactuals.search.answers import MARGINS, fewest_and_nearest
from sensecf_core.language.prompts.profile import PercentileScale
from sensecf_core.queries.answer import Edits, Grade
from sensecf_core.queries.query import Query

MOST_ANSWERS = 12
JUDGED = 40
"""Rows of a query that are checked and graded: so many of the nearest, and of the nearest among those that
both classifiers together move far."""
LEAST_GAIN = 0.03
"""Log-odds that every change of an answer brings at least."""
PER_FEATURE_SET = 3
"""Most of them that change the same set of features."""


def teach(
    fitted: FittedCohort, scale: PercentileScale, queries: Sequence[Query], budget: Budget | None = None
) -> list[tuple[tuple[Edits, ...], Grade | None]]:
    """The answers to each query, the nearest first, and the grade that all of them have.

    No answers where the search finds none that passes the checks. Answers have only values that ``scale`` can
    name. Raises ``CancelledError`` through ``budget``.
    """
    budget = budget or Budget(fitted.classifier)
    problems = [Problem.of(fitted, scale.thinned(query), budget) for query in queries]
    return [
        _best(problem, rows) for problem, rows in zip(problems, pools(problems, budget, _near), strict=True)
    ]


def _near(problem: Problem, seen: Seen) -> Codes:
    """Rows beyond the line by the widest of several margins that any reaches, few and near changes first."""
    rows, alone, both = seen
    line = problem.aim.line
    sign = 1 if problem.space.desired else -1
    beyond = alone - sign * (problem.fitted.threshold_margin if line is None else log_odds(line))
    wanted = next((margin for margin in MARGINS if (beyond >= margin).any()), 0.0)
    reached = np.flatnonzero(beyond > wanted)
    if not len(reached):
        return rows[reached]
    far = reached[both[reached] >= np.median(both[reached])]
    near = [
        part[fewest_and_nearest(problem.fitted, problem.space, rows[part], PER_FEATURE_SET)[:JUDGED]]
        for part in (reached, far)
    ]
    found = _needed(problem, np.unique(rows[np.concatenate(near)], axis=0))
    return found[fewest_and_nearest(problem.fitted, problem.space, found, PER_FEATURE_SET)]


def _needed(problem: Problem, rows: Codes) -> Codes:
    """The rows of which every change brings something: without it the row lies nearer to the line."""
    changed = problem.space.changed(rows)
    index, position = np.nonzero(changed)
    without = rows[index]
    without[np.arange(len(index)), position] = problem.space.factual[position]
    sign = 1 if problem.space.desired else -1
    margins = sign * problem.budget.margin(np.vstack([rows, without]))
    brings = margins[index] - margins[len(rows) :]
    least = np.full(len(rows), np.inf)
    np.minimum.at(least, index, brings)
    return rows[least >= LEAST_GAIN]


def _best(problem: Problem, rows: Codes) -> tuple[tuple[Edits, ...], Grade | None]:
    passed = verify(problem, rows).only_passed()
    if not len(passed.codes):
        return (), None
    grades = grade_rows(problem, passed.codes, complete=False)
    best = max(grades.grades, key=lambda grade: RANKS[grade])
    same = [row for row, grade in enumerate(grades.grades) if grade == best][:MOST_ANSWERS]
    space = problem.space
    return tuple(
        {name: change.after for name, change in space.changes(passed.codes[row]).items()} for row in same
    ), best
