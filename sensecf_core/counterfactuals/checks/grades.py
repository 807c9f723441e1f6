"""How far a counterfactual can be believed (docs/metrics.md, Grades)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sensecf_core.cohorts.encoding import Codes
from sensecf_core.counterfactuals.problem.measurement_error import measurement_errors, noisy
from sensecf_core.counterfactuals.problem.problem import Problem
from sensecf_core.queries.answer import Grade
from sensecf_core.types import Floats, Ints, Mask

SOLID, FRAGILE = 0.9, 0.5
"""Share of refits (for a solid one also of noisy copies) that must hold a counterfactual; our conventions."""
NOISE_COPIES = 100
RELIABLE_PERCENTILE = 10
"""The reliable reduction is this percentile of the reduction over the refits: nine of ten reduce more."""
HALF_AS_FAR = 0.5
"""How far the second classifier must follow where it saw the factual in the desired class already, and where
the goal is a risk, for which it has no line of its own."""
SOLID_POINTS, SECOND_POINTS = 3.0, 1.0
"""Points of 100 of a solid reduction: the reliable one, and the least by the second classifier; ours."""
RANKS: dict[Grade | None, int] = {None: 0, "on the line": 0, "fragile": 1, "solid": 2}
"""Grades in order; what has none (no refits) is ranked like what may be shown last."""


@dataclass(frozen=True)
class Grades:
    """What each judge says of n counterfactuals; every array has shape (n,).

    Attributes
    ----------
    grades : None for a row that does not meet the goal, and for a classifier without refits.
    held_by_refits : share of the bootstrap refits in which the row meets the goal; NaN without refits.
    held_under_noise : the same share of copies with one measurement error on every measured feature; NaN
        where it was not asked for and decides nothing.
    second_agrees : the second classifier's vote, see :func:`_second_agrees`.
    reliable_reduction : change of risk towards the desired class in points of 100, 10th percentile over the
        refits; NaN without refits.
    """

    grades: tuple[Grade | None, ...]
    held_by_refits: Floats
    held_under_noise: Floats
    second_agrees: Mask
    reliable_reduction: Floats

    @property
    def ranks(self) -> Ints:
        """Each grade's place in :data:`RANKS`, shape (n,)."""
        return np.array([RANKS[grade] for grade in self.grades], dtype=np.int64)

    @property
    def on_the_line(self) -> Mask:
        """Which rows are told of, but never listed, shape (n,)."""
        return np.array([grade == "on the line" for grade in self.grades], dtype=bool)

    def take(self, rows: Ints) -> Grades:
        """Keep the given positions, in that order."""
        return Grades(
            grades=tuple(self.grades[row] for row in rows),
            **{name: getattr(self, name)[rows] for name in self.__dataclass_fields__ if name != "grades"},
        )


def grade_rows(
    problem: Problem, codes: Codes, *, complete: bool = True, risks: Floats | None = None
) -> Grades:
    """Grade counterfactuals (n, features) of a query; the same query has the same noise for every method.

    Without ``complete`` noise is only added to rows whose grade it decides; the grades are the same.
    ``risks`` are the refits' p(class 1) of the factual and the rows, shape (refits, 1 + n), where they are
    known already.
    """
    classifier, aim = problem.fitted.classifier, problem.aim
    rows = np.vstack([problem.space.factual[None], codes])
    probability = classifier.probability_of_codes(rows)
    valid = aim.met(probability[1:], probability[0])
    held, reduction = _by_refits(problem, rows, risks)
    agrees = _second_agrees(problem, rows)
    crosses = aim.line is not None
    decides = crosses & valid & agrees & (np.nan_to_num(held) >= SOLID)
    noise = np.full(len(codes), np.nan)
    asked = np.flatnonzero(np.ones(len(codes), dtype=bool) if complete else decides)
    noise[asked] = _under_noise(problem, codes[asked])
    return Grades(
        grades=tuple(
            _of_crossing(bool(valid[row]), float(held[row]), float(noise[row]), bool(agrees[row]))
            if crosses
            else _of_reduction(float(reduction[row]), bool(agrees[row]))
            for row in range(len(codes))
        ),
        held_by_refits=held,
        held_under_noise=noise,
        second_agrees=agrees,
        reliable_reduction=reduction,
    )


