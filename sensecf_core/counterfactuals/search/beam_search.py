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
from sensecf_core.counterfactuals.problem.search_space import SearchSpace
from sensecf_core.types import Floats

QUANTILES = (0.1, 0.3, 0.5, 0.7, 0.9)


@dataclass(frozen=True)
class Menu:
    """Single edits a query offers: column positions and values, both of shape (edits,)."""

    positions: npt.NDArray[np.int64]
    values: Floats

    @classmethod
    def of(cls, checker: FittedCohort, moves: SearchSpace) -> Menu:
        """Thin each feature's allowed values to quantiles of the desired class, and both ends."""
        positions: list[int] = []
        values: list[float] = []
        goals = checker.quantiles(moves.desired, QUANTILES)
        for position, allowed in moves.values.items():
            kept = allowed
            if len(allowed) > len(QUANTILES) + 2:
                nearest = np.abs(allowed[None, :] - goals[:, position, None]).argmin(axis=1)
                kept = allowed[np.unique([0, *nearest, len(allowed) - 1])]
            positions += [position] * len(kept)
            values += kept.tolist()
        return cls(np.array(positions, dtype=np.int64), np.array(values))


def search(
    checker: FittedCohort,
    queries: Sequence[SearchSpace],
    meter: Budget,
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
    One row of codes (features,) per query. Raises ``BudgetSpentError`` through ``meter``.
    """
    found: list[Codes | None] = [None] * len(queries)
    menus = [Menu.of(checker, moves) for moves in queries]
    states = {
        number: moves.factual[None] for number, moves in enumerate(queries) if len(menus[number].values)
    }
    depth = 0
    while states:
        depth += 1
        extended = {number: extend(queries[number], menus[number], rows) for number, rows in states.items()}
        probabilities = judge_all(meter, extended)
        states = {}
        for number, rows in extended.items():
            moves = queries[number]
            reached = checker.reaches(probabilities[number], moves.desired, margin)
            if reached.any():
                nearest = checker.distances.gower(moves.factual, rows[reached]).argmin()
                found[number] = rows[reached][nearest]
            elif len(rows) and depth < moves.max_changes:
                sign = -1 if moves.desired else 1
                states[number] = rows[np.argsort(sign * probabilities[number], kind="stable")[:beam]]
    return [
        None if row is None else refine(checker, moves, row[None], meter, margin)[0]
        for moves, row in zip(queries, found, strict=True)
    ]


def extend(moves: SearchSpace, menu: Menu, rows: Codes) -> Codes:
    """Extend every state with every edit of an unchanged feature, without rows that break a rule."""
    repeated = np.repeat(rows, len(menu.values), axis=0)
    positions = np.tile(menu.positions, len(rows))
    line = np.arange(len(repeated))
    fresh = ~moves.changed(repeated)[line, positions]
    repeated[line, positions] = np.tile(menu.values, len(rows))
    repeated = repeated[fresh]
    keep = ~violations(moves.schema, moves.factual, repeated).any(axis=1)
    return repeated[keep]


def judge_all(meter: Budget, rows: dict[int, Codes]) -> dict[int, Floats]:
    """Ask the classifier once for the rows of all queries; the dict keeps its keys."""
    probabilities = meter.probability(np.vstack(list(rows.values())))
    ends = np.cumsum([len(part) for part in rows.values()])[:-1]
    return dict(zip(rows, np.split(probabilities, ends), strict=True))
