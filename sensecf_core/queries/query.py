"""A query: a factual, the desired class, the limits."""

from __future__ import annotations

import hashlib
from typing import Literal

from sensecf_core.cohorts.encoding import Value
from sensecf_core.queries.goal import CROSS, Goal
from sensecf_core.queries.limits import Limits, Movable
from sensecf_core.types import Plain


class Factual(Plain):
    """The row as it is, with the classifier's prediction.

    ``probability`` is the calibrated p(class 1); a value of ``None`` was not measured.
    """

    features: dict[str, Value]
    probability: float
    predicted: Literal[0, 1]


class Query(Plain):
    """One query to a proposer. ``movable`` are the features and values that ``limits`` allow for this row;
    ``goal`` is what a counterfactual has to do.
    """

    cohort: str
    participant_id: str
    row_id: str
    factual: Factual
    desired: Literal[0, 1]
    limits: Limits
    movable: tuple[Movable, ...]
    goal: Goal = CROSS

    def own_seed(self, seed: int) -> int:
        """A seed that differs from query to query, so that people do not share one stream of draws."""
        text = f"{seed} {self.cohort} {self.participant_id} {self.row_id} {self.desired}"
        return int.from_bytes(hashlib.sha256(text.encode()).digest()[:6], "big")


class Driver(Plain):
    """One feature's contribution to the factual's prediction: a SHAP value in log-odds of class 1."""

    feature: str
    log_odds: float


class FeatureEffect(Plain):
    """The estimated effect of moving one feature to ``value`` (a code), in log-odds of class 1."""

    feature: str
    value: float
    log_odds: float


class PromptHints(Plain):
    """What the prompt of a fine-tuned model says of a query beside the profile.

    Attributes
    ----------
    gap : how far the factual lies from the threshold, in log-odds (0 or more).
    effects : estimated effects of changes, the most useful feature first.
    context : the features that cannot move but matter most to the prediction, strongest first.
    """

    gap: float
    effects: tuple[FeatureEffect, ...]
    context: tuple[str, ...] = ()
