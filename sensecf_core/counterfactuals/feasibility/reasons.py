"""Say why there is nothing: where candidates ended, what is reachable, and which limit binds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal

from sensecf_core.cohorts.encoding import Codes
from sensecf_core.counterfactuals.checks.sentences import gap, one_lifted
from sensecf_core.counterfactuals.feasibility.binding import binding_limits
from sensecf_core.counterfactuals.problem.budget import BudgetSpentError
from sensecf_core.counterfactuals.problem.make_queries import with_limits
from sensecf_core.counterfactuals.problem.problem import Problem
from sensecf_core.counterfactuals.problem.search_space import SearchSpace
from sensecf_core.counterfactuals.search.beam_search import search
from sensecf_core.queries.answer import BindingLimit, Feasibility, Trace
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
    said = [
        gap(feasibility, query.goal, threshold=problem.fitted.classifier.threshold, desired=query.desired)
    ]
    if feasibility.binding:
        said.append(one_lifted(feasibility.binding))
    elif own_limits(query.limits):
        said.append("Lifting any one of your own limits would not do either.")
    return tuple(said)


def _where_it_ended(trace: Trace, goal: Goal) -> str:
    does, do = {
        "cross": ("alters the prediction", "alter the prediction"),
        "lower": ("moves the risk reliably", "move the risk reliably"),
        "target": ("reaches the target risk", "reach the target risk"),
    }[goal.kind]

    def some(step: Literal["valid", "plausible"]) -> str:
        many = getattr(trace, step)
        return f"1 candidate {does}" if many == 1 else f"{many} candidates{trace.also(step)} {do}"

    if not trace.readable:
        return f"None of the {trace.proposed} candidates could be read as changes."
    if not trace.within_limits:
        return f"None of the {trace.readable} readable candidates kept to the limits and rules."
    if not trace.valid:
        return f"None of the {trace.within_limits} candidates within the limits {does}."
    if trace.on_the_line:
        return f"{some('plausible')}, but too narrowly to be believed."
    return (
        f"{some('valid')}, but {'that' if trace.valid == 1 else 'all'} would make this an unusual row: "
        "nothing similar is in the training data."
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

    def crosses(limits: Sequence[Limits]) -> list[bool]:
        wider = (with_limits(fitted, space.query, each) for each in limits)
        return _reachable(problem, [SearchSpace.of(space.schema, query) for query in wider])

    yield _what_binds(space.query.limits, binding_limits(problem, crosses))


def _what_binds(asked: Limits, binding: Sequence[BindingLimit]) -> str:
    """Say which limits keep anything from being found: those that one may lift, or realism alone."""
    texts = [limit.text for limit in binding if (limit.kind, limit.limits.profile) != ("profile", "contrast")]
    if texts:
        found = "A search of the classifier finds a change that is enough with one limit lifted"
        return f"{found}: {'; '.join(texts)}."
    if binding:
        return (
            "No realistic change is enough. Larger, unrealistic ones would be: `contrast` limits show them "
            "as an explanation."
        )
    own = asked.frozen or asked.ranges or asked.levels
    lifted = ", nor with any one of your own limits lifted" if own else ""
    return f"A search of the classifier finds no answer within these limits either{lifted}."


def _reachable(problem: Problem, spaces: list[SearchSpace]) -> list[bool]:
    answers: list[Codes | None] = search(problem.fitted, spaces, problem.budget, beam=2)
    return [answer is not None for answer in answers]


def own_limits(limits: Limits) -> bool:
    """Whether a person has narrowed the profile."""
    return bool(limits.frozen or limits.ranges or limits.levels)
