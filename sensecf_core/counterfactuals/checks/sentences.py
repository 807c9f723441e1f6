"""One sentence per counterfactual, rendered from its checked numbers (never from a model's prose)."""

from __future__ import annotations

from collections.abc import Iterable

from sensecf_core.cohorts.encoding import Value
from sensecf_core.cohorts.feature import Feature
from sensecf_core.cohorts.schema import Profile, Schema
from sensecf_core.queries.answer import Change, Counterfactual, Feasibility
from sensecf_core.queries.goal import CROSS, Goal, GoalKind

THIN_SPACE = "\u202f"


def number(feature: Feature, value: Value) -> str:
    """Write a value as people read it: decimals of the schema, thin-space thousands, yes / no."""
    if value is None:
        return "not measured"
    if feature.kind == "binary":
        return "yes" if value else "no"
    if isinstance(value, str):
        return value
    return f"{value:,.{feature.decimals}f}".replace(",", THIN_SPACE)


def measure(feature: Feature, value: Value) -> str:
    """Write a value with its unit."""
    text = number(feature, value)
    return text if value is None or not feature.unit else f"{text} {feature.unit}"


def risk(probability: float) -> str:
    """Write p(class 1) as a whole number out of 100; the ends are never rounded to certainty."""
    hundredths = round(100 * probability)
    if hundredths <= 0:
        return "<1"
    return ">99" if hundredths >= 100 else str(hundredths)


def risk_beside(probability: float, threshold: float) -> str:
    """Write p(class 1) out of 100, saying the side where it rounds to the very threshold."""
    text = risk(probability)
    if text != risk(threshold):
        return text
    return f"{'just under ' if probability < threshold else ''}{text}"


def sentence(
    schema: Schema,
    changes: dict[str, Change],
    *,
    profile: Profile,
    before: float,
    after: float,
    threshold: float,
    goal: Goal = CROSS,
    reliable_reduction: float | None = None,
) -> str:
    """Say what would change and what the model would then say; ``before``/``after`` are p(class 1).

    Under limits for a person, what the person does comes first; clinical values are worded as what would
    have to follow ("if … came down to"), never as something to do. ``reliable_reduction`` (points of 100) is
    said where the goal is to lower the risk.
    """
    does, follows = [], []
    for name, change in changes.items():
        feature = schema.feature(name)
        if follows_for(feature, profile):
            follows.append(_follows(feature, change))
        else:
            does.append(_phrase(feature, change))
    parts = [f"with {_listed(does)}"] if does else []
    parts += [f"if {_listed(follows)}"] if follows else []
    listed = ", and ".join(parts)
    listed = f"{listed[:1].upper()}{listed[1:]}"
    verdict = "would raise" if after >= threshold else "would no longer raise"
    if goal.kind != "cross":
        said = f"{listed}, the model's risk of “{schema.task.label}” would be {risk(after)} instead of "
        flagged = verdict if (before >= threshold) != (after >= threshold) else "would still raise"
        if after < threshold and before < threshold:
            flagged = "would still not raise"
        said += f"{risk(before)} of 100; it {flagged} the flag."
        if goal.kind == "lower" and reliable_reduction is not None:
            moved = "rise" if after > before else "fall"
            said += (
                f" In nine of ten retrained copies it would {moved} by {points(reliable_reduction)} or more."
            )
        return said
    return (
        f"{listed}, the model {verdict} the flag “{schema.task.label}” "
        f"({risk_beside(after, threshold)} instead of {risk(before)} of 100)."
    )


def gap(feasibility: Feasibility, goal: Goal, *, threshold: float, desired: int) -> str:
    """Say that nothing crosses the line (or target) within the limits, and how far the best stays from it.

    ``threshold`` is the classifier's, a p(class 1). Changes that cross it too narrowly to be believed are
    told as such.
    """
    line = threshold if goal.target is None else goal.target / 100
    where = "line" if goal.target is None else "target"
    best = feasibility.best_probability
    numbers = "" if best is None else _beside(best, line, where)
    if feasibility.cross == "proven none":
        return f"It is proven that no change within these limits crosses the {where}{numbers}."
    if best is not None and (best >= line) == bool(desired):
        return f"Changes within these limits cross the {where} too narrowly to be believed{numbers}."
    return f"No change was found that within these limits crosses the {where}{numbers}."


