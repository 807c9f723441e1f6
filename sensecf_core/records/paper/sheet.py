"""What stands on the sheet of one answer, as plain text and numbers; nothing here draws."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from sensecf_core.cohorts.schema import Profile, Schema
from sensecf_core.counterfactuals.checks.red_flags import ACT_FIRST, with_source
from sensecf_core.counterfactuals.checks.sentences import measure, risk, risk_beside
from sensecf_core.disclaimer import DISCLAIMER, DISCLAIMER_LONG, data_label
from sensecf_core.queries.answer import Answer, Effort
from sensecf_core.queries.methods import BY_HAND
from sensecf_core.records.exports import raised
from sensecf_core.records.kept_options import KeptOption, kept_options
from sensecf_core.records.paper.quality import quality_lines
from sensecf_core.types import JsonView

_TITLES: dict[Profile, str] = {
    "behaviour": "Options to discuss",
    "intervention": "Options to discuss",
    "contrast": "What would tip the model: an explanation, not advice",
}
_PROFILE_LIMITS: dict[Profile, str] = {
    "behaviour": (
        "Only what a person does was allowed to change, by realistic steps and in sensible directions."
    ),
    "intervention": (
        "Behaviours and clinical measures were allowed to change, by realistic steps and in sensible "
        "directions. A clinical measure is what would have to follow, not something to do."
    ),
    "contrast": "Everything but context was allowed to change, in any direction.",
}
_NOTHING: dict[str, str] = {
    "none": "No option was found.",
    "already_desired": "Nothing to change: the model already decides this way.",
    "budget_spent": "No option was found before the budget was spent.",
    "cancelled": "The search was cancelled before an option was found.",
}
_SHORT_HASH = 12


@dataclass(frozen=True)
class SheetOption:
    """One kept option: its number in the answer, its risk as p(class 1), and it in words."""

    number: int
    probability: float
    headline: str
    sentence: str
    believed: str
    effort: str = ""
    breaks: tuple[str, ...] = ()


@dataclass(frozen=True)
class Sheet:
    """All that stands on the page, from top to bottom; probabilities are p(class 1)."""

    notice_above: str
    title: str
    subject: str
    about: tuple[str, ...]
    red_flags: tuple[str, ...]
    risk: str
    probability: float
    threshold: float
    options_title: str
    options: tuple[SheetOption, ...]
    told: tuple[str, ...]
    unchanged_title: str
    unchanged: tuple[str, ...]
    quality: tuple[str, ...]
    limits: tuple[str, ...]
    origin: tuple[str, ...]
    address: str
    notice_below: str
    created: str


def sheet(
    answer: Answer,
    schema: Schema,
    card: JsonView | None,
    kept: Sequence[int] | None = None,
    efforts: Mapping[str, Effort] | None = None,
) -> Sheet:
    """Put together the sheet of an answer about a row of the cohort of ``schema``.

    ``card`` is that of the classifier which gave the answer, None where it is not at hand. ``kept`` are
    numbers of options, None for all. ``efforts`` is how hard somebody said that changes are for the person,
    by feature. Raises ``InputError`` for a number that is not there.
    """
    options = kept_options(answer, kept)
    provenance = schema.provenance
    row = "" if schema.row_column is None else f", {schema.row_label} {answer.row_id}"
    return Sheet(
        notice_above=DISCLAIMER,
        title=_TITLES[answer.limits.profile],
        subject=f"Participant {answer.participant_id}{row}",
        about=(
            f"{schema.title} · {data_label(provenance.real)}",
            f"Asked {answer.created[:16].replace('T', ' ')} · {_method(answer)}",
        ),
        red_flags=tuple(f"{ACT_FIRST.upper()}: {with_source(flag)}" for flag in raised(answer, schema)),
        risk=_risk(answer, schema),
        probability=answer.factual.probability,
        threshold=answer.threshold,
        options_title=f"{'' if kept is None else 'Kept '}{_noun(answer)}s".capitalize(),
        options=tuple(_option(schema, option, efforts or {}) for option in options),
        told=tuple(_told(answer, options)),
        unchanged_title="Not changed in any of these" if options else "As measured",
        unchanged=tuple(_unchanged(answer, schema, options)),
        quality=quality_lines(card),
        limits=tuple(
            text for text in (_PROFILE_LIMITS[answer.limits.profile], " ".join(provenance.notes)) if text
        ),
        origin=tuple(_origin(answer)),
        address=f"/Interventions?answer={answer.answer_id}",
        notice_below=DISCLAIMER_LONG,
        created=answer.created,
    )


def _method(answer: Answer) -> str:
    if answer.method == BY_HAND:
        return f"made by hand by {answer.settings.get('made_by', 'somebody')}, checked like every option"
    model = answer.settings.get("model")
    return f"method {answer.method}{f' ({model})' if model else ''}, seed {answer.seed}"


def _risk(answer: Answer, schema: Schema) -> str:
    task, probability = schema.task, answer.factual.probability
    flagged = "raises" if answer.factual.predicted else "does not raise"
    return (
        f"The model's risk of “{task.label}” is {risk_beside(probability, answer.threshold)} of 100. It "
        f"{flagged} the flag, which it does from {risk(answer.threshold)} of 100 on."
    )


def _option(schema: Schema, kept: KeptOption, efforts: Mapping[str, Effort]) -> SheetOption:
    answer, option = kept.answer, kept.option
    after = risk_beside(option.probability, answer.threshold)
    return SheetOption(
        number=kept.number,
        probability=option.probability,
        headline=(
            f"{_noun(answer).capitalize()} {kept.number}: risk {after} instead of "
            f"{risk(answer.factual.probability)} of 100"
        ),
        sentence=kept.in_words(schema),
        believed=kept.believed,
        effort=kept.effort_in_words(schema, efforts),
        breaks=option.violations,
    )


def _noun(answer: Answer) -> str:
    return "explanation" if answer.limits.profile == "contrast" else "option"


def _told(answer: Answer, options: Sequence[object]) -> Iterator[str]:
    if not options:
        there_were = kept_options(answer, None)
        yield "No option was kept." if there_were else _NOTHING.get(answer.status, "No option was found.")
        yield from answer.reasons
    yield from answer.notes


def _unchanged(answer: Answer, schema: Schema, options: Sequence[KeptOption]) -> Iterator[str]:
    changed = {name for one in options for name in one.option.changes}
    for feature in schema.features:
        if feature.name not in changed and feature.name in answer.factual.features:
            yield f"{feature.label}: {measure(feature, answer.factual.features[feature.name])}"


def _origin(answer: Answer) -> Iterator[str]:
    provenance = answer.provenance
    versions, hashes = provenance.get("version"), provenance.get("sha256")
    version = versions.get("sensecf", "") if isinstance(versions, dict) else ""
    commit = str(provenance.get("commit") or "unknown")[:_SHORT_HASH]
    yield f"SenseCF {version}, commit {commit}, answer {answer.answer_id}".replace(" ,", ",")
    if isinstance(hashes, dict) and hashes:
        short = (f"{name.replace('_', ' ')} {str(value)[:_SHORT_HASH]}" for name, value in hashes.items())
        yield f"sha256, first {_SHORT_HASH} digits: {', '.join(short)}"
