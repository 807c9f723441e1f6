"""Say why nothing was found: which limit binds, asked of a search after the proposer has answered."""

from __future__ import annotations

from collections.abc import Iterator

from sensecf_core.cohorts.encoding import Codes
from sensecf_core.counterfactuals.problem.budget import BudgetSpentError
from sensecf_core.counterfactuals.problem.make_queries import with_limits
from sensecf_core.counterfactuals.problem.problem import Problem
from sensecf_core.counterfactuals.problem.search_space import SearchSpace
from sensecf_core.counterfactuals.search.beam_search import search
from sensecf_core.queries.answer import Trace
from sensecf_core.queries.limits import Limits


def infeasibility_reasons(problem: Problem, trace: Trace) -> tuple[str, ...]:
    """Explain an answer without counterfactuals, in sentences for people."""
    said = [_where_it_ended(trace)] if trace.proposed else []
    try:
        said += _binding_limits(problem)
    except BudgetSpentError:
        said.append("The budget was spent before it could be said which limit binds.")
    return tuple(said)


def _where_it_ended(trace: Trace) -> str:
    if not trace.readable:
        return f"None of the {trace.proposed} candidates could be read as changes."
    if not trace.within_limits:
        return f"None of the {trace.readable} readable candidates kept to the limits and rules."
    if not trace.valid:
        return f"None of the {trace.within_limits} candidates within the limits alters the prediction."
    if trace.on_the_line:
        return f"{trace.plausible} candidates alter the prediction, but too narrowly to be believed."
    return (
        f"{trace.valid} candidates alter the prediction, but all would make this an unusual row: nothing "
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
    lifted = list(_lifted(space.query.limits))
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


def _lifted(limits: Limits) -> Iterator[tuple[str, Limits]]:
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
    if limits.profile == "intervention":
        yield (
            "what `intervention` limits call realistic (`contrast` limits would do)",
            limits.model_copy(update={"profile": "contrast", "ranges": {}, "levels": {}}),
        )
