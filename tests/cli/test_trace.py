"""``trace``: both directions, files with their origin, and a second run that asks nobody again."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from sensecf_core.cli.commands.experiments import trace
from sensecf_core.language.models import adapter_choice
from tests.cli.conftest import Command

TRACE = ("trace", "--cohort", "heart", "--n", "3", "--methods", "random", "--candidates", "8")


def test_both_directions_with_their_origin(command: Command, tmp_path: Path) -> None:
    ended = command(*TRACE, "--out", str(tmp_path / "results"))
    assert ended.code == 0
    assert "1→0" in ended.out
    document = json.loads((tmp_path / "results/trace-heart.json").read_text())
    assert document["command"].startswith("python -m sensecf_core")
    assert (document["seed"], document["n"], document["candidates"]) == (0, 3, 8)
    assert {"cohort", "split", "classifier", "engine"} <= set(document["provenance"]["sha256"])
    assert document["machine"]["cores"]
    table = [(row["direction"], row["limits"], row["people"], row["candidates"]) for row in document["table"]]
    assert table == [("1→0", "contrast", 3, 24), ("0→1", "contrast", 3, 24)]
    assert len(document["queries"]) == 6
    with (tmp_path / "results/trace-heart.csv").open() as lines:
        assert [row["direction"] for row in csv.DictReader(lines)] == ["1→0", "0→1"]


@pytest.mark.model
def test_at_a_temperature_that_is_named_the_files_say_it_and_no_card_is_written(
    command: Command, tmp_path: Path
) -> None:
    few = ("--methods", "random,lm-zero-shot", "--n", "1", "--candidates", "2")
    ended = command(*TRACE, *few, "--temperature", "0.9", "--out", str(tmp_path))
    assert ended.code == 0
    document = json.loads((tmp_path / "trace-heart-temperature-0.9.json").read_text())
    assert document["temperature"] == 0.9 and "temperature" not in command(*TRACE, "--json").json
    assert "--methods names none" in command(*TRACE, "--temperature", "1").err
    asked_for_a_card = ("--methods", "lm-guided", "--temperature", "1", "--card")
    assert "their own temperature" in command(*TRACE, *asked_for_a_card).err
    for value in ("0", "-1", "2.5", "nan"):
        assert "--temperature must be above 0" in command(*TRACE, "--temperature", value).err


def test_by_default_all_methods_that_draw_are_asked_but_those_without_an_adapter(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(adapter_choice, "chosen", lambda cohort, prompt: prompt == "guided" or None)
    asked = trace._samplers("heart")
    assert "lm-fine-tuned" not in asked
    assert {"lm-guided", "lm-few-shot", "random", "nearest-pair", "effects"} <= set(asked)
    assert "search" not in asked and "treecf" not in asked


def test_a_run_is_not_asked_twice(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    first = command(*TRACE, "--json").json
    monkeypatch.setattr(
        "sensecf_core.counterfactuals.explain.answer", lambda *_, **__: pytest.fail("asked again")
    )
    assert command(*TRACE, "--json").json["queries"] == first["queries"]


def test_all_of_the_test_part(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    from sensecf_core.counterfactuals import explain
    from sensecf_core.datasets import registry

    heart = registry.load("heart")
    real, first = explain.answer, []

    def instant(fitted: object, request: object) -> object:
        first[:] = first or [real(fitted, request)]  # type: ignore[arg-type]
        return first[0]

    monkeypatch.setattr(explain, "answer", instant)
    ended = command("trace", "--cohort", "heart", "--n", "0", "--methods", "random", "--json")
    people = [row["people"] for row in ended.json["table"]]
    assert sum(people) == len(ended.json["queries"]) == len(heart.part("test"))
