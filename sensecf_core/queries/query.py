"""A question: this row, that desired class, these limits."""

from __future__ import annotations

from typing import Literal

from sensecf_core.cohorts.encoding import Value
from sensecf_core.cohorts.schema import Plain
from sensecf_core.queries.limits import Limits, Movable


class Factual(Plain):
    """The row as it is, with what the classifier makes of it.

    ``probability`` is the calibrated p(class 1); a value of ``None`` was not measured.
    """

    features: dict[str, Value]
    probability: float
    predicted: Literal[0, 1]


class Query(Plain):
    """One question to a proposer. ``movable`` is what ``limits`` leave open for this very row."""

    cohort: str
    participant_id: str
    row_id: str
    factual: Factual
    desired: Literal[0, 1]
    limits: Limits
    movable: tuple[Movable, ...]


class Driver(Plain):
    """One feature's pull on the factual's prediction: a SHAP value in log-odds of class 1."""

    feature: str
    log_odds: float
