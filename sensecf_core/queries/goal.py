"""What a query is after: the desired class, a risk, or as large a reduction as can be relied on."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from sensecf_core.types import Plain

GoalKind = Literal["cross", "lower", "target"]
AskedGoal = Literal["auto", "cross", "lower"]
GOALS: tuple[AskedGoal, ...] = ("auto", "cross", "lower")


class Goal(Plain):
    """What a counterfactual has to do (docs/metrics.md, Grades).

    ``cross``: reach the desired class. ``lower``: move the risk towards it, as far as nine of ten refits
    confirm. ``target``: bring the risk to ``target`` (points of 100) or beyond. ``asked`` is what the request
    named; ``auto`` is ``cross`` where a solid crossing was found (or a fragile one, and nothing lowers), else
    ``lower``.
    """

    kind: GoalKind = "cross"
    target: Annotated[float, Field(gt=0, lt=100)] | None = None
    asked: Literal["auto", "cross", "lower", "target"] = "cross"

    def line(self, threshold: float) -> float:
        """The risk to get to, a probability: the target, else the classifier's ``threshold``."""
        return self.target / 100 if self.kind == "target" and self.target is not None else threshold

    def of_kind(self, kind: GoalKind) -> Goal:
        """The same request, decided as ``kind``."""
        return self.model_copy(update={"kind": kind})


CROSS = Goal()
