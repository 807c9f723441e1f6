"""How far an option can be believed: its grade as a chip, what it rests on, what the second model says."""

from __future__ import annotations

from typing import Literal

import streamlit as st

from sensecf_core.counterfactuals.checks.grades import NOISE_COPIES
from sensecf_core.counterfactuals.checks.sentences import points, risk
from sensecf_core.queries.answer import Answer, Counterfactual, Grade
from sensecf_core.queries.goal import GoalKind
from sensecf_core.ui.common import data, row_wording, wording
from sensecf_core.ui.page.frame import Page

GRADE_TITLES: dict[Grade, str] = {"solid": "Solid", "fragile": "Fragile", "on the line": "On the line"}
ICONS: dict[Grade, str] = {
    "solid": ":material/verified:",
    "fragile": ":material/warning:",
    "on the line": ":material/block:",
}
_CROSSES = (
    "Solid: nine of ten retrained copies of the model {do}, and nine of ten copies of these values with a "
    "measurement error, and the second model agrees. Fragile: at least half of the retrained copies do, but "
    "not all of that holds."
)
_LOWERS = (
    "Solid: nine of ten retrained copies of the model move the risk by 3 points or more, and the second "
    "model by 1 point or more. Fragile: nine of ten move it, but by less, or the second model does not."
)
DEFINITIONS: dict[GoalKind, str] = {
    "cross": _CROSSES.format(do="alter the prediction too"),
    "target": _CROSSES.format(do="reach the target risk too"),
    "lower": _LOWERS,
}
Verdict = Literal["agrees", "disagrees", "as before"]


def badge(answer: Answer, option: Counterfactual) -> None:
    """Show an option's grade, its definition on hover; nothing where it has none."""
    if option.grade is not None:
        st.badge(
            GRADE_TITLES[option.grade],
            icon=ICONS[option.grade],
            color="green" if option.grade == "solid" else "orange",
            help=DEFINITIONS[answer.goal.kind],
        )


def grounds(option: Counterfactual, goal: GoalKind, *, refits: int) -> str:
    """What a grade rests on, as a line of its own."""
    text = rests_on(option, goal, refits=refits)
    return text[:1].upper() + text[1:]


def rests_on(option: Counterfactual, goal: GoalKind, *, refits: int) -> str:
    """What a grade rests on: "held by 19 of 20 retrained copies, 97 of 100 noisy copies, …"."""
    parts = []
    if goal == "lower" and option.reliable_reduction is not None:
        parts.append(f"{points(option.reliable_reduction)} or more in nine of ten retrained copies")
    held = []
    if option.held_by_refits is not None:
        held.append(f"{round(option.held_by_refits * refits)} of {refits} retrained copies")
    if option.held_under_noise is not None:
        held.append(f"{round(option.held_under_noise * NOISE_COPIES)} of {NOISE_COPIES} noisy copies")
    if held:
        parts.append(f"held by {', '.join(held)}")
    if option.second_agrees is not None:
        agrees = "agrees" if goal == "cross" else "moves the same way"
        parts.append(f"second model {agrees if option.second_agrees else 'does not follow'}")
    return ", ".join(parts)


def second_verdict(page: Page, answer: Answer, option: Counterfactual) -> Verdict:
    """Whether the second model confirms an option; "as before" where it saw the desired class already.

    Of a crossing it is the class by the second model's own line, of a reduction its vote in the grade.
    """
    if answer.goal.kind != "cross" and option.second_agrees is not None:
        return "agrees" if option.second_agrees else "disagrees"
    if not option.second_judge_agrees:
        return "disagrees"
    class_before = int(_second_before(page) >= page.classifier.second_threshold)
    return "as before" if class_before == answer.desired else "agrees"


def second_text(page: Page, answer: Answer, option: Counterfactual) -> str:
    """Say how the second model sees an option: its risk, beside its own line where that decides."""
    verdict = second_verdict(page, answer, option)
    after, line = wording.of_100(option.second_judge_probability), page.classifier.second_threshold
    before = _second_before(page)
    if answer.goal.kind != "cross":
        moved = wording.risk_change(before, option.second_judge_probability)
        word = "moves the same way" if verdict == "agrees" else "does **not** follow"
        return f"{_icon(verdict)} The second model {word} ({moved})"
    own_line = f"its own line: {risk(line)}"
    if verdict == "as before":
        since = wording.risk_change(before, option.second_judge_probability)
        follows = {True: " and follows", False: " and does **not** follow", None: ""}[option.second_agrees]
        about = row_wording.this_row(page.required_cohort.schema)
        said = f"flagged {about} before any change" if answer.desired else f"never flagged {about}"
        return f"{_icon(verdict)} The second model {said}{follows} ({since}; {own_line})"
    word = "agrees" if verdict == "agrees" else "**disagrees**"
    return f"{_icon(verdict)} The second model {word} ({after}, {own_line})"


def _icon(verdict: Verdict) -> str:
    icons = {"agrees": "done_all", "disagrees": "warning", "as before": "remove_done"}
    return f":material/{icons[verdict]}:"


def _second_before(page: Page) -> float:
    return float(page.classifier.second_probability(data.one_row(page.required_cohort, page.row_key))[0])
