"""Can a query be answered at all? Rates are over the queries that can (METRICS.md).

One word for every method: what was proven, else what a wide search or any method's answer shows.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sensecf_core.classifiers.classifier import Classifier
from sensecf_core.counterfactuals.problem.budget import Budget
from sensecf_core.counterfactuals.problem.fitted_cohort import FittedCohort
from sensecf_core.counterfactuals.problem.search_space import SearchSpace
from sensecf_core.counterfactuals.search.beam_search import search
from sensecf_core.counterfactuals.search.combinations import hints_reach
from sensecf_core.counterfactuals.search.effects import estimate_effects
from sensecf_core.queries.query import Query
from sensecf_core.types import Mask

WIDE_BEAM = 16


def is_feasible(*, proven: bool | None, found: bool, answered: bool) -> bool:
    """Decide once for a query what every rate goes by.

    ``proven`` is an exact search's word (None: it has none), ``found`` the wide search's, ``answered``
    whether any method gave a row within the limits that reaches the class.
    """
    return found or answered if proven is None else proven


def feasible_queries(fitted: FittedCohort, queries: Sequence[Query]) -> Mask:
    """Whether a wide search finds an answer within each query's limits, shape (queries,).

    All combinations of the changes a fine-tuned model is told about, and where these do not do it a beam
    search of width :data:`WIDE_BEAM`. Neither is a proof that there is none. The effects told come from SHAP
    values of all training rows, which only trees give cheaply; other classifiers are searched at once.
    """
    space = [SearchSpace.of(fitted.schema, query) for query in queries]
    reached = [False] * len(space)
    if isinstance(fitted.classifier, Classifier):
        hints = estimate_effects(fitted, queries)
        reached = [hints_reach(fitted, *each) for each in zip(space, hints, strict=True)]
    left = [each for each, done in zip(space, reached, strict=True) if not done]
    found = iter(search(fitted, left, Budget(fitted.classifier), beam=WIDE_BEAM))
    return np.array([done or next(found) is not None for done in reached], dtype=bool)
