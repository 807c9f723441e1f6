from __future__ import annotations

from pathlib import Path

import pytest

from sensecf_core.classifiers import store
from sensecf_core.cohorts.own.problems import Problem
from sensecf_core.counterfactuals.feasibility import cohort_map
from sensecf_core.datasets import registry
from sensecf_core.datasets.registry import BrokenCohort
from sensecf_core.records import decisions
from sensecf_core.ui.choice import examples
from tests.app.conftest import OpenPage, World, page_text


def facts(at: object) -> str:
    return " ".join(str(cell) for table in at.get("table") for cell in table.value.to_numpy().ravel())  # type: ignore[attr-defined]


def test_a_card_per_cohort_with_size_task_quality_and_licence(world: World, open_page: OpenPage) -> None:
    at = open_page("Home")
    auroc = world.card["metrics"]["auroc"]["value"]
    assert "Small synthetic cohort" in page_text(at)
    for part in ("600 participants, 10 features", "Is the flag raised?", f"AUROC {auroc:.2f} ("):
        assert part in page_text(at)
    assert "none" in facts(at)  # its licence


def test_a_weak_classifier_is_called_weak(
    world: World, open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "better than chance" not in page_text(open_page("Home"))
    weak = {"value": 0.55, "low": 0.45, "high": 0.64}
    card = world.card | {"metrics": world.card["metrics"] | {"auroc": weak}}
    monkeypatch.setattr(store, "card", lambda cohort: card)
    text = page_text(open_page("Home"))
    assert "AUROC 0.55 (0.45–0.64) on" in text and "hardly better than chance" in text


def test_an_untrained_cohort_says_so(
    world: World, open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "ready", lambda cohort: False)
    at = open_page("Home")
    assert "not trained yet" in page_text(at)
    assert not any(button.label == "Open an example" for button in at.button)


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


def test_the_example_is_somebody_with_a_solid_option(mapped: World, open_page: OpenPage) -> None:
    at = open_page("Home")
    at.button(key="example").click().run()
    assert not at.exception
    assert at.title[0].value == "Options" and at.query_params["participant"] == mapped.flagged


def test_the_people_asked_or_decided_about_last_are_offered(
    world: World, open_page: OpenPage, private_var: Path
) -> None:
    assert "Continue with" not in page_text(open_page("Home"))
    decisions.write_note("small", world.flagged, "Call again.", by="AB")
    decisions.star("small", world.unflagged, by="AB")
    decisions.star("gone", "1", by="AB")
    at = open_page("Home")
    assert "Continue with" in page_text(at)
    links = [link.proto.label for link in at.get("page_link")]
    people = [label for label in links if label in (world.flagged, world.unflagged, "1")]
    assert people == [world.unflagged, world.flagged]


def test_the_example_is_somebody_whom_behaviours_help_and_about_whom_the_model_is_right() -> None:
    cohort = registry.load("nhanes")
    found = examples.best(cohort, store.load(cohort))
    assert found is not None and cohort.target.loc[found] == 1 and cohort.parts.loc[found] == "test"
    options = cohort_map.read(cohort).frame
    assert options is not None
    of_it = options[(options["participant_id"] == found[0]) & (options["desired"] == 0)].set_index("profile")
    assert of_it.loc["intervention", "cross"] == of_it.loc["behaviour", "lower"] == "solid"
