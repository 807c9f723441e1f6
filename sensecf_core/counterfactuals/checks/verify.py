"""Check candidates: class, limits, rules, and how usual they are. All candidates at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sensecf_core.cohorts.encoding import Codes
from sensecf_core.cohorts.rules import rule_texts, violations
from sensecf_core.counterfactuals.checks.grades import reliable_reductions
from sensecf_core.counterfactuals.problem.constraints import limit_violation
from sensecf_core.counterfactuals.problem.fitted_cohort import FittedCohort
from sensecf_core.counterfactuals.problem.problem import Problem
from sensecf_core.counterfactuals.problem.search_space import SearchSpace
from sensecf_core.types import Floats, Mask


@dataclass(frozen=True)
class CheckResults:
    """What the checks say of n candidates; every array has shape (n,), ``codes`` (n, features).

    Attributes
    ----------
    valid : the row meets the goal (as a rule: the classifier puts it in the desired class), and something was
        changed.
    within_limits : no limit and no rule is broken.
    in_domain : every *changed* value lies within the training 1st to 99th percentile (docs/metrics.md, 5a).
    lof_inlier : the local outlier factor calls the row usual for the desired class (docs/metrics.md, 5b).
    plausible : in domain or moved towards it, and an inlier or at least as usual as the factual was.
    """

    codes: Codes
    probability: Floats
    valid: Mask
    within_limits: Mask
    violations: tuple[tuple[str, ...], ...]
    in_domain: Mask
    lof_inlier: Mask
    plausible: Mask
    gower: Floats
    n_changed: npt.NDArray[np.int64]

    @property
    def passed(self) -> Mask:
        """Which candidates may be shown: valid, within limits and plausible, shape (n,)."""
        return self.valid & self.within_limits & self.plausible

    def only_passed(self) -> CheckResults:
        """Those that may be shown, in the same order."""
        return self.take(np.flatnonzero(self.passed))

    def take(self, rows: npt.NDArray[np.int64]) -> CheckResults:
        """Keep the given positions, in that order."""
        return CheckResults(
            violations=tuple(self.violations[row] for row in rows),
            **{name: getattr(self, name)[rows] for name in self.__dataclass_fields__ if name != "violations"},
        )


def verify(problem: Problem, codes: Codes) -> CheckResults:
    """Judge candidate rows (n, features) against the query's limits, the rules, ``f`` and the density.

    One ``predict_proba`` call; raises ``BudgetSpentError`` through the budget.
    """
    fitted, space = problem.fitted, problem.space
    changed = space.changed(codes)
    n_changed = changed.sum(axis=1)
    broken = _broken_limits(space, codes, changed)
    probability = problem.budget.probability(codes)
    density = fitted.densities[space.desired]
    scores = density.score(np.vstack([space.factual[None], codes]))
    inlier = scores[1:] > 0
    inside = fitted.domain.in_domain(codes) | ~changed
    in_reach = inside | _nearer(fitted, space, codes)
    return CheckResults(
        codes=codes,
        probability=probability,
        valid=_meets(problem, codes, probability) & (n_changed > 0),
        within_limits=np.array([not phrases for phrases in broken], dtype=bool),
        violations=broken,
        in_domain=np.all(inside, axis=1),
        lof_inlier=inlier,
        plausible=np.all(in_reach, axis=1) & (inlier | (scores[1:] >= scores[0])),
        gower=fitted.distances.gower(space.factual, codes),
        n_changed=n_changed,
    )


def _meets(problem: Problem, codes: Codes, probability: Floats) -> Mask:
    """Which rows meet the goal; a reduction that the classifier sees has to be a reliable one too."""
    met = problem.aim.met(probability, problem.space.query.factual.probability)
    if problem.aim.line is None and problem.fitted.classifier.refits:
        moved = np.flatnonzero(met)
        met[moved] = reliable_reductions(problem, codes[moved]) > 0
    return met


def _nearer(fitted: FittedCohort, space: SearchSpace, codes: Codes) -> Mask:
    """Which values moved from outside the training domain towards it, shape (n, features)."""
    low, high = fitted.domain.low, fitted.domain.high
    rising = (space.factual < codes) & (codes < low)
    falling = (space.factual > codes) & (codes > high)
    return rising | falling


def _broken_limits(space: SearchSpace, codes: Codes, changed: Mask) -> tuple[tuple[str, ...], ...]:
    """Say which limits and rules each candidate breaks, in words."""
    outside = _outside(space, codes, changed)
    rules = violations(space.schema, space.factual, codes)
    too_many = changed.sum(axis=1) > space.max_changes
    texts = rule_texts(space.schema)
    limits, values = space.query.limits, space.query.factual.features
    broken = []
    for row in range(len(codes)):
        phrases = [
            limit_violation(space.schema.features[p], values, codes[row, p], limits)
            for p in np.flatnonzero(outside[row])
        ]
        if too_many[row]:
            phrases.append(f"{int(changed[row].sum())} changes, at most {space.max_changes} were allowed")
        phrases += [texts[rule] for rule in np.flatnonzero(rules[row])]
        broken.append(tuple(phrases))
    return tuple(broken)


def _outside(space: SearchSpace, codes: Codes, changed: Mask) -> Mask:
    """Which changed values the query does not allow; numbers need not lie on the suggestion grid.

    A number has to lie between allowed ones, and not nearer to the factual than its meaningful change.
    """
    outside = changed.copy()
    for position, values in space.values.items():
        column = codes[:, position]
        feature = space.schema.features[position]
        if feature.named or feature.kind == "binary":
            allowed = np.isin(column, values)
        else:
            far = np.abs(column - space.factual[position]) >= feature.least_change - 1e-9
            allowed = far & (column >= values[0] - 1e-9) & (column <= values[-1] + 1e-9)
        outside[:, position] &= ~allowed
    return outside
