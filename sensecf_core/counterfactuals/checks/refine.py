"""Make counterfactuals smaller: undo what is not needed, then pull values towards the factual.

Works on all candidates of a query at once; each step is one call of the classifier, and a candidate
that was valid and within the rules stays so. None ends with a lower grade than it came with.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from sensecf_core.classifiers.calibration import log_odds, probability as probability_of
from sensecf_core.cohorts.encoding import Codes
from sensecf_core.cohorts.rules import violations
from sensecf_core.counterfactuals.checks.graded import GradedRows
from sensecf_core.counterfactuals.checks.grades import grade_rows
from sensecf_core.counterfactuals.checks.verify import CheckResults, verify
from sensecf_core.counterfactuals.problem.problem import Problem
from sensecf_core.counterfactuals.problem.search_space import SearchSpace
from sensecf_core.types import Floats, Ints, Mask

Holds = Callable[[Codes], Mask]
"""Which rows (n, features) are as good as they have to be, shape (n,)."""
HoldsOf = Callable[[Codes, Ints], Mask]
"""The same of trial rows; the second argument says which of the rows being refined each was made of."""

SHARES_KEPT = (0.0, 0.25, 0.5, 0.75)
"""How much of its log-odds beyond the line a row may keep; the least share that keeps its grade is taken."""
REDUCTION_KEPT = (0.95,)
"""The same where the risk is to be lowered as far as it goes: what gives next to nothing is undone."""


def refine(problem: Problem, codes: Codes, margin: float | Floats = 0.0) -> Codes:
    """Shrink valid candidates (n, features); returns rows of the same shape, in the same order.

    ``margin`` is how many log-odds beyond the line of the goal the rows stay, one number or one a row. Raises
    ``BudgetSpentError`` through the budget.
    """
    margins = np.broadcast_to(margin, len(codes))

    def holds(rows: Codes, of: Ints) -> Mask:
        return _hold(problem, rows, margins[of])

    fewer = undo_unneeded(problem, codes, holds)
    nearer = pull_towards_factual(problem.space, fewer, holds)
    # A classifier that is not monotone may need even less once values are nearer.
    return undo_unneeded(problem, nearer, holds)


def alternatives(problem: Problem, codes: Codes, refined: Codes) -> Codes:
    """Find second answers: what is left of candidates once the changes that :func:`refine` kept are undone.

    Candidates often share one strong change, and all shrink to it. Where the rest of a candidate
    reaches the goal by itself, it is an option of its own. ``codes`` and ``refined`` have shape
    (n, features); returns the rows that hold, at most n, not refined.
    """
    space = problem.space
    rest = np.where(space.changed(refined), space.factual, codes)
    rest = rest[space.changed(rest).any(axis=1)]
    return rest[holding(problem)(rest)]


def holding(problem: Problem, margin: float = 0.0) -> Holds:
    """Build the test that each step keeps: the goal is reached and no rule is broken."""

    def holds(rows: Codes) -> Mask:
        return _hold(problem, rows, np.broadcast_to(margin, len(rows)))

    return holds


def _hold(problem: Problem, rows: Codes, margins: Floats) -> Mask:
    """Whether rows lie their ``margins`` (log-odds) beyond the line and break no rule, shape (n,)."""
    space, before = problem.space, problem.space.query.factual.probability
    probability = problem.budget.probability(rows)
    line = before if problem.aim.line is None else problem.aim.line
    beyond = log_odds(line) + margins * (1 if space.desired else -1)
    lines = np.where(margins == 0, line, probability_of(beyond))
    reached = probability >= lines if space.desired else probability < lines
    return reached & ~violations(space.schema, space.factual, rows).any(axis=1)


def undo_unneeded(problem: Problem, codes: Codes, holds: HoldsOf) -> Codes:
    """Set changes back to the factual, one a round and row, while the desired class is kept.

    Of the changes that can go, the one whose value moved farthest goes first (the largest share of the
    Gower distance), so that what remains is few and small.
    """
    fitted, space = problem.fitted, problem.space
    codes = codes.copy()
    active = np.arange(len(codes))
    while len(active):
        row, trial = set_back_singly(space, codes[active])
        keeps = holds(trial, active[row])
        gain = fitted.distances.gower(space.factual, codes[active[row]]) - fitted.distances.gower(
            space.factual, trial
        )
        best = _best_per_row(row[keeps], gain[keeps], len(active))
        chosen = np.flatnonzero(keeps)[best[best >= 0]]
        codes[active[row[chosen]]] = trial[chosen]
        active = active[row[chosen]]
    return codes


def set_back_singly(space: SearchSpace, codes: Codes) -> tuple[npt.NDArray[np.int64], Codes]:
    """Undo every change by itself, in rows (n, features) with more than one.

    Returns the position of the row that each trial was made of, ascending, and the trials, shape
    (trials, features).
    """
    changed = space.changed(codes)
    row, feature = np.nonzero(changed & (changed.sum(axis=1) > 1)[:, None])
    trial = codes[row]
    trial[np.arange(len(row)), feature] = space.factual[feature]
    return row, trial


def _best_per_row(row: npt.NDArray[np.int64], gain: Floats, n_rows: int) -> npt.NDArray[np.int64]:
    """For each of ``n_rows``, the position of its entry with the largest gain, or -1."""
    best = np.full(n_rows, -1)
    order = np.argsort(gain, kind="stable")
    best[row[order]] = order
    return best


def pull_towards_factual(space: SearchSpace, codes: Codes, holds: HoldsOf) -> Codes:
    """Move each changed value along its own grid as near to the factual as the class allows.

    Bisection on the grid, feature by feature in schema order; it keeps a valid end at every step, so a
    classifier that is not monotone costs nearness, never validity. Named levels stay as they are,
    except that ordinal levels move along their order.
    """
    codes = codes.copy()
    for position, values in space.values.items():
        if space.schema.features[position].kind in ("categorical", "binary"):
            continue
        rows = np.flatnonzero(space.changed(codes)[:, position])
        if len(rows):
            codes[rows] = _bisect(space, codes[rows], position, values, _of_some(holds, rows))
    return codes


def _of_some(holds: HoldsOf, rows: Ints) -> HoldsOf:
    return lambda trial, of: holds(trial, rows[of])


def _bisect(space: SearchSpace, codes: Codes, position: int, values: Codes, holds: HoldsOf) -> Codes:
    """Bisect one feature of many rows between the factual (excluded) and the present value."""
    codes = codes.copy()
    upward = codes[:, position] > space.factual[position]
    above = np.searchsorted(values, space.factual[position])
    # Positions on the grid: `near` is the nearest not yet tried, `far` the farthest known to hold.
    near = np.where(upward, above, above - 1)
    far = np.where(
        upward,
        np.searchsorted(values, codes[:, position] - 1e-9),
        np.searchsorted(values, codes[:, position] + 1e-9) - 1,
    )
    while len(open_rows := np.flatnonzero(np.where(upward, near < far, near > far))):
        step = np.where(upward[open_rows], 1, -1)
        distance = (far[open_rows] - near[open_rows]) * step
        middle = near[open_rows] + step * (distance // 2)
        trial = codes[open_rows]
        trial[:, position] = values[middle]
        keeps = holds(trial, open_rows)
        codes[open_rows[keeps]] = trial[keeps]
        far[open_rows[keeps]] = middle[keeps]
        near[open_rows[~keeps]] = middle[~keeps] + step[~keeps]
    return codes


def refine_passed(problem: Problem, raw: CheckResults) -> GradedRows:
    """Refine rows that passed every check; what refining would make unusual or less believed is kept larger.

    Raises ``BudgetSpentError`` through the budget.
    """
    if not len(raw.codes):
        return GradedRows.of(problem, raw)
    first = _keeping_grades(problem, raw.codes)
    others = _keeping_grades(problem, alternatives(problem, raw.codes, first))
    return GradedRows.of(problem, verify(problem, np.vstack([first, others])).only_passed())


def _keeping_grades(problem: Problem, codes: Codes) -> Codes:
    """Make rows that passed every check as small as their grades allow; the same shape and order.

    Every row is refined several times at once, so that it keeps a share of its log-odds beyond the line
    (:data:`SHARES_KEPT`); the smallest result that passes every check with no lower grade is taken, else the
    row stays as it was.
    """
    if not len(codes):
        return codes
    kept = REDUCTION_KEPT if problem.aim.line is None else SHARES_KEPT
    shares = np.array(kept)[:, None]
    margins = (shares * _beyond(problem, codes)).ravel()
    checks = verify(problem, refine(problem, np.tile(codes, (len(kept), 1)), margins))
    both = np.vstack([codes, checks.codes])
    _, first, position = np.unique(
        np.nan_to_num(both, nan=np.inf), axis=0, return_index=True, return_inverse=True
    )
    ranks = grade_rows(problem, both[first], complete=False).ranks[position.ravel()]
    own, small = ranks[: len(codes)], ranks[len(codes) :]
    good = (checks.passed & (small >= np.tile(own, len(kept)))).reshape(len(kept), -1)
    best = np.where(good.any(axis=0), good.argmax(axis=0), -1)
    chosen = checks.codes.reshape(len(kept), *codes.shape)[best, np.arange(len(codes))]
    return np.where((best >= 0)[:, None], chosen, codes)


def _beyond(problem: Problem, codes: Codes) -> Floats:
    """How many log-odds rows (n, features) lie beyond the line of the goal, shape (n,)."""
    line = problem.aim.line
    before = problem.space.query.factual.probability
    margin = problem.budget.margin(codes) - log_odds(before if line is None else line)
    return np.maximum(margin if problem.space.desired else -margin, 0.0)
