from __future__ import annotations

from pathlib import Path

import pytest

from sensecf_core.classifiers import store
from sensecf_core.cohorts.own.problems import Problem
from sensecf_core.datasets import registry
from sensecf_core.datasets.registry import BrokenCohort
from tests.app.conftest import OpenPage, World, page_text


def facts(at: object) -> str:
    return " ".join(str(cell) for table in at.get("table") for cell in table.value.to_numpy().ravel())  # type: ignore[attr-defined]


def test_a_card_per_cohort_with_size_task_quality_and_licence(world: World, open_page: OpenPage) -> None:
    at = open_page("Home")
    auroc = world.card["metrics"]["auroc"]["value"]
    assert "Small synthetic cohort" in page_text(at)
    for part in ("600 participants, 10 features", "Is the flag raised?", f"AUROC {auroc:.2f} (", "none"):
        assert part in facts(at)


def test_a_weak_classifier_is_called_weak(
    world: World, open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "better than chance" not in facts(open_page("Home"))
    weak = {"value": 0.55, "low": 0.45, "high": 0.64}
    card = world.card | {"metrics": world.card["metrics"] | {"auroc": weak}}
    monkeypatch.setattr(store, "card", lambda cohort: card)
    assert "AUROC 0.55 (0.45–0.64) on" in facts(open_page("Home"))
    assert ": hardly better than chance" in facts(open_page("Home"))


def test_an_untrained_cohort_says_so(
    world: World, open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "ready", lambda cohort: False)
    assert "not trained yet" in facts(open_page("Home"))


def test_a_broken_folder_is_listed_with_every_problem(
    world: World, open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    problems = (Problem("bmi", 3, "`bmi` is 900", "Correct it."), Problem(None, None, "no target", "Add it."))
    monkeypatch.setattr(registry, "broken", lambda: (BrokenCohort(Path("/data/mine"), problems),))
    at = open_page("Home")
    assert "/data/mine" in at.error[0].value and "2 problems" in at.error[0].value
    assert "no target" in facts(at)


def test_a_missing_language_model_says_what_to_run(
    world: World, open_page: OpenPage, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SENSECF_BASE_MODELS", str(tmp_path))
    at = open_page("Home")
    assert "python -m sensecf_core fetch-model" in at.warning[0].value
