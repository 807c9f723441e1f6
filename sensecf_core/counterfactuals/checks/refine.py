"""Make counterfactuals smaller: undo what is not needed, then pull values towards the factual.

Works on all candidates of a query at once; each step is one call of the classifier, and a candidate
that was valid and within the rules stays so.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from sensecf_core.cohorts.encoding import Codes
from sensecf_core.cohorts.rules import violations
from sensecf_core.counterfactuals.checks.verify import CheckResults, verify
from sensecf_core.counterfactuals.problem.problem import Problem
from sensecf_core.counterfactuals.problem.search_space import SearchSpace
from sensecf_core.types import Floats, Mask

Holds = Callable[[Codes], Mask]


def refine(problem: Problem, codes: Codes, margin: float = 0.0) -> Codes:
    """Shrink valid candidates (n, features); returns rows of the same shape, in the same order.

    ``margin`` is how many log-odds beyond the threshold the rows stay. Raises ``BudgetSpentError``
    through the budget.
    """
    holds = holding(problem, margin)
    fewer = undo_unneeded(problem, codes, holds)
    nearer = pull_towards_factual(problem.space, fewer, holds)
    # A classifier that is not monotone may need even less once values are nearer.
    return undo_unneeded(problem, nearer, holds)


def alternatives(problem: Problem, codes: Codes, refined: Codes) -> Codes:
    """Find second answers: what is left of candidates once the changes that :func:`refine` kept are undone.

    Candidates often share one strong change, and all shrink to it. Where the rest of a candidate
    reaches the desired class by itself, it is an option of its own. ``codes`` and ``refined`` have shape
    (n, features); returns the rows that hold, refined, at most n.
    """
    space = problem.space
    rest = np.where(space.changed(refined), space.factual, codes)
    rest = rest[space.changed(rest).any(axis=1)]
    rest = rest[holding(problem)(rest)]
    return refine(problem, rest)


def holding(problem: Problem, margin: float = 0.0) -> Holds:
    """Build the test that each step keeps: the desired class is reached and no rule is broken."""

    fitted, space = problem.fitted, problem.space

    def holds(rows: Codes) -> Mask:
        reached = fitted.reaches(problem.budget.probability(rows), space.desired, margin)
        return reached & ~violations(space.schema, space.factual, rows).any(axis=1)

    return holds


def undo_unneeded(problem: Problem, codes: Codes, holds: Holds) -> Codes:
    """Set changes back to the factual, one a round and row, while the desired class is kept.

    Of the changes that can go, the one whose value moved farthest goes first (the largest share of the
    Gower distance), so that what remains is few and small.
    """
    fitted, space = problem.fitted, problem.space
    codes = codes.copy()
    active = np.arange(len(codes))
    while len(active):
        row, trial = set_back_singly(space, codes[active])
        keeps = holds(trial)
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


def pull_towards_factual(space: SearchSpace, codes: Codes, holds: Holds) -> Codes:
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
            codes[rows] = _bisect(space, codes[rows], position, values, holds)
    return codes


def _bisect(space: SearchSpace, codes: Codes, position: int, values: Codes, holds: Holds) -> Codes:
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
        keeps = holds(trial)
        codes[open_rows[keeps]] = trial[keeps]
        far[open_rows[keeps]] = middle[keeps]
        near[open_rows[~keeps]] = middle[~keeps] + step[~keeps]
    return codes


def refine_passed(problem: Problem, raw: CheckResults) -> CheckResults:
    """Refine rows that passed every check; a row that refining would make unusual stays as it was.

    Raises ``BudgetSpentError`` through the budget.
    """
    if not len(raw.codes):
        return raw
    refined = verify(problem, refine(problem, raw.codes))
    others = alternatives(problem, raw.codes, refined.codes)
    rows = np.vstack([np.where(refined.passed[:, None], refined.codes, raw.codes), others])
    return verify(problem, rows).only_passed()
