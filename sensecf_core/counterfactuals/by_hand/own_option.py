"""An option that somebody made by hand, checked and graded like every other one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite
from time import perf_counter
from typing import Any, Literal

import numpy as np

from sensecf_core.cohorts.encoding import Codes, Value
from sensecf_core.cohorts.rules import rule_texts, violations
from sensecf_core.cohorts.schema import Profile, Schema
from sensecf_core.counterfactuals.by_hand.trial import Trial
from sensecf_core.counterfactuals.checks.evidence import with_evidence
from sensecf_core.counterfactuals.checks.option_order import numbered
from sensecf_core.counterfactuals.checks.sentences import measure
from sensecf_core.counterfactuals.checks.verify import verify
from sensecf_core.counterfactuals.problem.fitted_cohort import FittedCohort
from sensecf_core.counterfactuals.problem.make_queries import drivers
from sensecf_core.counterfactuals.problem.problem import Problem
from sensecf_core.counterfactuals.result import EMPTY_TRACE, QueryResult, answer_id, to_answer
from sensecf_core.errors import InputError, unknown
from sensecf_core.queries.answer import Answer, Counterfactual, Seconds
from sensecf_core.queries.goal import Goal
from sensecf_core.queries.methods import BY_HAND
from sensecf_core.queries.request import ExplainRequest
from sensecf_core.types import RowKey


@dataclass(frozen=True)
class CameFrom:
    """The option that an own one started from, and the limits, class and goal that it was asked under."""

    answer_id: str
    option: int
    profile: Profile
    desired: Literal[0, 1]
    goal: Goal


def own_option(
    fitted: FittedCohort,
    key: RowKey,
    edits: Mapping[str, Value],
    *,
    by: str,
    came_from: CameFrom | None = None,
) -> Answer:
    """Make an answer of one option out of values that ``by`` chose.

    It is checked and graded for the goal of the option that it came from, or as ``auto`` decides: crossing
    the line where that is solid, else lowering the risk, else crossing it less surely. Limits that it breaks
    are kept with it (``violations``): they are shown, and no reason to refuse what somebody chose.

    Parameters
    ----------
    edits : the new value of every changed feature; one at its measured value is left out.
    by : who made it, kept in ``settings``.

    Raises
    ------
    InputError : nothing is changed, a feature is unknown, a value or a combination cannot be, or the risk
        does not move the desired way in nine of ten refits.
    """
    started = perf_counter()
    profile, desired = (came_from.profile, came_from.desired) if came_from else (None, None)
    trial = Trial.of(fitted, key, profile, desired)
    space = trial.problem.space
    codes = space.apply(_checked(trial.schema, edits, space.query.factual.features))
    changed = space.changes(codes)
    if not changed:
        raise InputError("Nothing is changed yet; move at least one value.")
    _refuse_impossible(trial, codes)
    option, goal = _graded(trial.problem, codes, came_from.goal if came_from else None)
    made = {
        "edits": {name: change.after for name, change in changed.items()},
        "came_from": {"answer_id": came_from.answer_id, "option": came_from.option} if came_from else None,
        "made_by": by,
    }
    return _as_answer(trial, option, goal, made, perf_counter() - started)


def _as_answer(
    trial: Trial, option: Counterfactual, goal: Goal, made: dict[str, Any], seconds: float
) -> Answer:
    """The answer that holds one own option; ``made`` joins its settings, and so decides its id."""
    problem, query = trial.problem, trial.problem.space.query
    changes = len(option.changes)
    request = ExplainRequest(
        cohort=trial.schema.name,
        participant_id=query.participant_id,
        row_id=query.row_id,
        method=BY_HAND,
        k=1,
        candidates=1,
        max_changes=changes,
        profile=query.limits.profile,
        desired=query.desired,
        search_first=False,
    )
    query = query.model_copy(update={"limits": query.limits.model_copy(update={"max_changes": changes})})
    result = QueryResult(
        "found",
        counterfactuals=(option,),
        goal=goal,
        trace=EMPTY_TRACE.model_copy(update={"shown": 1, "model_rows": problem.budget.rows}),
        seconds=Seconds(total=seconds),
    )
    answer = to_answer(problem.fitted, request, query, drivers(problem.fitted, [query])[0], result)
    settings = answer.settings | made
    own_id = answer_id(settings, query.row_id, answer.provenance["sha256"])
    return numbered(trial.schema, answer.model_copy(update={"answer_id": own_id, "settings": settings}))


def _checked(schema: Schema, edits: Mapping[str, Value], measured: Mapping[str, Value]) -> dict[str, Value]:
    """The edits, if every value can be; what was not measured stays so."""
    for name, value in edits.items():
        if name not in schema.positions:
            raise unknown("feature", name, schema.names)
        feature = schema.feature(name)
        if measured[name] is None:
            raise InputError(f"{feature.label} was not measured, so it cannot be changed; leave it out.")
        if value is None:
            raise InputError(f"{feature.label} is empty; give it a value.")
        if feature.named and value not in feature.levels:
            raise unknown(f"level of {feature.label}", value, feature.levels)
        if not feature.named and (isinstance(value, str) or not isfinite(value)):
            raise InputError(f"{feature.label} must be a number, got {value!r}; give it one.")
        if feature.kind == "binary" and value not in (0, 1):
            raise InputError(f"{feature.label} is 0 or 1, got {value!r}; give it one of them.")
        if feature.valid and not feature.named and not feature.valid[0] <= float(value) <= feature.valid[1]:
            low, high = (measure(feature, end) for end in feature.valid)
            raise InputError(
                f"{feature.label} can only be {low} to {high}, got {measure(feature, value)}; choose a value "
                "in this range."
            )
    return dict(edits)


def _refuse_impossible(trial: Trial, codes: Codes) -> None:
    """Refuse values that no body can have together; couplings, which are only unusual, may be broken."""
    broken = violations(trial.schema, trial.factual, codes[None])[0, : len(trial.schema.rules)]
    if broken.any():
        text = rule_texts(trial.schema)[int(np.flatnonzero(broken)[0])]
        raise InputError(f"These values cannot be together: {text}. Move one of them, and save again.")


def _graded(problem: Problem, codes: Codes, asked: Goal | None) -> tuple[Counterfactual, Goal]:
    """The option with its evidence, and the goal that it is graded for (see :func:`own_option`)."""
    met: list[tuple[Counterfactual, Goal]] = []
    narrowly = False
    for goal in _goals(problem, asked):
        query = problem.space.query.model_copy(update={"goal": goal})
        aimed = Problem.of(problem.fitted, query, problem.budget)
        checks = verify(aimed, codes[None])
        if checks.valid[0]:
            option = with_evidence(aimed, checks)[0]
            narrowly |= option.grade == "on the line"
            met += [(option, goal)] if option.grade != "on the line" else []
    if narrowly and not met:
        raise InputError(
            "These changes cross the line only just: fewer than half of the retrained copies of the "
            "classifier would follow, so they are no option; change them further, and save again."
        )
    if not met:
        way = "lower" if problem.space.desired == 0 else "raise"
        raise InputError(
            f"These changes do not {way} the risk in nine of ten retrained models, so they are no option; "
            "change them, and save again."
        )
    if asked is not None and asked.kind != "cross":
        return met[0]
    solid = [pair for pair in met if pair[0].grade == "solid"]
    lowering = [pair for pair in met if pair[1].kind == "lower"]
    return next(iter((*solid, *lowering, *met)))


def _goals(problem: Problem, asked: Goal | None) -> tuple[Goal, ...]:
    """The goals to grade for, the one that counts first in front."""
    lower = Goal(kind="lower", asked="lower")
    if asked is not None and asked.kind != "cross":
        return (asked, lower) if asked.kind == "target" else (asked,)
    query = problem.space.query
    if query.factual.predicted == query.desired:  # it is on the desired side of the line already
        return (lower,)
    return Goal(kind="cross", asked="auto"), Goal(kind="lower", asked="auto")
