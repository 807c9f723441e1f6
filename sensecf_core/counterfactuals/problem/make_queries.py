"""From rows of a cohort to queries, with the prediction for each row and its SHAP values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import pandas as pd

from sensecf_core.classifiers.shap_values import shap_values
from sensecf_core.cohorts.encoding import Codes, to_code, to_codes, to_values
from sensecf_core.counterfactuals.problem.constraints import movable_features
from sensecf_core.counterfactuals.problem.fitted_cohort import FittedCohort
from sensecf_core.queries.limits import Limits
from sensecf_core.queries.query import Driver, Factual, Query
from sensecf_core.types import RowKey


def make_queries(
    fitted: FittedCohort, keys: Sequence[RowKey], desired: Literal[0, 1], limits: Limits
) -> tuple[Query, ...]:
    """Make one query per row; the classifier is called once, on the rows as they are."""
    rows = fitted.cohort.rows.loc[pd.MultiIndex.from_tuples(keys)]
    return queries_of_codes(fitted, keys, to_codes(fitted.schema, rows), desired, limits)


def queries_of_codes(
    fitted: FittedCohort, keys: Sequence[RowKey], codes: Codes, desired: Literal[0, 1], limits: Limits
) -> tuple[Query, ...]:
    """The same of rows as codes, shape (keys, features), which need not be in the cohort."""
    schema = fitted.schema
    probabilities = fitted.classifier.probability_of_codes(codes)
    predicted = fitted.reaches(probabilities, 1)
    return tuple(
        Query(
            cohort=schema.name,
            participant_id=participant_id,
            row_id=row_id,
            factual=Factual(
                features=to_values(schema, row), probability=float(probability), predicted=int(flagged)
            ),
            desired=desired,
            limits=limits,
            movable=movable_features(
                schema, fitted.domain, dict(zip(schema.names, row, strict=True)), limits
            ),
        )
        for (participant_id, row_id), row, probability, flagged in zip(
            keys, codes, probabilities, predicted, strict=True
        )
    )


def with_limits(fitted: FittedCohort, query: Query, limits: Limits) -> Query:
    """The same query under other limits."""
    factual = {
        feature.name: to_code(feature, query.factual.features[feature.name])
        for feature in fitted.schema.features
    }
    movable = movable_features(fitted.schema, fitted.domain, factual, limits)
    return query.model_copy(update={"limits": limits, "movable": movable})


def drivers(fitted: FittedCohort, queries: Sequence[Query]) -> tuple[tuple[Driver, ...], ...]:
    """SHAP values of each query's factual, in log-odds of class 1, the strongest first."""
    keys = pd.MultiIndex.from_tuples([(query.participant_id, query.row_id) for query in queries])
    values = shap_values(fitted.classifier, fitted.cohort.rows.loc[keys]).values
    names = fitted.schema.names
    return tuple(
        tuple(
            Driver(feature=names[p], log_odds=float(row[p])) for p in np.argsort(-np.abs(row), kind="stable")
        )
        for row in values
    )
