"""A query's goal as a test on probabilities."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sensecf_core.queries.goal import Goal
from sensecf_core.types import Floats, Mask


@dataclass(frozen=True)
class Aim:
    """What a changed row's p(class 1) has to do.

    Attributes
    ----------
    desired : the class that the risk moves towards.
    line : p(class 1) to get to the desired side of (class 1 begins at it); None: any move towards the desired
        class counts, so it is the factual's own.
    """

    desired: int
    line: float | None

    @classmethod
    def of(cls, goal: Goal, desired: int, threshold: float) -> Aim:
        """The aim of a goal, by the classifier's threshold."""
        if goal.kind == "lower":
            return cls(desired, None)
        return cls(desired, goal.line(threshold))

    def met(self, after: Floats, before: Floats | float) -> Mask:
        """Whether p(class 1) ``after`` meets the aim, where it was ``before``; shapes are broadcast."""
        if self.line is None:
            return np.asarray(after > before if self.desired else after < before)
        return np.asarray(after >= self.line if self.desired else after < self.line)

    def towards(self, after: Floats, before: Floats | float) -> Floats:
        """How far a number moved the desired way (negative: the other way)."""
        return np.asarray(after - before if self.desired else before - after)
