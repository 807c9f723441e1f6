from __future__ import annotations

from dataclasses import replace

from sensecf_core.cohorts.schema import Schema
from sensecf_core.language.prompts.plain import INSTRUCTIONS, TEMPLATE_SHA256, Example, build, chat_text
from sensecf_core.queries.query import Driver, Query


def test_zero_shot_prompt_says_everything_once(
    schema: Schema, query: Query, drivers: tuple[Driver, ...]
) -> None:
    prompt = build(schema, query, drivers)
    assert prompt.system == INSTRUCTIONS
    assert prompt.turns == ()
    assert prompt.user == (
        "Profile: age=54 years; bmi=31.2→27.5 kg/m²; waist=104.0→92 cm; carbohydrate=300→250..350 g/day; "
        "sugar=120→20 g/day; sleep=not measured; smoking=current→former; active=0→1; "
        "diet=mixed→vegetarian|low carb; sex=male\n"
        "Risk of raised flag: 62 of 100, flagged. Raising it: bmi, smoking, waist, age, sugar. "
        "Lowering it: diet.\n"
        "Change at most 3 so that it is: flag not raised."
    )


def test_limits_that_do_not_begin_beside_the_value_are_written_as_a_range(
    schema: Schema, query: Query
) -> None:
    narrowed = [m.model_copy(update={"values": (27.5, 28.0, 28.5)}) for m in query.movable[:1]]
    text = build(schema, query.model_copy(update={"movable": tuple(narrowed)}), ()).user
    assert "bmi=31.2→27.5..28.5 kg/m²" in text
    assert "waist=104.0 cm" in text


def test_the_other_direction(schema: Schema, query: Query) -> None:
    factual = query.factual.model_copy(update={"predicted": 0, "probability": 0.09})
    text = build(schema, query.model_copy(update={"desired": 1, "factual": factual}), ()).user
    assert "Risk of raised flag: 9 of 100, not flagged.\n" in text
    assert text.endswith("so that it is: flag raised.")
    assert "ing it:" not in text


def test_examples_are_earlier_turns_with_only_what_matters(
    schema: Schema, query: Query, drivers: tuple[Driver, ...], example: Example
) -> None:
    zero_shot = build(schema, query, drivers)
    prompt = build(schema, query, drivers, [example])
    assert (prompt.system, prompt.user) == (zero_shot.system, zero_shot.user)
    (turn,) = prompt.turns
    assert turn.answer == "bmi=28.0; sugar=60"
    assert turn.user.startswith(
        "Profile: bmi=31.2→27.5; sugar=120→20; smoking=current→former; diet=mixed→vegetarian|low carb\n"
    )
    roles = [message["role"] for message in prompt.messages()]
    assert roles == ["system", "user", "assistant", "user"]
    assert all(message["content"] in prompt.text for message in prompt.messages())


def test_a_model_without_chat_template_gets_plain_paragraphs(
    schema: Schema, query: Query, drivers: tuple[Driver, ...], example: Example
) -> None:
    text = chat_text(None, build(schema, query, drivers, [example]))
    assert text.startswith(INSTRUCTIONS)
    assert "\nAnswer: bmi=28.0; sugar=60\n\n" in text
    assert text.endswith("\nAnswer: ")


def test_template_hash_is_one_and_follows_the_text(monkeypatch) -> None:
    from sensecf_core.language.prompts import plain

    assert plain._template_sha256() == TEMPLATE_SHA256
    monkeypatch.setattr(plain, "NOT_MEASURED", "unknown")
    assert plain._template_sha256() != TEMPLATE_SHA256


def test_prompts_are_values(schema: Schema, query: Query) -> None:
    prompt = build(schema, query, ())
    assert replace(prompt) == prompt