def _of_crossing(
    valid: bool, held_by_refits: float, held_under_noise: float, second_agrees: bool
) -> Grade | None:
    if not valid or np.isnan(held_by_refits):
        return None
    if held_by_refits >= SOLID and held_under_noise >= SOLID and second_agrees:
        return "solid"
    return "fragile" if held_by_refits >= FRAGILE else "on the line"


def grade_reductions(problem: Problem, codes: Codes, reductions: Floats) -> tuple[Grade | None, ...]:
    """Grade rows (n, features) as reductions of the risk, whatever the query's goal.

    ``reductions`` are their reliable reductions in points of 100, shape (n,).
    """
    rows = np.vstack([problem.space.factual[None], codes])
    agrees = _second_moves(problem, problem.fitted.classifier.second_probability_of_codes(rows))
    return tuple(_of_reduction(float(reductions[row]), bool(agrees[row])) for row in range(len(codes)))


def _second_moves(problem: Problem, second: Floats) -> Mask:
    """Whether the second classifier's risks, the factual's first, move the desired way by a point or more."""
    return np.asarray(100 * problem.aim.towards(second[1:], second[0]) >= SECOND_POINTS)


def _of_reduction(reliable_reduction: float, second_agrees: bool) -> Grade | None:
    if not reliable_reduction > 0:  # NaN neither
        return None
    return "solid" if reliable_reduction >= SOLID_POINTS and second_agrees else "fragile"


def reliable_reductions(problem: Problem, codes: Codes) -> Floats:
    """The reliable reduction of rows (n, features) in points of 100, shape (n,); NaN without refits."""
    return _by_refits(problem, np.vstack([problem.space.factual[None], codes]))[1]


def _by_refits(problem: Problem, rows: Codes, risks: Floats | None = None) -> tuple[Floats, Floats]:
    """Share of refits in which each row meets the goal, and the reliable reduction.

    ``rows`` begins with the factual.
    """
    classifier, aim = problem.fitted.classifier, problem.aim
    if not classifier.refits or len(rows) == 1:
        nothing = np.full(len(rows) - 1, np.nan)
        return nothing, nothing
    if risks is None:
        risks = classifier.refit_probabilities_of_codes(rows)
    held = aim.met(risks[:, 1:], risks[:, :1]).mean(axis=0)
    towards = aim.towards(risks[:, 1:], risks[:, :1])
    return np.asarray(held), np.percentile(100 * towards, RELIABLE_PERCENTILE, axis=0)


def _under_noise(problem: Problem, codes: Codes) -> Floats:
    """Share of noisy copies that meet the goal; for a reduction each beside the same copy of the factual."""
    fitted = problem.fitted
    if not len(codes):
        return np.empty(0)
    errors = measurement_errors(fitted.schema, fitted.train_codes)
    seed = problem.space.query.own_seed(0)
    rows = codes if problem.aim.line is not None else np.vstack([problem.space.factual[None], codes])
    copies = noisy(fitted.schema, rows, errors, draws=NOISE_COPIES, seed=seed)
    risks = fitted.classifier.probability_of_codes(copies.reshape(-1, codes.shape[1]))
    risks = risks.reshape(len(rows), NOISE_COPIES)
    return np.asarray(problem.aim.met(risks[-len(codes) :], risks[0]).mean(axis=1))


def _second_agrees(problem: Problem, rows: Codes) -> Mask:
    """The second classifier's vote; ``rows`` begins with the factual.

    Of a crossing: the row is in the desired class by its own threshold; where it saw the factual there
    already, its log-odds must move at least half as far as the classifier's. The same holds of a target risk.
    Of a reduction: its risk moves the same way by a point or more.
    """
    classifier, desired = problem.fitted.classifier, problem.space.desired
    second = classifier.second_probability_of_codes(rows)
    kind = problem.space.query.goal.kind
    if kind == "lower":
        return _second_moves(problem, second)
    there = (second >= classifier.second_threshold) == bool(desired)
    if kind == "cross" and not there[0]:
        return np.asarray(there[1:])
    sign = 1 if desired else -1
    log_odds = np.log(second) - np.log1p(-second)
    moved = sign * (log_odds[1:] - log_odds[0])
    margin = classifier.margin_of_codes(rows)
    follows = moved >= HALF_AS_FAR * sign * (margin[1:] - margin[0])
    return np.asarray(follows if kind == "target" else there[1:] & follows)
