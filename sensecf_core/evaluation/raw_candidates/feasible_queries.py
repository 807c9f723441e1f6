"""Can a query be answered at all? Rates are over the queries that can (docs/metrics.md).

The same for every method: what is proven, else what a wide search or any method's answer shows.
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
    """Whether a query has an answer, for every rate.

    ``proven`` is the result of an exact search (None: none), ``found`` of the wide search, ``answered``
    whether any method gave a row within the limits that reaches the class.
    """
    return found or answered if proven is None else proven


def feasible_queries(fitted: FittedCohort, queries: Sequence[Query]) -> Mask:
    """Whether a wide search finds an answer within each query's limits, shape (queries,).

    It tries all combinations of the changes in a fine-tuned model's prompt, and where none reaches the class
    a beam search of width :data:`WIDE_BEAM`. Neither is a proof that there is none. The effects in the prompt
    come from SHAP values of all training rows, which only trees give cheaply; for other classifiers it is the
    beam search alone.
    """
    space = [SearchSpace.of(fitted.schema, query) for query in queries]
    reached = [False] * len(space)
    if isinstance(fitted.classifier, Classifier):
        hints = estimate_effects(fitted, queries)
        reached = [hints_reach(fitted, *each) for each in zip(space, hints, strict=True)]
    left = [each for each, done in zip(space, reached, strict=True) if not done]
    found = iter(search(fitted, left, Budget(fitted.classifier), beam=WIDE_BEAM))
    return np.array([done or next(found) is not None for done in reached], dtype=bool)
