"""One person asks: what is feasible, before any method is, and whether there is anything to ask it."""

from __future__ import annotations

from collections.abc import Sequence

from sensecf_core.counterfactuals.checks.sentences import risk
from sensecf_core.counterfactuals.feasibility.assess import assess, crossed
from sensecf_core.counterfactuals.feasibility.binding import binding_limits
from sensecf_core.counterfactuals.feasibility.reasons import reachable_reasons
from sensecf_core.counterfactuals.problem.budget import Budget
from sensecf_core.counterfactuals.problem.fitted_cohort import FittedCohort
from sensecf_core.counterfactuals.problem.make_queries import with_limits
from sensecf_core.counterfactuals.problem.problem import Problem
from sensecf_core.queries.answer import BindingLimit, Counterfactual, Feasibility
from sensecf_core.queries.goal import Goal
from sensecf_core.queries.limits import Limits
from sensecf_core.queries.query import Query


def look(fitted: FittedCohort, query: Query, budget: Budget) -> Feasibility:
    """Search what is feasible for one query; where nothing crosses, also which one limit holds it back.

    Raises ``CancelledError`` through ``budget``.
    """
    (reach,) = assess(fitted, [query], budget)
    binding = _binding(fitted, query, budget) if reach.cross in ("none found", "proven none") else ()
    return Feasibility(
        cross=reach.cross,
        reliable_reduction=reach.reliable_reduction,
        binding=tuple(limit.text for limit in binding),
        binding_limits=binding,
        lower=reach.lower,
        best_probability=reach.best_probability,
    )


def _binding(fitted: FittedCohort, query: Query, budget: Budget) -> tuple[BindingLimit, ...]:
    """The limits of which lifting one lets something cross that is not on the line."""

    def crosses(limits: Sequence[Limits]) -> list[bool]:
        return crossed(fitted, [with_limits(fitted, query, each) for each in limits], budget)

    return binding_limits(Problem.of(fitted, query), crosses)


def confirmed(
    feasibility: Feasibility | None, found: Sequence[Counterfactual], goal: Goal
) -> Feasibility | None:
    """What is feasible, with what a method's own answers show beyond the search."""
    if feasibility is None or not found:
        return feasibility
    reductions = [option.reliable_reduction for option in found if option.reliable_reduction is not None]
    changes: dict[str, object] = {}
    if reductions and max(reductions) > (feasibility.reliable_reduction or 0.0):
        changes["reliable_reduction"] = max(reductions)
    if goal.kind == "lower" and any(option.grade == "solid" for option in found):
        changes["lower"] = "solid"
    if goal.kind != "lower" and feasibility.cross != "solid":
        changes["cross"] = "solid" if any(option.grade == "solid" for option in found) else "fragile"
        changes |= {"binding": (), "binding_limits": ()}  # nothing holds it back
    return feasibility.model_copy(update=changes)


def decided(query: Query, feasibility: Feasibility) -> Query:
    """The query with ``auto`` decided: ``cross`` where a solid crossing was found, else ``lower``.

    A fragile crossing is asked for only where nothing lowers the risk reliably.
    """
    fragile_alone = feasibility.cross == "fragile" and feasibility.lower == "none found"
    crosses = feasibility.cross == "solid" or fragile_alone
    if query.goal.asked != "auto" or crosses or feasibility.reliable_reduction is None:
        return query
    return query.model_copy(update={"goal": query.goal.of_kind("lower")})


def nothing_to_find(problem: Problem, feasibility: Feasibility) -> tuple[str, ...] | None:
    """Say why no method needs to be asked; None where there may be an answer."""
    query = problem.space.query
    if query.goal.kind in ("cross", "target") and query.goal.asked != "auto":
        return reachable_reasons(problem, feasibility) if feasibility.cross == "proven none" else None
    if feasibility.cross in ("solid", "fragile") or feasibility.lower != "none found":
        return None
    if feasibility.reliable_reduction is None and problem.fitted.classifier.refits and query.movable:
        return ("No change within these limits passes the checks: all would make this an unusual row.",)
    if not problem.fitted.classifier.refits:
        return reachable_reasons(problem, feasibility) if feasibility.cross == "proven none" else None
    lowered = (
        "No realistic change within these limits moves this risk of "
        f"{risk(query.factual.probability)} of 100 in a way that nine of ten retrained copies confirm."
    )
    return (lowered, *reachable_reasons(problem, feasibility))
