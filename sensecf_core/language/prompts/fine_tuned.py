"""The prompt of a fine-tuned model: short, since the adapter has learned the schema and the task.

``waist=102.5:97.5+4,92.5+7`` is a feature that may move, its value, and two new values with their scores. A
score is the change's estimated effect in tenths of the way to the desired class (a little beyond the
threshold, see :data:`SAFETY`). So changes whose scores add up to 10 should suffice, whatever the gap: small
numbers, since a small model adds badly. For the same reason an answer carries sums,
``waist=97.5+4=4; sleep=7.5+7=11``: each change, its score, and the sum so far. The feature with the largest
effect comes first, and answers keep that order: it is easier to learn to add until it is enough than to plan
ahead.
"""

from __future__ import annotations

import hashlib
from itertools import groupby

from sensecf_core.cohorts.encoding import to_code
from sensecf_core.cohorts.schema import Schema
from sensecf_core.language.prompts.grammar import value_text, write_edits
from sensecf_core.language.prompts.plain import Prompt, reference_case
from sensecf_core.language.prompts.sums_grammar import ENOUGH
from sensecf_core.queries.answer import Edits
from sensecf_core.queries.query import FeatureEffect, PromptHints, Query

SYSTEM = "Choose few changes whose tenths add up to 10 or more, the largest first."
GOAL = "Risk {risk}, wanted {goal}, at most {most}."
HIGHER, LOWER = "higher", "lower"
SAFETY = 0.15
"""Log-odds beyond the threshold that the whole way includes: effects are estimates, and answers whose scores
just add up to 10 should still reach the desired class."""


def build(schema: Schema, query: Query, hints: PromptHints) -> Prompt:
    """Write the prompt of one query."""
    lines = []
    if hints.context:
        lines.append("; ".join(f"{name}={_factual(schema, query, name)}" for name in hints.context))
    for name, effects in groupby(hints.effects, key=lambda effect: effect.feature):
        options = [_option(schema, query, hints, effect) for effect in effects]
        lines.append(f"{name}={_factual(schema, query, name)}:{','.join(options)}")
    lines.append(
        GOAL.format(
            risk=round(100 * query.factual.probability),
            goal=HIGHER if query.desired else LOWER,
            most=query.limits.max_changes,
        )
    )
    return Prompt(system=SYSTEM, user="\n".join(lines))


def effect_scores(schema: Schema, query: Query, hints: PromptHints) -> dict[str, dict[str, int]] | None:
    """The score of each change, by feature and value text; None where the prompt has no scores."""
    if not any(effect.log_odds for effect in hints.effects):
        return None
    scores: dict[str, dict[str, int]] = {}
    for effect in hints.effects:
        text = value_text(schema.feature(effect.feature), effect.value)
        scores.setdefault(effect.feature, {})[text] = score_out_of_10(query, hints, effect)
    return scores


def answer_text(schema: Schema, query: Query, hints: PromptHints, edits: Edits) -> str:
    """Write edits as the model is taught to: in the prompt's order, with scores and sums."""
    return write_edits(schema, edits, answer_order(hints), effect_scores(schema, query, hints))


def answer_order(hints: PromptHints) -> tuple[str, ...]:
    """The order of features in an answer: as in the prompt."""
    return tuple(dict.fromkeys(effect.feature for effect in hints.effects))


def _factual(schema: Schema, query: Query, name: str) -> str:
    feature = schema.feature(name)
    return value_text(feature, to_code(feature, query.factual.features[name]))


def score_out_of_10(query: Query, hints: PromptHints, effect: FeatureEffect) -> int:
    """A change's effect in tenths of the way to the desired class, -10 to 10."""
    gain = effect.log_odds if query.desired else -effect.log_odds
    return max(-ENOUGH, min(ENOUGH, round(ENOUGH * gain / (hints.gap + SAFETY))))


def _option(schema: Schema, query: Query, hints: PromptHints, effect: FeatureEffect) -> str:
    """A new value and its score, which is left out for an effect of 0 (prompts without effects)."""
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
"""Hash of this template, kept in each adapter's card: an adapter is used only with the prompt it learned."""
