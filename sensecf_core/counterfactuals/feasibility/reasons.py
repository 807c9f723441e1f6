"""Say why there is nothing: where candidates ended, what is reachable, and which limit binds."""

from __future__ import annotations

from collections.abc import Iterator

from sensecf_core.cohorts.encoding import Codes
from sensecf_core.counterfactuals.checks.sentences import risk, risk_beside
from sensecf_core.counterfactuals.problem.budget import BudgetSpentError
from sensecf_core.counterfactuals.problem.constraints import held_by_reference
from sensecf_core.counterfactuals.problem.make_queries import with_limits
from sensecf_core.counterfactuals.problem.problem import Problem
from sensecf_core.counterfactuals.problem.search_space import SearchSpace
from sensecf_core.counterfactuals.search.beam_search import search
from sensecf_core.queries.answer import Feasibility, Trace
from sensecf_core.queries.goal import Goal
from sensecf_core.queries.limits import Limits


def infeasibility_reasons(
    problem: Problem, trace: Trace, feasibility: Feasibility | None = None
) -> tuple[str, ...]:
    """Explain an answer without counterfactuals, in sentences for people.

    ``feasibility`` is what a search found before; without it one is made now.
    """
    goal = problem.space.query.goal
    said = [_where_it_ended(trace, goal)] if trace.proposed else []
    if feasibility is not None:
        return (*said, *reachable_reasons(problem, feasibility))
    if goal.kind == "lower":
        return tuple(said)
    try:
        said += _binding_limits(problem)
    except BudgetSpentError:
        said.append("The budget was spent before it could be said which limit binds.")
    return tuple(said)


def reachable_reasons(problem: Problem, feasibility: Feasibility) -> tuple[str, ...]:
    """Say what can be reached within the limits, how far that is from the line, and which limit to lift."""
    query = problem.space.query
    if feasibility.cross in ("solid", "fragile"):
        return (
            "A search of the classifier does find an answer within these limits, so another seed, more "
            "candidates or another mode may find one too.",
        )
    line = problem.fitted.classifier.threshold if problem.aim.line is None else problem.aim.line
    known = (
        "It is proven that no change" if feasibility.cross == "proven none" else "No change was found that"
    )
    where = "line" if query.goal.target is None else "target"
    best = feasibility.best_probability
    gap = "" if best is None else f": best reachable {risk_beside(best, line)}, {where} {risk(line)} of 100"
    said = [f"{known} within these limits crosses the {where}{gap}."]
    if feasibility.binding:
        said.append(f"One limit lifted would do: {'; '.join(feasibility.binding)}.")
    elif own_limits(query.limits):
        said.append("Lifting any one of your own limits would not do either.")
    return tuple(said)


def _where_it_ended(trace: Trace, goal: Goal) -> str:
    does, do = {
        "cross": ("alters the prediction", "alter the prediction"),
        "lower": ("moves the risk reliably", "move the risk reliably"),
        "target": ("reaches the target risk", "reach the target risk"),
    }[goal.kind]
    if not trace.readable:
        return f"None of the {trace.proposed} candidates could be read as changes."
    if not trace.within_limits:
        return f"None of the {trace.readable} readable candidates kept to the limits and rules."
    if not trace.valid:
        return f"None of the {trace.within_limits} candidates within the limits {does}."
    if trace.on_the_line:
        return f"{trace.plausible} candidates {do}, but too narrowly to be believed."
    return (
        f"{trace.valid} candidates {do}, but all would make this an unusual row: nothing "
        "similar is in the training data."
    )


def _binding_limits(problem: Problem) -> Iterator[str]:
    """Search under the query's limits, then with one limit lifted at a time."""
    fitted, space = problem.fitted, problem.space
    if _reachable(problem, [space])[0]:
        yield (
            "A search of the classifier does find an answer within these limits, so another seed, more "
            "candidates or another mode may find one too."
        )
        return
    lifted = [*lifted_limits(space.query.limits), *widened(problem)]
    variants = [
        SearchSpace.of(space.schema, with_limits(fitted, space.query, limits)) for _, limits in lifted
    ]
    reachable = _reachable(problem, variants) if variants else []
    binding = [text for (text, _), reached in zip(lifted, reachable, strict=True) if reached]
    if binding:
        yield (
            "A search of the classifier finds a change that does where one limit is lifted: "
            f"{'; '.join(binding)}."
        )
    else:
        yield (
            "A search of the classifier finds no answer within these limits either, nor with any one "
            "of your own limits lifted."
        )


def _reachable(problem: Problem, spaces: list[SearchSpace]) -> list[bool]:
    answers: list[Codes | None] = search(problem.fitted, spaces, problem.budget, beam=2)
    return [answer is not None for answer in answers]


def own_limits(limits: Limits) -> bool:
    """Whether a person has narrowed the profile."""
    return bool(limits.frozen or limits.ranges or limits.levels)


def lifted_limits(limits: Limits) -> Iterator[tuple[str, Limits]]:
    """Every way to lift one limit, named in a few words."""
    for name in limits.frozen:
        others = tuple(other for other in limits.frozen if other != name)
        yield f"`{name}` is frozen", limits.model_copy(update={"frozen": others})
    for name, (low, high) in limits.ranges.items():
        ranges = {other: span for other, span in limits.ranges.items() if other != name}
        yield (
            f"`{name}` is held to {low:g} to {high:g}",
            limits.model_copy(update={"ranges": ranges}),
        )
    for name, levels in limits.levels.items():
        remaining = {other: names for other, names in limits.levels.items() if other != name}
        yield (
            f"`{name}` is held to {' or '.join(levels)}",
            limits.model_copy(update={"levels": remaining}),
        )
    more = limits.max_changes + 2
    yield (
        f"at most {limits.max_changes} changes ({more} would do)",
        limits.model_copy(update={"max_changes": more}),
    )
    if limits.profile == "behaviour":
        yield (
            "only behaviours may move (`intervention` limits would do)",
            limits.model_copy(update={"profile": "intervention"}),
        )
    if limits.profile != "contrast":
        yield (
            f"what `{limits.profile}` limits call realistic (`contrast` limits would do)",
            limits.model_copy(update={"profile": "contrast", "ranges": {}, "levels": {}}),
        )


def widened(problem: Problem) -> Iterator[tuple[str, Limits]]:
    """Let values move further than their reference ranges ask for."""
    fitted, space = problem.fitted, problem.space
    factual = dict(zip(space.schema.names, space.factual.tolist(), strict=True))
    held = held_by_reference(space.schema, fitted.domain, factual, space.query.limits)
    if held:
        ranges = {entry.feature: (entry.values[0], entry.values[-1]) for entry in held}
        names = ", ".join(f"`{name}`" for name in ranges)
        limits = space.query.limits
        yield (
            f"no value moves further than its reference range asks for ({names})",
            limits.model_copy(update={"ranges": {**limits.ranges, **ranges}}),
        )
