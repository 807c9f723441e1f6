"""Every row that a query allows, tried one by one: what a proof is held against (tests only)."""

from __future__ import annotations

from itertools import combinations, product

import numpy as np

from sensecf_core.cohorts.rules import violations
from sensecf_core.counterfactuals.baselines.movable_table import is_number
from sensecf_core.counterfactuals.problem.fitted_cohort import FittedCohort
from sensecf_core.counterfactuals.problem.search_space import SearchSpace


def by_hand(fitted: FittedCohort, space: SearchSpace) -> tuple[float | None, float | None]:
    """The least distance over every allowed number, with the rules and without; None: none."""
    choices = {}
    for position, values in space.values.items():
        feature = space.schema.features[position]
        if is_number(feature):
            grid = np.round(np.arange(values[0], values[-1] + 1e-9, 2 * space.half_step[position]), 6)
            sides = [(side.min(), side.max()) for side in _sides(values, space.factual[position])]
            keeps = np.any([(grid >= low) & (grid <= high) for low, high in sides], axis=0)
            choices[position] = grid[keeps]
        else:
            choices[position] = values
    least: list[float | None] = [None, None]
    for size in range(1, space.max_changes + 1):
        for some in combinations(choices, size):
            rows = np.tile(space.factual, (int(np.prod([len(choices[p]) for p in some])), 1))
            rows[:, list(some)] = list(product(*(choices[p] for p in some)))
            rows = rows[fitted.reaches(fitted.classifier.probability_of_codes(rows), space.desired)]
            kept = rows[~violations(space.schema, space.factual, rows).any(axis=1)]
            for which, found in enumerate((kept, rows)):
                if len(found):
                    near = float(fitted.distances.gower(space.factual, found).min())
                    least[which] = near if least[which] is None else min(near, least[which] or near)
    return least[0], least[1]


def _sides(values: np.ndarray, here: float) -> list[np.ndarray]:
    return [side for side in (values[values < here], values[values > here]) if len(side)]
