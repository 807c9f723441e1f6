from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from sensecf_core.language.models import adapter_choice, adapters, default_model
from sensecf_core.ui.models import adapter_card, adapter_rates
from tests.app import made_adapter
from tests.app.conftest import OpenPage, World, page_text
from tests.app.models.shown import facts, warnings


def test_without_an_adapter_the_page_says_what_to_do(world: World, open_page: OpenPage) -> None:
    at = open_page("Models", cohort="small")
    assert "No language model was fine-tuned for this cohort yet. Start it below" in at.info[0].value
    assert not [b for b in at.button if (b.key or "").startswith(("use_", "delete_"))]


def test_the_adapter_for_every_cohort_answers_until_there_is_one(
    world: World, open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    (general,) = adapters.for_every_cohort()
    known = default_model.status()
    found = replace(known, sha256=general.card.base_sha256)
    monkeypatch.setattr(default_model, "status", lambda *_, **__: found)
    at = open_page("Models", cohort="small")
    text = page_text(at)
    assert f"Until then {general.card.name} answers." in at.info[0].value
    assert f"is answered by **{general.card.name}**" in text
    assert "Measured on nhanes, heart, aireadi, not on this cohort." in text


def test_an_adapter_shows_rates_with_units_curve_rounds_and_origin(world: World, open_page: OpenPage) -> None:
    shown = {"part": "val", "people": 60, "seed": 0, "solid": 0.4, "answered": 0.75, "gower": 0.031}
    shown |= {"classifier_sha256": world.classifier.sha256}
    made_adapter.write(world.cohort, classifier_sha256=world.classifier.sha256, shown={"small": shown})
    at = open_page("Models", cohort="small")
    text, tables = page_text(at), facts(at)
    assert "is answered by **trial**" in text
    assert "Raw validity **80 of 100** (68\u2060–\u206090 by direction and limits)" in text
    assert "Options for a person → flag not raised" in tables and "Explanation only → flag raised" in tables
    assert "lower the risk, **40 of 100** flagged people are shown a solid option first, 75 of 100" in text
    assert "at a mean distance of 0.031 (60 people, validation)" in text
    assert "Raw validity, of 100" in tables and "82" in tables.split() and "0.042" in tables.split()
    assert "Mean raw validity on the validation set by temperature: 1: 60 of 100; 0.8: 80 of 100." in text
    assert "fell from 1.91 to 0.31" in text and "rose from 31 to 78" in text
    assert len(at.get("plotly_chart")) == 2
    assert "no longer improved" in tables and "Features changed" in tables and "0.031" in tables.split()
    assert "about 917 people" in text.replace("\u202f", " ")
    assert "sha256 dddddddddddd…" in tables
    assert not at.warning


def test_the_curve_shows_solid_candidates_too_and_the_control_that_copies(
    world: World, open_page: OpenPage
) -> None:
    beside = {"nearest_pair_valid": 0.5, "nearest_pair_solid": 0.2, "part": "val"}
    rates = (
        made_adapter.rate("contrast", 0, 0.9, 1.0) | beside | {"queries": 10},
        made_adapter.rate("contrast", 1, 0.9, 1.0) | beside | {"queries": 30, "nearest_pair_solid": 0.4},
    )
    folder = made_adapter.write(world.cohort, rates=rates)
    points = [
        {"tokens": tokens, "loss": 1.0, "score": score, "rates": {"solid": solid}}
        for tokens, score, solid in ((1000, 0.3, 0.1), (2000, 0.6, 0.25))
    ]
    (folder / adapters.CURVE).write_text(json.dumps(points), encoding="utf-8")
    at = open_page("Models", cohort="small")
    text = page_text(at)
    assert (
        "The solid share of raw suggestions on people it did not learn from (val) rose from 10 to 25" in text
    )
    # 10 queries of 0.2 and 30 of 0.4
    assert "copies the nearest answers reaches 35." in text and "answers reaches 50." in text
    assert len(at.get("plotly_chart")) == 3


def test_a_phone_gets_letters_for_column_heads(
    world: World, open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(adapter_rates, "on_phone", lambda: True)
    made_adapter.write(world.cohort)
    at = open_page("Models", cohort="small")
    assert "**B**: Explanation only → flag not raised" in page_text(at)
    assert ["Measure", "A", "B", "C"] in [list(table.value.columns) for table in at.get("table")]


def test_the_learning_curve_goes_on_over_rounds_and_survives_damage(world: World) -> None:
    folder = made_adapter.write(world.cohort)
    assert [p.tokens for p in adapter_card.learning_curve(folder)] == [150_000, 300_000, 490_000, 612_345]
    (folder / adapters.CURVE).write_text('[{"tokens": 5, "loss": NaN, "score": null}]')
    assert adapter_card.learning_curve(folder) == (adapter_card.CurvePoint(5, None, None),)
    (folder / adapters.CURVE).write_text("[{")
    assert adapter_card.learning_curve(folder) == ()


def test_rates_of_a_test_part_with_intervals_are_shown(world: World, open_page: OpenPage) -> None:
    rate = made_adapter.rate("intervention", 0, 0.8) | {"valid": {"value": 0.8, "low": 0.7, "high": 0.9}}
    rates = (rate | {"part": "test", "judge": "forest"}, rate | {"k": 1}, rate | {"k": 2})
    made_adapter.write(world.cohort, rates=rates, rounds=())
    at = open_page("Models", cohort="small")
    assert "80 (70–90)" in facts(at) and "judge forest" in facts(at)
    assert "Raw validity **80 of 100**" in page_text(at) and "(test set, 12 people)" in page_text(at)


def test_columns_that_are_headed_alike_are_all_there(world: World, open_page: OpenPage) -> None:
    rate = made_adapter.rate("intervention", 0, 0.8)
    made_adapter.write(world.cohort, rates=(rate | {"k": 1}, rate | {"k": 2}), rounds=())
    assert "→ flag not raised (2)" in facts(open_page("Models", cohort="small"))


def test_another_adapter_is_chosen_and_stays_chosen(world: World, open_page: OpenPage) -> None:
    first, second = (made_adapter.write(world.cohort, name) for name in ("one", "two"))
    at = open_page("Models", cohort="small")
    assert "answered by **one**" in page_text(at)
    at.button(key="use_own_two").click().run()
    assert not at.exception
    assert "answered by **two**" in page_text(at)
    again = open_page("Models", cohort="small")
    assert "answered by **two**" in page_text(again)
    chosen = adapter_choice.chosen(world.cohort)
    assert chosen is not None and chosen.folder == second != first


def test_deleting_asks_first_and_deletes_only_that_one(world: World, open_page: OpenPage) -> None:
    first, second = (made_adapter.write(world.cohort, name) for name in ("one", "two"))
    at = open_page("Models", cohort="small")
    assert "and its checkpoints are deleted from this disk for good" in page_text(at)
    at.button(key="delete_own_one").click().run()
    assert not at.exception
    assert not first.exists() and second.exists()
    assert "answered by **two**" in page_text(at)


def test_one_that_came_with_the_program_cannot_be_deleted(
    world: World, open_page: OpenPage, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(adapters, "BUILT_IN", tmp_path / "given")
    made_adapter.write(world.cohort, "shipped", target=tmp_path / "given" / "small" / "shipped")
    at = open_page("Models", cohort="small")
    assert "came with the program" in page_text(at)
    assert not [b for b in at.button if (b.key or "").startswith("delete_")]


def test_unfit_adapters_and_another_classifier_are_warned_of(world: World, open_page: OpenPage) -> None:
    made_adapter.write(world.cohort, "old", schema_sha256="f" * 64, base="biomistral-7b")
    at = open_page("Models", cohort="small")
    assert "None of these adapters can answer" in warnings(at)
    assert "The adapter old was trained for another schema" in warnings(at)
    assert not [b for b in at.button if (b.key or "").startswith("use_")]
    made_adapter.write(world.cohort, "fits")
    at = open_page("Models", cohort="small")
    assert "fits was trained and measured with another classifier" in warnings(at)
    assert "answered by **fits**" in page_text(at)


def test_controls_and_the_credit_over_them_stand_beside_the_model(world: World, open_page: OpenPage) -> None:
    controls = {"random_valid": 0.1, "nearest_pair_valid": 0.5, "effects_valid": 0.84}
    credit = {"credit": {"value": -0.04, "low": -0.12, "high": 0.03}, "credit_over": "effects"}
    rates = [made_adapter.rate("intervention", 0, 0.8) | controls | credit | {"part": "test"}]
    worse = {"credit": {"value": -0.1, "low": -0.15, "high": -0.05}, "credit_over": "effects"}
    beside = {**controls, **worse, "effects_valid": 0.9, "part": "test"}
    rates.append(made_adapter.rate("contrast", 0, 0.8) | beside)
    rates.append(rates[0] | {"queries": 100, "answerable": 0.09})  # nine people decide nothing
    made_adapter.write(world.cohort, rates=tuple(rates), rounds=())
    at = open_page("Models", cohort="small")
    said = "on the same queries: random draws 10 of 100, nearest answer 50 of 100, added effects 86 of 100."
    assert said in page_text(at)
    assert "(test set, 9 to 12 a group)" in page_text(at)
    assert (
        "Against the best control that knows as much, it is better in 0 of 2 groups and worse in 1 (where "
        "the 95 % interval of the difference excludes 0). 1 more group had fewer than 10 people."
    ) in page_text(at)
    shown = facts(at)
    assert "Added effects, of 100" in shown and "−4 (−12 to +3) over added effects" in shown
    assert "credit_over" not in shown


def test_a_card_without_controls_says_so(world: World, open_page: OpenPage) -> None:
    made_adapter.write(world.cohort)
    text = page_text(open_page("Models", cohort="small"))
    assert "Controls without a language model were not measured beside it." in text
