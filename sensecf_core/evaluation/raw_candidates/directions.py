"""Whom a run asks about, and what: both directions by class, a profile of limits, and a goal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sensecf_core.cohorts.schema import Profile
from sensecf_core.counterfactuals.problem.fitted_cohort import FittedCohort
from sensecf_core.evaluation.sampling import sample_rows
from sensecf_core.queries.request import ExplainRequest
from sensecf_core.types import RowKey

LimitsChoice = Profile | Literal["all"] | None
"""Limits towards the desired class: a profile, the cohort's own (None), or both profiles both ways."""
MeasuredGoal = Literal["cross", "lower"]
GoalChoice = MeasuredGoal | Literal["all"]
"""What is asked: to cross the line, to lower the risk, or both."""
GOAL_CHOICES: tuple[GoalChoice, ...] = ("all", "cross", "lower")


@dataclass(frozen=True)
class Direction:
    """People predicted one class, and what is asked for them: the other class, or a risk nearer to it."""

    predicted: Literal[0, 1]
    profile: Profile
    goal: MeasuredGoal = "cross"

    @property
    def label(self) -> str:
        """How tables name it: "1→0"."""
        return f"{self.predicted}→{1 - self.predicted}"


def directions(
    fitted: FittedCohort, limits: LimitsChoice = None, goal: GoalChoice = "cross"
) -> tuple[Direction, ...]:
    """The directions of a cohort, by class, profile of limits and goal.

    Towards the desired class under ``limits`` (default: the cohort's own), away from it under ``contrast``,
    for which alone the opposite class is meant. ``all`` is both directions under both profiles. A risk is
    only lowered towards the desired class, under the limits of the former.
    """
    desired = fitted.schema.task.desired
    against: Literal[0, 1] = 1 if desired == 0 else 0
    own = fitted.schema.default_limits
    if limits == "all":
        profiles: tuple[Profile, ...] = ("intervention", "contrast")
        crossing = tuple(Direction(predicted, p) for p in profiles for predicted in (against, desired))
    else:
        own = limits or own
        crossing = (Direction(against, own), Direction(desired, "contrast"))
    lowering = (Direction(against, own, "lower"),)
    return {"cross": crossing, "lower": lowering, "all": (*crossing, *lowering)}[goal]


def people(
    fitted: FittedCohort, directions: Sequence[Direction], *, n: int, seed: int
) -> dict[Direction, list[RowKey]]:
    """The rows of a run, the same for every method and goal: ``n`` (0: all) a direction."""
    return {
        direction: sample_rows(
            fitted.cohort, fitted.classifier, predicted=direction.predicted, n=n, seed=seed
        )
        for direction in directions
    }


def request_of(cohort: str, direction: Direction, key: RowKey, **fields: Any) -> ExplainRequest:
    """A request about a row; ``fields`` are its other fields.

    It asks for the direction's class and goal, and the method itself: no search runs before it.
    """
    query = {"cohort": cohort, "participant_id": key[0], "row_id": key[1], "profile": direction.profile}
    measured = {"goal": direction.goal, "search_first": False, "desired": 1 - direction.predicted}
    return ExplainRequest.model_validate({**query, **measured, **fields})


def requests(
    fitted: FittedCohort, directions: Sequence[Direction], methods: Sequence[str], *, n: int, **options: Any
) -> Iterator[tuple[Direction, ExplainRequest]]:
    """Every request of a run: per direction the same ``n`` people (0: all) for every method.

    ``options`` are fields of the request (``seed``, ``candidates``, ``max_changes``, ``k``, …).
    """
    for direction, keys in people(fitted, directions, n=n, seed=options["seed"]).items():
        for method in methods:
            for key in keys:
                yield direction, request_of(fitted.schema.name, direction, key, method=method, **options)
