"""What several methods answer as one matrix: a row a feature, a column a method; no streamlit."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sensecf_core.cohorts.encoding import Value, to_code
from sensecf_core.cohorts.feature import Feature
from sensecf_core.cohorts.schema import Profile, Schema
from sensecf_core.counterfactuals.checks.sentences import (
    follows_for,
    lower_first,
    number,
    risk,
    risk_beside,
)
from sensecf_core.evaluation import side_by_side
from sensecf_core.evaluation.side_by_side import Options
from sensecf_core.jobs.compare_methods import MethodStatus, State
from sensecf_core.queries.answer import Answer, Change, Counterfactual, Crossing, Grade
from sensecf_core.ui.common import wording

STAYS = "–"
"""The method leaves the feature as it is."""
NOTHING = ""
"""There is no option that the cell could tell of."""
GRADES: dict[Grade, str] = {"solid": "✓ Solid", "fragile": "△ Fragile", "on the line": "On the line"}
NONE: dict[Crossing, str] = {"proven none": "Proven none"}
STATES: dict[State, str] = {
    "queued": "Waiting",
    "running": "At work",
    "failed": "No answer",
    "cancelled": "Cancelled",
}


@dataclass(frozen=True)
class Row:
    """One row: its heading, what holds now ("" where there is nothing to say), and a text by method.

    ``reference`` is the reference range of what holds now, "" where it has none; ``unit`` that of them all.
    """

    title: str
    now: str
    cells: Mapping[str, str]
    reference: str = ""
    unit: str = ""

    @property
    def heading(self) -> str:
        """The title, with the unit of the numbers beside it."""
        return f"{self.title} ({self.unit})" if self.unit else self.title


def rows(
    schema: Schema, values: Mapping[str, Value], statuses: Sequence[MethodStatus], *, best_only: bool
) -> tuple[Row, ...]:
    """Put what every method answers side by side: the risk, each changed feature, the state, the grade.

    ``values`` are those of the row that was asked about; with ``best_only`` each method's first option alone.
    """
    answers = [status.answer for status in statuses if status.answer is not None]
    found = side_by_side.options(answers, best_only=best_only)
    changed = [_feature_row(schema, values, found, answers, feature) for feature in in_order(schema, answers)]
    return (
        *([_risk_row(answers, found)] if answers else []),
        *(row for row in changed if any(text not in (STAYS, NOTHING) for text in row.cells.values())),
        Row("Answer", NOTHING, {status.method: state(status) for status in statuses}),
        Row("Grade", NOTHING, {status.method: _grade(status, found) for status in statuses}),
    )


def in_order(schema: Schema, answers: Sequence[Answer]) -> list[Feature]:
    """The features that any option changes: what a person does first, then what most methods change."""
    found = side_by_side.options(answers, best_only=False)
    agreed = [schema.feature(one.feature) for one in side_by_side.agreement(schema, found)]
    return sorted(agreed, key=lambda feature: follows_for(feature, profile_of(answers)))


def profile_of(answers: Sequence[Answer]) -> Profile:
    """The limits that every method was given; those of options where nothing was answered."""
    return answers[0].limits.profile if answers else "intervention"


def label(feature: Feature, profile: Profile) -> str:
    """A feature's heading; a clinical value of a person is worded as what would have to follow."""
    return f"If {lower_first(feature.label)} moved" if follows_for(feature, profile) else feature.label


def new_value(feature: Feature, change: Change) -> str:
    """Where a change goes: "▼ 116", in the feature's unit; levels without an order have "→" instead."""
    if change.before is None or change.after is None or feature.kind in ("categorical", "binary"):
        return f"→ {number(feature, change.after)}"
    difference = to_code(feature, change.after) - to_code(feature, change.before)
    return f"{wording.arrow(difference)} {number(feature, change.after)}"


def state(status: MethodStatus) -> str:
    """How far a method is, in a few words."""
    answer = status.answer
    if answer is None:
        return STATES.get(status.state, "No answer")
    noun = wording.option_noun(answer.limits.profile)
    if count := len(answer.counterfactuals):
        said = wording.counted(count, noun)
    else:
        said = {"cancelled": "Cancelled", "budget_spent": "Budget spent"}.get(answer.status, f"No {noun}")
    return said if status.job is not None else f"{said}, answered before"


def _risk_row(answers: Sequence[Answer], found: Options) -> Row:
    first = answers[0]
    cells = {}
    for answer in answers:
        reached = [_risk(answer, one.probability) for one in found.get(answer.method, ())]
        if not reached and answer.best is not None:
            reached = [f"nearest tried: {_risk(answer, answer.best.probability)}"]
        cells[answer.method] = _either(reached)
    title = f"Risk of 100 (cut-off {risk(first.threshold)})"
    return Row(title, risk(first.factual.probability), cells)


def _risk(answer: Answer, after: float) -> str:
    """Write a change of risk as "62 → 41  ▼ 21"; beside the cut-off it says on which side it is."""
    before = answer.factual.probability
    size = wording.risk_change(before, after).split("  ")[-1]
    return f"{risk(before)} → {risk_beside(after, answer.threshold)}  {size}"


def _feature_row(
    schema: Schema,
    values: Mapping[str, Value],
    found: Options,
    answers: Sequence[Answer],
    feature: Feature,
) -> Row:
    cells = {
        answer.method: (_cell(feature, found[answer.method]) if answer.method in found else NOTHING)
        for answer in answers
    }
    reference = "" if feature.reference is None else feature.reference.text
    now = number(feature, values[feature.name])
    return Row(label(feature, profile_of(answers)), now, cells, reference, feature.unit or "")


def _cell(feature: Feature, options: Sequence[Counterfactual]) -> str:
    changes = side_by_side.changes(options, feature.name)
    return _either(new_value(feature, change) for change in changes) or STAYS


def _grade(status: MethodStatus, found: Options) -> str:
    answer = status.answer
    if answer is None or (not answer.counterfactuals and answer.status in ("cancelled", "budget_spent")):
        return STAYS
    if not answer.counterfactuals:
        if answer.status == "already_desired":
            return "Nothing to change"
        crossing = None if answer.feasibility is None else answer.feasibility.cross
        return "None found" if crossing is None else NONE.get(crossing, "None found")
    grades = dict.fromkeys(option.grade for option in found[status.method])
    return _either("Not graded" if grade is None else GRADES[grade] for grade in grades)


def _either(texts: Iterable[str]) -> str:
    return " or ".join(dict.fromkeys(texts))
