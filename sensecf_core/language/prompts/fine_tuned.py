"""The prompt of a fine-tuned model: short, since the adapter has learned the schema and the task.

``waist=102.5:97.5+4,92.5+7`` is a feature that may move, its value, and what moving it to each of two
values is told to be worth, in tenths of the way to the desired class (a little beyond the threshold, see
:data:`SAFETY`). So changes whose tenths add up to 10 should do, whatever the gap: small numbers, since a
small model adds badly. For the same reason an answer counts along, ``waist=97.5+4=4; sleep=7.5+7=11``: each
change, its tenths, and the sum so far. The most useful feature comes first, and answers keep that order: it
is easier to learn to add until it is enough than to plan ahead.
"""

from __future__ import annotations

import hashlib
from itertools import groupby

from sensecf_core.cohorts.encoding import to_code
from sensecf_core.cohorts.schema import Schema
from sensecf_core.language.prompts.grammar import value_text, write_edits
from sensecf_core.language.prompts.plain import Prompt, reference_case
from sensecf_core.queries.answer import Edits
from sensecf_core.queries.query import FeatureEffect, PromptHints, Query

SYSTEM = "Choose few changes whose tenths add up to 10 or more, the largest first."
GOAL = "Risk {risk}, wanted {goal}, at most {most}."
HIGHER, LOWER = "higher", "lower"
SAFETY = 0.15
"""Log-odds beyond the threshold that count as the whole way: what is told is an estimate, and answers that
just add up to 10 should flip all the same."""
ENOUGH = 10
"""Tenths that make the whole way; more are written as this."""


def build(schema: Schema, query: Query, hints: PromptHints) -> Prompt:
    """Write the prompt of one query."""
    lines = []
    if hints.context:
        lines.append("; ".join(f"{name}={_now(schema, query, name)}" for name in hints.context))
    for name, effects in groupby(hints.effects, key=lambda effect: effect.feature):
        offers = [_offer(schema, query, hints, effect) for effect in effects]
        lines.append(f"{name}={_now(schema, query, name)}:{','.join(offers)}")
    lines.append(
        GOAL.format(
            risk=round(100 * query.factual.probability),
            goal=HIGHER if query.desired else LOWER,
            most=query.limits.max_changes,
        )
    )
    return Prompt(system=SYSTEM, user="\n".join(lines))


def effect_scores(schema: Schema, query: Query, hints: PromptHints) -> dict[str, dict[str, int]] | None:
    """The tenths of each change told, by feature and value text; None where nothing is told of them."""
    if not any(effect.log_odds for effect in hints.effects):
        return None
    found: dict[str, dict[str, int]] = {}
    for effect in hints.effects:
        text = value_text(schema.feature(effect.feature), effect.value)
        found.setdefault(effect.feature, {})[text] = score_out_of_10(query, hints, effect)
    return found


def answer_text(schema: Schema, query: Query, hints: PromptHints, edits: Edits) -> str:
    """Write edits as the model is taught to answer: in the order told, counting along."""
    return write_edits(schema, edits, answer_order(hints), effect_scores(schema, query, hints))


def answer_order(hints: PromptHints) -> tuple[str, ...]:
    """The order in which an answer names features: as they are told."""
    return tuple(dict.fromkeys(effect.feature for effect in hints.effects))


def _now(schema: Schema, query: Query, name: str) -> str:
    feature = schema.feature(name)
    return value_text(feature, to_code(feature, query.factual.features[name]))


def score_out_of_10(query: Query, hints: PromptHints, effect: FeatureEffect) -> int:
    """What a change is told to be worth, in tenths of the way to the desired class (-10 to 10)."""
    score = effect.log_odds if query.desired else -effect.log_odds
    return max(-ENOUGH, min(ENOUGH, round(ENOUGH * score / (hints.gap + SAFETY))))


def _offer(schema: Schema, query: Query, hints: PromptHints, effect: FeatureEffect) -> str:
    """A value and its tenths; a worth of 0 is not told (see ``effects``, source "none")."""
    value = value_text(schema.feature(effect.feature), effect.value)
    return f"{value}{score_out_of_10(query, hints, effect):+d}" if effect.log_odds else value


def _template_sha256() -> str:
    """Hash the prompt of the reference case, so that it changes exactly when the prompt's text does."""
    schema, query, _ = reference_case()
    hints = PromptHints(
        gap=0.5,
        effects=(
            FeatureEffect(feature="number", value=3.0, log_odds=-0.2),
            FeatureEffect(feature="number", value=2.0, log_odds=-0.4),
            FeatureEffect(feature="flag", value=1, log_odds=-0.1),
            FeatureEffect(feature="count", value=1, log_odds=0.0),
        ),
        context=("level",),
    )
    mirrored = query.model_copy(update={"desired": 1})
    edits: Edits = {"number": 2.0, "flag": 1}
    texts = [build(schema, case, hints).text for case in (query, mirrored)]
    texts.append(answer_text(schema, query, hints, edits))
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()


TUNED_SHA256 = _template_sha256()
"""Hash of this template, kept in every adapter's card: an adapter answers only the prompt it learned."""
