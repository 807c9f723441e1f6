"""All combinations of the changes that a prompt hints at."""

from __future__ import annotations

from functools import cache
from itertools import combinations as choose, product

import numpy as np
import numpy.typing as npt

from sensecf_core.cohorts.encoding import Codes
from sensecf_core.cohorts.rules import violations
from sensecf_core.counterfactuals.problem.fitted_cohort import FittedCohort
from sensecf_core.counterfactuals.problem.search_space import SearchSpace
from sensecf_core.queries.query import PromptHints


def hints_reach(fitted: FittedCohort, space: SearchSpace, hints: PromptHints) -> bool:
    """Whether any combination of the changes in the hints reaches the desired class, without a margin."""
    rows = combinations(space, hints)
    if not len(rows):
        return False
    return bool(fitted.reaches(fitted.classifier.probability_of_codes(rows), space.desired).any())


def combinations(space: SearchSpace, hints: PromptHints) -> Codes:
    """Every row with 1 to ``max_changes`` of the hinted changes that breaks no rule, (rows, features)."""
    schema = space.schema
    options: dict[int, list[float]] = {}
    for effect in hints.effects:
        options.setdefault(schema.positions[effect.feature], []).append(effect.value)
    choices = _choices(tuple(len(values) for values in options.values()), space.max_changes)
    rows = np.repeat(space.factual[None], len(choices), axis=0)
    for column, (position, values) in enumerate(options.items()):
        rows[:, position] = np.array([space.factual[position], *values])[choices[:, column]]
    return rows[~violations(schema, space.factual, rows).any(axis=1)]


@cache
def _choices(counts: tuple[int, ...], most: int) -> npt.NDArray[np.int64]:
    """Which of each feature's ``counts`` values to take (0: none), 1 to ``most`` features a row."""
    rows = [
        dict(zip(features, values, strict=True))
        for size in range(1, min(most, len(counts)) + 1)
        for features in choose(range(len(counts)), size)
        for values in product(*(range(1, counts[feature] + 1) for feature in features))
    ]
    table = [[row.get(feature, 0) for feature in range(len(counts))] for row in rows]
    return np.array(sorted(table), dtype=np.int64).reshape(len(rows), len(counts))
