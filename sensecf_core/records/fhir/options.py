"""What the model says of the row, and the options that were kept."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sensecf_core.counterfactuals.checks.red_flags import ACT_FIRST, with_source
from sensecf_core.counterfactuals.checks.sentences import (
    change_phrase,
    follows_for,
    risk,
)
from sensecf_core.disclaimer import DISCLAIMER_LONG
from sensecf_core.queries.answer import Counterfactual
from sensecf_core.records.exports import raised
from sensecf_core.records.fhir.context import Context
from sensecf_core.records.fhir.person import concept, quantity
from sensecf_core.records.kept_options import KeptOption, effort_in_words
from sensecf_core.records.paper.quality import quality_lines
from sensecf_core.types import Json, JsonView


def risk_assessment(
    context: Context, observations: Sequence[Json], kept: Sequence[KeptOption], card: JsonView | None
) -> Json:
    """The prediction, with the method and the values that it rests on.

    Under contrast limits, where counterfactuals explain and advise nothing, they stand here as notes.
    """
    answer, task = context.answer, context.schema.task
    classifier = context.hashes.get("classifier", "unknown")
    notes = [*_red_flag_notes(context), DISCLAIMER_LONG]
    notes.append(
        f"The probability is the model's risk of “{task.label}”, {risk(answer.factual.probability)} of 100; "
        f"the model raises the flag from {risk(answer.threshold)} of 100 on."
    )
    notes += quality_lines(card)
    if answer.limits.profile == "contrast":
        notes += [f"Explanation only, not advice: {one.in_words(context.schema)}" for one in kept]
    if not kept:
        notes += answer.reasons
    return {
        **context.start("RiskAssessment", "risk", asserted=True),
        "status": "preliminary",
        "method": {"text": context.text(f"Classifier of cohort {answer.cohort}, sha256 {classifier}")},
        "subject": context.reference("patient"),
        "occurrenceDateTime": context.created,
        "performer": context.reference("device"),
        "basis": [{"reference": f"urn:uuid:{one['id']}"} for one in observations],
        "prediction": [
            {
                "outcome": {"text": context.text(task.class_1)},
                "probabilityDecimal": round(answer.factual.probability, 4),
            }
        ],
        "note": [{"text": context.text(note)} for note in notes],
    }


def plans(context: Context, kept: Sequence[KeptOption]) -> list[Json]:
    """The goals of each kept option and the draft care plan that holds them; none under contrast limits."""
    if context.answer.limits.profile == "contrast":
        return []
    return [resource for one in kept for resource in _plan(context, one)]


def _plan(context: Context, kept: KeptOption) -> Iterator[Json]:
    number, option = kept.number, kept.option
    names = [name for name in option.changes if name in context.schema.positions]
    for name in names:
        yield _goal(context, number, option, name)
    notes = [*_red_flag_notes(context), DISCLAIMER_LONG, kept.believed]
    notes.append(kept.effort_in_words(context.schema, context.efforts))
    notes += [f"Breaks: {broken}" for broken in option.violations]
    yield {
        **context.start("CarePlan", f"option {number}", asserted=True),
        "status": "draft",
        "intent": "proposal",
        "title": f"Option {number}, to discuss",
        "description": context.text(kept.in_words(context.schema)),
        "subject": context.reference("patient"),
        "created": context.created,
        "author": context.reference("device"),
        "supportingInfo": [context.reference("risk")],
        "goal": [context.reference(_goal_name(number, name)) for name in names],
        "note": [{"text": context.text(note)} for note in notes],
    }


def _goal(context: Context, number: int, option: Counterfactual, name: str) -> Json:
    feature, change = context.schema.feature(name), option.changes[name]
    after = change.after
    if isinstance(after, str):
        detail: Json = {"detailCodeableConcept": {"text": context.text(after)}}
    elif feature.kind == "binary":
        detail = {"detailBoolean": bool(after)}
    else:
        assert after is not None  # a change is always to a value
        detail = {"detailQuantity": quantity(context, feature, after)}
    profile = context.answer.limits.profile
    follows = follows_for(feature, profile)
    words = change_phrase(feature, change, profile)
    kind = "What would have to follow, not something to do" if follows else "To discuss"
    return {
        **context.start("Goal", _goal_name(number, name), asserted=True),
        "lifecycleStatus": "proposed",
        "description": {"text": context.text(f"{kind}: {words}")},
        "subject": context.reference("patient"),
        "target": [{"measure": concept(context, feature), **detail}],
        "addresses": [context.reference("risk")],
        "note": [{"text": context.text(note)} for note in (DISCLAIMER_LONG, _effort(context, option, name))],
    }


def _effort(context: Context, option: Counterfactual, name: str) -> str:
    """How hard one change is."""
    change = {name: option.changes[name]}
    return effort_in_words(context.schema, change, option.effort, context.efforts)


def _goal_name(number: int, feature: str) -> str:
    return f"option {number} {feature}"


def _red_flag_notes(context: Context) -> list[str]:
    return [f"{ACT_FIRST.upper()}: {with_source(flag)}" for flag in raised(context.answer, context.schema)]
