"""A deterministic search over the classifier, for many queries at once.

It makes the few-shot examples (on training rows) and tells which limit binds when a language model
found nothing. It is never shown in a language model's place.

Method: beam search over single edits. Each feature offers a few values (quantiles of the desired
class's training rows within what may move, and both ends); every state of the beam is extended by
every value of every unchanged feature; rows that break a rule are dropped; the rows nearest to the
desired class survive. A query is done at the first depth that reaches the class; of the rows that
reached it the nearest (Gower) is shrunk by :mod:`sensecf_core.counterfactuals.checks.refine`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sensecf_core.cohorts.encoding import Codes
from sensecf_core.cohorts.rules import violations
from sensecf_core.counterfactuals.checks.refine import refine
from sensecf_core.counterfactuals.problem.budget import Budget
from sensecf_core.counterfactuals.problem.fitted_cohort import FittedCohort
from sensecf_core.counterfactuals.problem.problem import Problem
from sensecf_core.counterfactuals.problem.search_space import SearchSpace
from sensecf_core.types import Floats

QUANTILES = (0.1, 0.3, 0.5, 0.7, 0.9)


@dataclass(frozen=True)
class EditOptions:
    """Single edits a query offers: column positions and values, both of shape (edits,)."""

    positions: npt.NDArray[np.int64]
    values: Floats

    @classmethod
    def of(cls, fitted: FittedCohort, space: SearchSpace) -> EditOptions:
        """Thin each feature's allowed values to quantiles of the desired class, and both ends."""
        positions: list[int] = []
        values: list[float] = []
        goals = fitted.quantiles(space.desired, QUANTILES)
        for position, allowed in space.values.items():
            thinned = allowed
            if len(allowed) > len(QUANTILES) + 2:
                nearest = np.abs(allowed[None, :] - goals[:, position, None]).argmin(axis=1)
                thinned = allowed[np.unique([0, *nearest, len(allowed) - 1])]
            positions += [position] * len(thinned)
            values += thinned.tolist()
        return cls(np.array(positions, dtype=np.int64), np.array(values))


def search(
    fitted: FittedCohort,
    spaces: Sequence[SearchSpace],
    budget: Budget,
    *,
    margin: float = 0.0,
    beam: int = 3,
) -> list[Codes | None]:
    """Find one counterfactual per query, or None where the search finds none.

    Parameters
    ----------
    margin : log-odds beyond the threshold that a row must reach.
    beam : states kept per query and depth.

    Returns
    -------
    One row of codes (features,) per query. Raises ``BudgetSpentError`` through ``budget``.
    """
    found: list[Codes | None] = [None] * len(spaces)
    edits_of = [EditOptions.of(fitted, space) for space in spaces]
    states = {
        number: space.factual[None] for number, space in enumerate(spaces) if len(edits_of[number].values)
    }
    depth = 0
    while states:
        depth += 1
        extended = {number: extend(spaces[number], edits_of[number], rows) for number, rows in states.items()}
        probabilities = probabilities_of_all(budget, extended)
        states = {}
        for number, rows in extended.items():
            space = spaces[number]
            reached = fitted.reaches(probabilities[number], space.desired, margin)
            if reached.any():
                nearest = fitted.distances.gower(space.factual, rows[reached]).argmin()
                found[number] = rows[reached][nearest]
            elif len(rows) and depth < space.max_changes:
                sign = -1 if space.desired else 1
                states[number] = rows[np.argsort(sign * probabilities[number], kind="stable")[:beam]]
    return [
        None if row is None else refine(Problem(fitted, space, budget), row[None], margin)[0]
        for space, row in zip(spaces, found, strict=True)
    ]


def extend(space: SearchSpace, edits: EditOptions, rows: Codes) -> Codes:
    """Extend every state with every edit of an unchanged feature, without rows that break a rule."""
    repeated = np.repeat(rows, len(edits.values), axis=0)
    positions = np.tile(edits.positions, len(rows))
    line = np.arange(len(repeated))
    fresh = ~space.changed(repeated)[line, positions]
    repeated[line, positions] = np.tile(edits.values, len(rows))
    repeated = repeated[fresh]
    keep = ~violations(space.schema, space.factual, repeated).any(axis=1)
    return repeated[keep]


def probabilities_of_all(budget: Budget, rows: dict[int, Codes]) -> dict[int, Floats]:
    """Ask the classifier once for the rows of all queries; the dict keeps its keys."""
    probabilities = budget.probability(np.vstack(list(rows.values())))
    ends = np.cumsum([len(part) for part in rows.values()])[:-1]
    return dict(zip(rows, np.split(probabilities, ends), strict=True))
