"""What everything else may ask of a classifier, whether it was trained here or is somebody's own, wrapped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import pandas as pd

from sensecf_core.cohorts.encoding import Codes
from sensecf_core.cohorts.schema import Schema
from sensecf_core.types import Floats, Ints


class ClassifierLike(Protocol):
    """Probabilities, a threshold, a second classifier, and refits where there are any.

    Rows are DataFrames with the schema's columns, or codes (n, features); probabilities are p(class 1). Only
    :class:`~sensecf_core.classifiers.classifier.Classifier` also has trees: what reads them asks
    :func:`~sensecf_core.classifiers.classifier.with_trees`.
    """

    @property
    def schema(self) -> Schema:
        """What the columns mean."""

    @property
    def threshold(self) -> float:
        """p(class 1) from which class 1 is predicted, in (0, 1)."""

    @property
    def second_threshold(self) -> float:
        """The same for the second classifier."""

    @property
    def refits(self) -> Sequence[Any]:
        """Bootstrap refits; none where the classifier could not be fitted again."""

    @property
    def training(self) -> Mapping[str, Any]:
        """How it came about, JSON-able."""

    @property
    def sha256(self) -> str:
        """Hash of everything that decides an output."""

    def predict_proba(self, rows: pd.DataFrame) -> Floats:
        """p(class 1), shape (n,)."""

    def predict(self, rows: pd.DataFrame) -> Ints:
        """The predicted class, shape (n,)."""

    def second_probability(self, rows: pd.DataFrame) -> Floats:
        """p(class 1) by the second classifier, shape (n,)."""

    def interval(self, rows: pd.DataFrame) -> Floats | None:
        """Central 90 % over the refits, shape (n, 2); None without refits."""

    def probability_of_codes(self, codes: Codes) -> Floats:
        """p(class 1), shape (n,)."""

    def margin_of_codes(self, codes: Codes) -> Floats:
        """Log-odds of class 1, shape (n,), finite; on the same side of the threshold as the probability."""

    def second_probability_of_codes(self, codes: Codes) -> Floats:
        """p(class 1) by the second classifier, shape (n,)."""

    def refit_probabilities_of_codes(self, codes: Codes) -> Floats:
        """p(class 1) by each refit, shape (refits, n)."""
