"""What is feasible: can a query cross the line, cross solidly, lower the risk; is it proven that not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from sensecf_core.classifiers.calibration import log_odds
from sensecf_core.classifiers.classifier import Classifier
from sensecf_core.cohorts.encoding import Codes
from sensecf_core.cohorts.rules import violations
from sensecf_core.counterfactuals.checks.grades import Grades, grade_reductions, grade_rows
from sensecf_core.counterfactuals.checks.verify import verify
from sensecf_core.counterfactuals.feasibility.exhaustive import all_rows
from sensecf_core.counterfactuals.feasibility.tree_bound import bound
from sensecf_core.counterfactuals.feasibility.wide_search import KEPT, pools
from sensecf_core.counterfactuals.problem.budget import Budget
from sensecf_core.counterfactuals.problem.fitted_cohort import FittedCohort
from sensecf_core.counterfactuals.problem.problem import Problem
from sensecf_core.queries.answer import Crossing, Grade
from sensecf_core.queries.goal import CROSS
from sensecf_core.queries.query import Query
from sensecf_core.types import Floats

Lowering = Literal["solid", "fragile", "none found"]
"""How far the largest reliable reduction can be believed."""


@dataclass(frozen=True)
class Reach:
    """What the wide search found for one query.

    Attributes
    ----------
    cross : the grade of the best crossing (one on the line counts as none), or whether none is proven.
    lower : the grade of the largest reliable reduction.
    reliable_reduction : that reduction in points of 100 (None: no refits, or nothing may move).
    best_probability : p(class 1) nearest to the desired class that a plausible change reaches.
    on_the_line : whether something crosses, but only on the line.
    """

    cross: Crossing
    lower: Lowering
    reliable_reduction: float | None
    best_probability: float
    on_the_line: bool = False


AT_ONCE = 32
"""Queries searched and judged in one batch, so that it stays small in memory."""


def assess(fitted: FittedCohort, queries: Sequence[Query], budget: Budget | None = None) -> list[Reach]:
    """Assess queries of one cohort, in batches; a goal of ``lower`` is assessed at the classifier's line.

    Raises ``BudgetSpentError`` and ``CancelledError`` through ``budget``.
    """
    budget = budget or Budget(fitted.classifier)
    found: list[Reach] = []
    for start in range(0, len(queries), AT_ONCE):
        problems = [_at_its_line(fitted, query, budget) for query in queries[start : start + AT_ONCE]]
        candidates = [_Candidates.of(*pair) for pair in zip(problems, pools(problems, budget), strict=True)]
        found += [each.judged(risks) for each, risks in zip(candidates, _refits(candidates), strict=True)]
    return found


def crossed(fitted: FittedCohort, queries: Sequence[Query], budget: Budget) -> list[bool]:
    """Whether the wide search finds a plausible change across each query's line that is not on the line.

    Raises as :func:`assess`.
    """
    problems = [_at_its_line(fitted, query, budget) for query in queries]
    found = []
    for problem, rows in zip(problems, pools(problems, budget), strict=True):
        passed = verify(problem, rows).only_passed()
        found.append(bool((~grade_rows(problem, passed.codes, complete=False).on_the_line).any()))
    return found


def _at_its_line(fitted: FittedCohort, query: Query, budget: Budget) -> Problem:
    if query.goal.kind == "lower":
        query = query.model_copy(update={"goal": CROSS})
    return Problem.of(fitted, query, budget)


def _refits(candidates: Sequence[_Candidates]) -> list[Floats | None]:
    """The refits' p(class 1) of each query's factual and rows, asked in one call; None without refits."""
    if not candidates[0].problem.fitted.classifier.refits:
        return [None] * len(candidates)
    rows = [np.vstack([each.problem.space.factual[None], each.codes]) for each in candidates]
    risks = candidates[0].problem.fitted.classifier.refit_probabilities_of_codes(np.concatenate(rows))
    return list(np.split(risks, np.cumsum([len(part) for part in rows])[:-1], axis=1))


@dataclass(frozen=True)
class _Candidates:
    """Plausible rows of one query within its limits, and whether it is proven that nothing crosses."""

    problem: Problem
    codes: Codes
    probability: Floats
    proven: bool

    @classmethod
    def of(cls, problem: Problem, rows: Codes) -> _Candidates:
        """Check what the wide search kept; where nothing crosses, prove it or search the rest."""
        checks = verify(problem, rows)
        proven = False
        if not checks.valid.any():
            proven, missed = _prove(problem)
            checks = verify(problem, np.vstack([rows, missed])) if len(missed) else checks
        usable = checks.within_limits & checks.plausible & (checks.n_changed > 0)
        return cls(problem, checks.codes[usable], checks.probability[usable], proven)

    def judged(self, risks: Floats | None) -> Reach:
        """Grade the rows; ``risks`` as for :func:`grade_rows`."""
        none: Crossing = "proven none" if self.proven else "none found"
        if not len(self.codes):
            return Reach(none, "none found", None, self.problem.space.query.factual.probability)
        grades = grade_rows(self.problem, self.codes, complete=False, risks=risks)
        best = float(self.probability.max() if self.problem.space.desired else self.probability.min())
        lower, reduction = _lowering(self.problem, self.codes, grades)
        cross = self._crossing(grades.grades) or none
        return Reach(cross, lower, reduction, best, cross == none and "on the line" in grades.grades)

    def _crossing(self, grades: tuple[Grade | None, ...]) -> Crossing | None:
        if "solid" in grades:
            return "solid"
        ungraded = not self.problem.fitted.classifier.refits
        before = self.problem.space.query.factual.probability
        crosses = ungraded and bool(self.problem.aim.met(self.probability, before).any())
        return "fragile" if "fragile" in grades or crosses else None


def _lowering(problem: Problem, codes: Codes, grades: Grades) -> tuple[Lowering, float | None]:
    """The largest reliable reduction and its grade."""
    reductions = grades.reliable_reduction
    if np.isnan(reductions).all():
        return "none found", None
    lower = grade_reductions(problem, codes, reductions)
    solid = [float(reductions[row]) for row, grade in enumerate(lower) if grade == "solid"]
    largest = float(reductions.max())
    if solid:
        return "solid", max(solid)
    return ("fragile", largest) if largest > 0 else ("none found", max(largest, 0.0))


def _prove(problem: Problem) -> tuple[bool, Codes]:
    """Whether it is proven that nothing crosses; else the crossings that the wide search missed."""
    fitted, space, line = problem.fitted, problem.space, problem.aim.line
    nothing = np.empty((0, len(space.factual)))
    if not isinstance(fitted.classifier, Classifier) or line is None:
        return not space.values, nothing
    limit = bound(fitted.classifier, space, log_odds(line))
    if limit.open_sets is None or limit.impossible:
        return limit.impossible, nothing
    rows = all_rows(fitted.classifier, space, limit.open_sets)
    if rows is None:
        return False, nothing
    probability = problem.budget.probability(rows)
    crossing = problem.aim.met(probability, space.query.factual.probability)
    farthest = np.argsort(probability if space.desired == 0 else -probability, kind="stable")
    missed = rows[farthest[crossing[farthest]]]
    kept = missed[~violations(space.schema, space.factual, missed).any(axis=1)][:KEPT]
    return not crossing.any(), kept
