"""The prompt of a language model that was not fine-tuned.

A prompt has a fixed part, the system text (the same for every query, so that its key/value cache can be
kept), then few-shot examples as earlier turns of the chat, then the query. A feature is written
``bmi=34.5→31.5 kg/m²``: its value, the values it may take (up to a limit; ``low..high``; names), and its
unit. Examples show only the features that matter in them, without units.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from sensecf_core.cohorts.encoding import to_code
from sensecf_core.cohorts.feature import Feature
from sensecf_core.cohorts.schema import Schema
from sensecf_core.language.prompts.grammar import value_text, write_edits
from sensecf_core.queries.answer import Edits
from sensecf_core.queries.limits import Movable
from sensecf_core.queries.query import Driver, Query

LINE_ANSWER = "Answer in one line, in the profile's order: name=value; name=value"
JSON_ANSWER = 'Answer as JSON: {"changes": [{"feature": name, "value": value}]}'
INSTRUCTIONS = (
    "Name the smallest realistic change of a health profile that changes a risk model's decision. "
    "Only features with → may change: name=value→limit, →low..high, or →names; 1 is yes, 0 is no. "
    + LINE_ANSWER
)
PROFILE = "Profile: {profile}"
RISK = "Risk of {label}: {risk} of 100, {flagged}."
FLAGGED, NOT_FLAGGED = "flagged", "not flagged"
RAISING, LOWERING = "Raising it: {names}.", "Lowering it: {names}."
GOAL = "Change at most {most} so that it is: {goal}."
NOT_MEASURED = "not measured"
MAY_BECOME, FROM_TO, OR = "→", "..", "|"

MOST_DRIVERS = 6
"""Drivers in the prompt: the strongest by absolute SHAP log-odds."""
MOST_EXAMPLE_DRIVERS = 3
"""The same in an example."""


@dataclass(frozen=True)
class Turn:
    """One earlier question of the chat and its answer."""

    user: str
    answer: str


@dataclass(frozen=True)
class Prompt:
    """What is sent: the fixed system text, earlier turns (few-shot examples), and the question."""

    system: str
    user: str
    turns: tuple[Turn, ...] = ()

    def messages(self) -> list[dict[str, str]]:
        """Chat messages, as chat templates and OpenAI-compatible servers take them."""
        messages = [{"role": "system", "content": self.system}]
        for turn in self.turns:
            messages += [
                {"role": "user", "content": turn.user},
                {"role": "assistant", "content": turn.answer},
            ]
        return [*messages, {"role": "user", "content": self.user}]

    @property
    def text(self) -> str:
        """The whole prompt for people to read."""
        return "\n\n".join(f"{message['role']}:\n{message['content']}" for message in self.messages())


@dataclass(frozen=True)
class Example:
    """A solved query: edits after which the classifier predicts the desired class."""

    query: Query
    drivers: tuple[Driver, ...]
    edits: Edits


def build(
    schema: Schema, query: Query, drivers: Sequence[Driver], examples: Sequence[Example] = ()
) -> Prompt:
    """Write the prompt of one query: zero-shot, or few-shot with ``examples`` in the given order."""
    return Prompt(
        system=INSTRUCTIONS,
        user=question(schema, query, strongest(drivers, MOST_DRIVERS)),
        turns=tuple(
            Turn(_example_question(schema, example), write_edits(schema, example.edits))
            for example in examples
        ),
    )


def with_json_answer(prompt: Prompt) -> Prompt:
    """The same prompt, asking for JSON (:mod:`sensecf_core.language.prompts.json_form`)."""
    return replace(prompt, system=prompt.system.replace(LINE_ANSWER, JSON_ANSWER))


def question(
    schema: Schema, query: Query, drivers: Sequence[Driver], only: frozenset[str] | None = None
) -> str:
    """Write the part about one query, with its ``drivers``.

    ``only`` reduces the profile to these features and leaves out units.
    """
    task = schema.task
    factual = query.factual
    risk = RISK.format(
        label=task.label,
        risk=round(100 * factual.probability),
        flagged=FLAGGED if factual.predicted == 1 else NOT_FLAGGED,
    )
    goal = task.class_1 if query.desired == 1 else task.class_0
    lines = [
        PROFILE.format(profile=profile_text(schema, query, only)),
        " ".join([risk, *_driver_texts(drivers)]),
        GOAL.format(most=query.limits.max_changes, goal=goal),
    ]
    return "\n".join(lines)


def strongest(drivers: Sequence[Driver], most: int) -> tuple[Driver, ...]:
    """The ``most`` strongest drivers, strongest first (ties keep their order)."""
    ranked = sorted(drivers, key=lambda driver: -abs(driver.log_odds))
    return tuple(driver for driver in ranked[:most] if driver.log_odds != 0)


def profile_text(schema: Schema, query: Query, only: frozenset[str] | None = None) -> str:
    """Write the profile in schema order, with the allowed values of what may move."""
    movable = {item.feature: item for item in query.movable}
    parts = []
    for feature in schema.features:
        if only is not None and feature.name not in only:
            continue
        value = query.factual.features.get(feature.name)
        if value is None:
            parts.append(f"{feature.name}={NOT_MEASURED}")
            continue
        code = to_code(feature, value)
        text = f"{feature.name}={value_text(feature, code)}"
        if feature.name in movable:
            text += MAY_BECOME + allowed_text(feature, code, movable[feature.name])
        if feature.unit and only is None:
            text += f" {feature.unit}"
        parts.append(text)
    return "; ".join(parts)


def allowed_text(feature: Feature, code: float, movable: Movable) -> str:
    """Write the values that a feature with the value ``code`` may take: names, ``limit``, or ``low..high``.

    A single limit allows every value of the grid between the factual one and the limit. Where the nearest
    values on both sides are farther than a step, each side is written by itself.
    """
    texts = list(dict.fromkeys(value_text(feature, value) for value in movable.values))
    if feature.named:
        return OR.join(texts)
    below = tuple(value for value in movable.values if value < code)
    above = tuple(value for value in movable.values if value > code)
    if below and above and (code - below[-1] > feature.grid or above[0] - code > feature.grid):
        sides = (movable.model_copy(update={"values": side}) for side in (below, above))
        return OR.join(allowed_text(feature, code, side) for side in sides)
    low, high = movable.values[0], movable.values[-1]
    if len(texts) == 1 or code - feature.grid <= high < code:
        return _short(texts[0])
    if code < low <= code + feature.grid:
        return _short(texts[-1])
    return f"{_short(texts[0])}{FROM_TO}{_short(texts[-1])}"


def _short(number: str) -> str:
    return number.rstrip("0").rstrip(".") if "." in number else number


def _driver_texts(drivers: Sequence[Driver]) -> list[str]:
    up = ", ".join(driver.feature for driver in drivers if driver.log_odds > 0)
    down = ", ".join(driver.feature for driver in drivers if driver.log_odds < 0)
    return [template.format(names=names) for template, names in ((RAISING, up), (LOWERING, down)) if names]


def _example_question(schema: Schema, example: Example) -> str:
    """The same question, its profile reduced to the strongest drivers and the edited features."""
    drivers = strongest(example.drivers, MOST_EXAMPLE_DRIVERS)
    shown = frozenset({driver.feature for driver in drivers} | set(example.edits))
    return question(schema, example.query, drivers, only=shown)


def chat_text(tokenizer: Any, prompt: Prompt) -> str:
    """Render a prompt as the exact text that a model reads, up to where its answer begins.

    Uses the tokenizer's own chat template, or plain paragraphs if it has none.
    """
    if getattr(tokenizer, "chat_template", None):
        text = tokenizer.apply_chat_template(prompt.messages(), tokenize=False, add_generation_prompt=True)
        return str(text)
    parts = [prompt.system]
    for turn in prompt.turns:
        parts.append(f"{turn.user}\nAnswer: {turn.answer}")
    parts.append(f"{prompt.user}\nAnswer: ")
    return "\n\n".join(parts)


def reference_case() -> tuple[Schema, Query, tuple[Driver, ...]]:
    """Build an invented query whose prompt uses every text above; only the prompt's hash is used."""
    numeric = {"label": "", "role": "behaviour", "valid": (0, 99)}
    schema = Schema.model_validate(
        {
            "name": "reference",
            "title": "",
            "task": {"target": "t", "question": "", "label": "risk", "class_1": "one", "class_0": "zero"},
            "provenance": {"title": "", "source": "", "licence": ""},
            "features": [
                {"name": "number", "kind": "continuous", "unit": "kg", "decimals": 1, **numeric},
                {"name": "count", "kind": "integer", **numeric},
                {"name": "flag", "kind": "binary", "label": "", "role": "behaviour"},
                {"name": "level", "kind": "ordinal", "label": "", "role": "context", "levels": ("a", "b;")},
                {"name": "missing", "kind": "integer", "unit": "m", **numeric},
            ],
        }
    )
    query = Query.model_validate(
        {
            "cohort": "reference",
            "participant_id": "0",
            "row_id": "0",
            "factual": {
                "features": {"number": 8.0, "count": 3, "flag": 0, "level": "b;", "missing": None},
                "probability": 0.62,
                "predicted": 1,
            },
            "desired": 0,
            "limits": {"profile": "intervention"},
            "movable": [
                {"feature": "number", "values": [2.0, 2.5, 3.0, 3.5, 4.0]},
                {"feature": "count", "values": [1, 2, 4, 5]},
                {"feature": "flag", "values": [1]},
            ],
        }
    )
    pulls = {"number": 0.5, "count": -0.4, "flag": 0.3, "level": -0.2, "missing": 0.1}
    return schema, query, tuple(Driver(feature=name, log_odds=pull) for name, pull in pulls.items())


def _template_sha256() -> str:
    """Hash the prompt of the reference case, so that it changes exactly when a prompt's text does."""
    schema, query, drivers = reference_case()
    mirrored = query.model_copy(
        update={"desired": 1, "factual": query.factual.model_copy(update={"predicted": 0})}
    )
    example = Example(query, drivers, {"number": 2.5, "flag": 1})
    prompts = (build(schema, query, drivers, [example]), build(schema, mirrored, drivers))
    plain = [chat_text(None, prompt) for prompt in prompts]
    return hashlib.sha256("\n".join([*(prompt.text for prompt in prompts), *plain]).encode()).hexdigest()


TEMPLATE_SHA256 = _template_sha256()
"""Hash of the prompt template, for provenance and for adapters trained on it."""
JSON_TEMPLATE_SHA256 = hashlib.sha256(f"{TEMPLATE_SHA256}\n{JSON_ANSWER}".encode()).hexdigest()
"""The same for prompts that ask for JSON."""