def one_lifted(binding: Iterable[str]) -> str:
    """Say which limits hold a query back, each in words; lifting one of them is enough."""
    return f"One limit lifted would do: {'; '.join(binding)}."


def _beside(best: float, line: float, where: str) -> str:
    return f": best reachable {risk_beside(best, line)}, {where} {risk(line)} of 100"


def points(number: float) -> str:
    """Write a difference of risks in points of 100; small ones are not rounded to nothing."""
    text = f"{number:.0f}" if number >= 3 else f"{number:.1f}" if number >= 0.05 else "less than 0.1"
    return f"{text} {'point' if text == '1.0' else 'points'}"


def believed(counterfactual: Counterfactual, goal: GoalKind) -> str:
    """The grade of a counterfactual and what it rests on (docs/metrics.md, Grades)."""
    if counterfactual.grade is None:
        return "Grade: none, this classifier has no retrained copies to ask."
    agrees = ""
    if counterfactual.second_agrees is not None:
        words = ("does not agree", "agrees") if goal == "cross" else ("does not follow", "moves the same way")
        agrees = f"; the second model {words[counterfactual.second_agrees]}"
    if goal == "lower":
        least = points(counterfactual.reliable_reduction or 0.0)
        return f"Grade: {counterfactual.grade}, {least} or more in nine of ten retrained copies{agrees}."
    refits, noise = (
        f"{100 * (share or 0.0):.0f} %"
        for share in (counterfactual.held_by_refits, counterfactual.held_under_noise)
    )
    return (
        f"Grade: {counterfactual.grade}, held by {refits} of the retrained copies and {noise} of the copies "
        f"with measurement error{agrees}."
    )


def on_the_line(count: int, *, others: int) -> str:
    """Tell of changes that cross the line but are not listed; ``others`` is how many options are."""
    one = count == 1
    which = f"{count} {'other ' if others else ''}{'change' if one else 'changes'}"
    who = "" if others else "This participant sits on the line: measure again. "
    return (
        f"{who}{which} {'crosses' if one else 'cross'} the line only just: fewer than half of the retrained "
        f"copies of the classifier would follow, so {'it is' if one else 'they are'} not listed."
    )


def follows_for(feature: Feature, profile: Profile) -> bool:
    """Whether a change of a feature is what would have to follow, not what a person does."""
    return profile != "contrast" and feature.role != "behaviour"


def came_to(before: Value, after: Value) -> str:
    """The verb for a clinical value that moves: "came down to" or "came up to"."""
    falls = isinstance(before, int | float) and isinstance(after, int | float) and after < before
    return "came down to" if falls else "came up to"


def change_phrase(feature: Feature, change: Change, profile: Profile) -> str:
    """One change in words: "sugar of 80 g/day instead of 140", "if waist came down to 98 cm (now 104)"."""
    if follows_for(feature, profile):
        return f"if {_follows(feature, change)}"
    return _phrase(feature, change)


def _follows(feature: Feature, change: Change) -> str:
    after, before = measure(feature, change.after), number(feature, change.before)
    if feature.named or feature.kind == "binary":
        return f"{lower_first(feature.label)} were “{after}” instead of “{before}”"
    return f"{lower_first(feature.label)} {came_to(change.before, change.after)} {after} (now {before})"


def _listed(phrases: list[str]) -> str:
    return phrases[0] if len(phrases) == 1 else f"{', '.join(phrases[:-1])} and {phrases[-1]}"


def _phrase(feature: Feature, change: Change) -> str:
    after, before = measure(feature, change.after), number(feature, change.before)
    if feature.named or feature.kind == "binary":
        return f"{lower_first(feature.label)} “{after}” instead of “{before}”"
    return f"{lower_first(feature.label)} of {after} instead of {before}"


def lower_first(text: str) -> str:
    """Put a label into a sentence: "Body mass index" → "body mass index", but "BMI" and "HbA1c" stay."""
    first = text.split(" ", 1)[0]
    return text if first[1:] != first[1:].lower() else text[:1].lower() + text[1:]
