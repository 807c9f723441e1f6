"""A classifier fitted on real rows and counterfactuals of them, weights included."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, ClassifierMixin, MetaEstimatorMixin, clone
from sklearn.pipeline import Pipeline
from sklearn.utils import _safe_indexing, column_or_1d, get_tags
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import type_of_target
from sklearn.utils.validation import check_is_fitted

from sensecf_core.augmentation.sampling.sampler import CounterfactualSampler
from sensecf_core.errors import InputError
from sensecf_core.types import Floats


def _has(method: str) -> Any:
    return available_if(lambda self: hasattr(getattr(self, "estimator_", self.estimator), method))


class AugmentedClassifier(ClassifierMixin, MetaEstimatorMixin, BaseEstimator):  # type: ignore[misc]
    """Fit a classifier on real rows and what a :class:`CounterfactualSampler` makes of them, by soft labels.

    In place of a sampler and a classifier in imbalanced-learn's ``Pipeline``, which hands no weights on. Rows
    are added in ``fit`` alone.

    Parameters
    ----------
    estimator : a classifier whose ``fit`` takes ``sample_weight``, or a ``Pipeline`` that ends with one.
    sampler : a :class:`CounterfactualSampler`; None: one with its defaults.

    Attributes
    ----------
    estimator_, sampler_ : the fitted ones; ``sampler_.report_`` says what was added.
    classes_ : the two classes, sorted.

    Notes
    -----
    Where the sampler knows a column of participants, the classifier does not get to see it.

    Examples
    --------
    >>> from sklearn.datasets import make_classification
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.model_selection import GridSearchCV
    >>> X, y = make_classification(90, 4, weights=[0.8], random_state=0)
    >>> model = AugmentedClassifier(LogisticRegression(), CounterfactualSampler(random_state=0))
    >>> search = GridSearchCV(model, {"sampler__labels": ["panel", "hard"]}, cv=3).fit(X, y)
    >>> search.best_estimator_.sampler_.report_.kept > 0
    True
    """

    def __init__(self, estimator: Any, sampler: CounterfactualSampler | None = None) -> None:
        self.estimator = estimator
        self.sampler = sampler

    def fit(self, X: Any, y: Any) -> AugmentedClassifier:
        """Make rows of ``X`` (n, columns) and ``y`` (n,), and fit the classifier on all of them.

        Raises
        ------
        InputError : other than two classes, and what else the sampler refuses.
        """
        y = column_or_1d(y, warn=True)
        if (kind := type_of_target(y, input_name="y", raise_unknown=True)) != "binary":
            raise InputError(f"Only binary classification is supported. The type of the target is {kind}.")
        self.sampler_ = CounterfactualSampler() if self.sampler is None else clone(self.sampler)
        more, _ = self.sampler_.fit_resample(X, y)
        rows, labels, weights = self.sampler_.soft_rows()
        last = f"{self.estimator.steps[-1][0]}__" if isinstance(self.estimator, Pipeline) else ""
        taken = _safe_indexing(self._features(more), rows)
        self.estimator_ = clone(self.estimator).fit(taken, labels, **{f"{last}sample_weight": weights})
        self.classes_ = self.estimator_.classes_
        self.n_features_in_ = self.sampler_.n_features_in_
        if hasattr(self.sampler_, "feature_names_in_"):
            self.feature_names_in_ = self.sampler_.feature_names_in_
        return self

    def predict(self, X: Any) -> Any:
        """The class of each row, (n,)."""
        check_is_fitted(self)
        return self.estimator_.predict(self._features(X))

    @_has("predict_proba")  # type: ignore[untyped-decorator]
    def predict_proba(self, X: Any) -> Floats:
        """The probability of each class, (n, 2)."""
        check_is_fitted(self)
        risks: Floats = self.estimator_.predict_proba(self._features(X))
        return risks

    @_has("decision_function")  # type: ignore[untyped-decorator]
    def decision_function(self, X: Any) -> Floats:
        """The classifier's own score of class 1, (n,)."""
        check_is_fitted(self)
        scores: Floats = self.estimator_.decision_function(self._features(X))
        return scores

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_class = False
        tags.input_tags.allow_nan = get_tags(self.estimator).input_tags.allow_nan
        return tags

    def _features(self, X: Any) -> Any:
        column = self.sampler_.participant
        if column is None:
            return X
        if isinstance(X, pd.DataFrame):
            return X.drop(columns=[column])
        return np.delete(np.asarray(X), int(column), axis=1)
