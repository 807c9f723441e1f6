"""An answer as short lines for people."""

from __future__ import annotations

from collections.abc import Iterable

from sensecf_core.cli.output import of_100
from sensecf_core.cli.row_lines import head, second_judge
from sensecf_core.cohorts.schema import Schema
from sensecf_core.counterfactuals.checks.red_flags import ACT_FIRST
from sensecf_core.counterfactuals.checks.sentences import gap, measure, number, one_lifted, points
from sensecf_core.queries.answer import Answer, Change, Counterfactual, RaisedFlag, Trace
from sensecf_core.queries.goal import GoalKind
from sensecf_core.records.kept_options import kept_options

_HEADLINES = {
    "found": "{n} found",
    "none": "none found",
    "already_desired": "the model already decides this way",
    "budget_spent": "stopped at its budget, {n} found",
    "cancelled": "cancelled",
}


def as_text(answer: Answer, schema: Schema) -> str:
    """Say who the answer is about, the risk, what was found, and how many candidates passed each check."""
    lines = [
        *red_flag_lines(answer.red_flags),
        head(
            schema,
            (answer.participant_id, answer.row_id),
            probability=answer.factual.probability,
            predicted=answer.factual.predicted,
            threshold=answer.threshold,
        ),
        f"  {_HEADLINES[answer.status].format(n=len(answer.counterfactuals))} with {answer.limits.profile} "
        f"limits, {_method(answer)}, {answer.seconds.total:.1f} s",
        f"  {funnel(answer.trace)}",
    ]
    lines += [f"  {text}" for text in (*answer.reasons, *_gap(answer), *answer.notes)]
    for kept in kept_options(answer, None):
        lines += _option(kept.number, kept.option, kept.answer, schema)
    if answer.best is not None and not answer.counterfactuals:
        lines.append(
            f"  nearest: {_changes(answer.best.changes, schema)} "
            f"({of_100(answer.factual.probability)} → {of_100(answer.best.probability)})"
        )
    return "\n".join(lines)


def red_flag_lines(flags: Iterable[RaisedFlag]) -> list[str]:
    """One line for each red flag of a row; they are printed before anything else about it."""
    return [f"{ACT_FIRST.upper()}: {flag.sentence}" for flag in flags]


def _method(answer: Answer) -> str:
    model = answer.settings.get("model")
    return f"{answer.method} ({model})" if model else answer.method


FUNNEL = ("proposed", "readable", "within_limits", "valid", "plausible", "shown")


def funnel(trace: Trace) -> str:
    """The counts from proposed to shown in one line, with different candidates where they are fewer."""
    steps = " > ".join(_step(trace, name) for name in FUNNEL)
    return steps + (f" (asked {trace.askings} times)" if trace.askings > 1 else "")


def _step(trace: Trace, name: str) -> str:
    return f"{name.replace('_', ' ')} {getattr(trace, name)}{trace.also(name)}"


def _gap(answer: Answer) -> list[str]:
    """Beside options that lower the risk: how far the line stays, and which limit holds it back."""
    feasible = answer.feasibility
    if answer.status != "found" or feasible is None or feasible.cross in ("solid", "fragile"):
        return []
    said = [gap(feasible, answer.goal, threshold=answer.threshold, desired=answer.desired)]
    return said + ([one_lifted(feasible.binding)] if feasible.binding else [])


def _option(rank: int, counterfactual: Counterfactual, answer: Answer, schema: Schema) -> list[str]:
    low, high = counterfactual.interval or (None, None)
    refits = "" if low is None or high is None else f" (90 % of refits: {100 * low:.0f} to {100 * high:.0f})"
    lines = [
        f"  {rank}. {_changes(counterfactual.changes, schema)}",
        f"     {of_100(answer.factual.probability)} → {of_100(counterfactual.probability)}{refits}; "
        f"{_second_judge(counterfactual, answer)}",
    ]
    if counterfactual.grade is not None:
        lines.append(f"     {_believed(counterfactual, answer.goal.kind)}")
    lines += [f"     breaks: {violation}" for violation in counterfactual.violations]
    if counterfactual.sentence:
        lines.append(f"     {counterfactual.sentence}")
    return lines


def _second_judge(counterfactual: Counterfactual, answer: Answer) -> str:
    """How the second judge sees a counterfactual: by its own line where that decides, else by its move."""
    seen, votes = counterfactual.second_judge_probability, counterfactual.second_agrees
    if answer.goal.kind != "cross" and votes is not None:
        return second_judge("moves the same way" if votes else "does not follow", seen, None)
    view = "agrees" if counterfactual.second_judge_agrees else "disagrees"
    if counterfactual.second_judge_agrees and votes is False:
        # Its class is the desired one, yet it did not vote for the grade: it was so before any change.
        view = "said so before any change and does not follow"
    return second_judge(view, seen, answer.second_threshold)


def _believed(counterfactual: Counterfactual, goal: GoalKind) -> str:
    """The grade, and the two numbers behind it."""
    if goal == "lower":
        reduction = points(counterfactual.reliable_reduction or 0.0)
        return f"{counterfactual.grade}: {reduction} or more in nine of ten refits"
    refits, noise = counterfactual.held_by_refits or 0.0, counterfactual.held_under_noise or 0.0
    return f"{counterfactual.grade}: holds in {refits:.0%} of refits, {noise:.0%} under measurement error"


def _changes(changes: dict[str, Change], schema: Schema) -> str:
    parts = []
    for name, change in changes.items():
        feature = schema.feature(name)
        parts.append(f"{feature.label} {number(feature, change.before)} → {measure(feature, change.after)}")
    return "; ".join(parts)
