from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import pytest
from streamlit.testing.v1 import AppTest

from sensecf_core.classifiers import store
from sensecf_core.cohorts.cohort import Cohort
from sensecf_core.datasets import registry
from sensecf_core.errors import NotReadyError
from sensecf_core.jobs import model_worker
from sensecf_core.ui.jobs import train_classifier
from sensecf_core.ui.page import frame
from sensecf_core.ui.page.navigation import GROUPS, TITLES
from tests.app.conftest import PAGES, ROOT, OpenPage, World, page_text


def chips(at: AppTest) -> list[str]:
    """The labels of everything in the bar that opens."""
    return [block.proto.popover.label for block in at.get("popover")]


BEYOND_HOME = [title for title in PAGES if title != "Home"]


@pytest.mark.parametrize("title", PAGES)
def test_every_page_opens_with_banner_and_person(
    title: str, world: World, open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: set[tuple[str, float]] = set()
    monkeypatch.setattr(model_worker, "warm", lambda cohort, after=0.0: begun.add((cohort, after)))
    at = open_page(title, cohort="small", participant=world.flagged, row="0")
    text = page_text(at)
    assert at.title[0].value == TITLES.get(title, title)
    assert text.count("not a medical device") == 2  # as a heading and in the notice, in one place
    assert "SYNTHETIC DATA" in text
    assert any(f"**{world.flagged}**" in label for label in chips(at))
    assert f"(line {round(100 * world.classifier.threshold)})" in text.replace("\u00a0", " ")
    assert "of 10 measured" in text
    assert at.query_params["participant"] == world.flagged
    assert ("small", 0.0 if title == "Interventions" else frame.DRAWN_SECONDS) in begun


def test_the_navigation_has_two_groups_and_old_addresses(world: World, open_page: OpenPage) -> None:
    at = open_page("Home")
    links = [link.proto for link in at.sidebar.get("page_link")]
    assert [link.label for link in links] == [
        "Home",
        "Participants",
        "Overview",
        "Options",
        "What-if",
        "Comparison",
        "Benchmarks",
        "Augmentation",
        "Models",
    ]
    listed = [title for title in BEYOND_HOME if title not in ("Glucose", "Your_data")]
    assert [link.page for link in links[1:]] == listed
    assert [group.value for group in at.sidebar.caption][: len(GROUPS)] == list(GROUPS)


def test_a_cohort_cannot_be_emptied_but_a_person_can(world: World, open_page: OpenPage) -> None:
    at = open_page("Prediction", cohort="small", participant=world.flagged)
    assert at.selectbox(key="pick_cohort").proto.HasField("default")
    at.selectbox(key="pick_participant").set_value(None).run()
    assert "Nobody is chosen yet" in at.info[0].value and at.query_params["cohort"] == "small"


@pytest.mark.parametrize("title", PAGES)
def test_without_a_choice_the_first_cohort_is_taken_and_written_into_the_address(
    title: str, world: World, open_page: OpenPage
) -> None:
    at = open_page(title)
    assert at.query_params["cohort"] == "small"
    assert "participant" not in at.query_params


@pytest.mark.parametrize("title", ["Prediction", "Interventions", "Comparison"])
def test_nobody_chosen_says_what_to_do_and_offers_examples(
    title: str, world: World, open_page: OpenPage
) -> None:
    at = open_page(title)
    assert "Nobody is chosen yet" in at.info[0].value
    assert at.selectbox(key="pick_participant").value is None
    at.button[0].click().run()
    assert not at.exception
    assert at.query_params["participant"] in world.cohort.rows.index.get_level_values(0)


@pytest.mark.parametrize("title", BEYOND_HOME)
def test_unknown_participant_is_one_sentence_with_near_matches(
    title: str, world: World, open_page: OpenPage
) -> None:
    at = open_page(title, cohort="small", participant="p00010")
    assert "Unknown participant 'p00010'; did you mean" in page_text(at)
    assert "p0010" in at.error[0].value
    assert at.selectbox(key="pick_participant").value is None


@pytest.mark.parametrize("title", PAGES)
def test_unknown_cohort_is_one_sentence_with_near_matches(
    title: str, world: World, open_page: OpenPage
) -> None:
    at = open_page(title, cohort="smal", participant=world.flagged)
    assert "Unknown cohort 'smal'; did you mean small?" in page_text(at)
    at.selectbox(key="pick_cohort").select("small").run()
    assert not at.exception
    assert not at.error


def test_unknown_row_is_refused(world: World, open_page: OpenPage) -> None:
    at = open_page("Prediction", cohort="small", participant=world.flagged, row="9")
    assert "'9'" in at.error[0].value


def test_choosing_somebody_changes_the_address_and_lasts_across_pages(
    world: World, open_page: OpenPage
) -> None:
    at = open_page("Prediction", cohort="small", participant=world.flagged)
    at.selectbox(key="pick_participant").select(world.unflagged).run()
    assert at.query_params["participant"] == world.unflagged
    at.query_params.clear()  # as Streamlit does when one moves to another page
    at.switch_page(PAGES["Participants"]).run()
    assert not at.exception
    assert at.query_params["participant"] == world.unflagged
    assert f"Profile of {world.unflagged}" in page_text(at)


def test_a_cohort_whose_files_are_missing_says_what_to_run(
    world: World, open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(name: str) -> None:
        raise NotReadyError("The data of cohort 'small' cannot be read; run `make data`.")

    monkeypatch.setattr(registry, "load", missing)
    for title in PAGES:
        assert "make data" in page_text(open_page(title))


@pytest.fixture
def started(world: World, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, ...]]:
    """No classifier is ready; commands that would be started are recorded instead."""
    commands: list[tuple[str, ...]] = []

    def start(kind: str, argv: list[str], label: str) -> str:
        commands.append((kind, *argv))
        return "nothing-runs-in-this-test"

    monkeypatch.setattr(store, "ready", lambda cohort: False)
    monkeypatch.setattr(train_classifier.subprocess_worker, "start", start)
    return commands


TRAINING = ("train", "train", "--cohort", "small", "--json-progress")


def test_an_own_cohort_is_trained_at_once_and_only_once(
    world: World, open_page: OpenPage, started: list[tuple[str, ...]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registry, "load", lambda name: replace(world.cohort, own=True))
    at = open_page("Participants")
    assert started == [TRAINING]
    assert "python -m sensecf_core train --cohort small" in page_text(at).replace("\\", "")
    at.run()
    assert len(started) == 1


def test_a_built_in_cohort_is_trained_only_when_asked(
    world: World, open_page: OpenPage, started: list[tuple[str, ...]]
) -> None:
    at = open_page("Participants")
    assert "run `.venv/bin/python -m sensecf_core train --cohort small`" in at.warning[0].value
    assert started == []
    at.button(key="train_small").click().run()
    assert started == [TRAINING]


def _without_val(world: World) -> Cohort:
    """The small cohort, whose validation part is empty, as somebody's own."""
    return replace(world.cohort, parts=world.cohort.parts.replace("val", "train"), own=True)


def test_participants_needs_no_classifier(
    world: World, open_page: OpenPage, started: list[tuple[str, ...]]
) -> None:
    at = open_page("Participants", cohort="small", participant=world.flagged)
    text = page_text(at)
    assert "This cohort has no classifier yet" in text
    assert f"Profile of {world.flagged}" in text
    headings = [heading for _, heading in at.dataframe[0].value.columns]
    assert "Participant" in headings and "Risk of 100" not in headings
    assert "Flagged:" not in text and not any(chips.label == "Show" for chips in at.pills)


def test_a_cohort_too_small_says_why_and_what_mends_it_and_trains_nothing(
    world: World, open_page: OpenPage, started: list[tuple[str, ...]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registry, "load", lambda name: _without_val(world))
    for title in ("Participants", "Prediction"):
        at = open_page(title, cohort="small", participant=world.flagged)
        text = page_text(at)
        assert "its validation part is empty. Add participants" in text
        assert "being trained" not in text and "Training failed" not in text
        assert not any("Train" in button.label for button in at.button)
        assert (f"Profile of {world.flagged}" in text) == (title == "Participants")
    assert started == []


def test_training_that_failed_is_not_called_under_way_and_may_be_tried_again(
    world: World, open_page: OpenPage, started: list[tuple[str, ...]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registry, "load", lambda name: replace(world.cohort, own=True))
    at = open_page("Participants", cohort="small", participant=world.flagged)
    text = page_text(at)
    assert "Training failed." in text and "being trained now" not in text
    assert f"Profile of {world.flagged}" in text
    at.button(key=next(one.key for one in at.button if one.label == "Train again")).click().run()
    assert not at.exception and started == [TRAINING, TRAINING]


def test_home_does_not_load_torch_or_shap_and_no_page_loads_torch() -> None:
    program = """
import sys
from streamlit.testing.v1 import AppTest
from sensecf_core.jobs import model_worker
model_worker.warm = lambda cohort, after: None  # what is drawn is one thing, what comes after another
at = AppTest.from_file("app.py", default_timeout=120).run()
assert not at.exception, at.exception
assert not {"torch", "shap", "transformers"} & set(sys.modules), "home"
from sensecf_core.ui.participants import profile, table
from sensecf_core.ui.prediction import best_options, classifier_card
from sensecf_core.ui.whatif import show
from sensecf_core.ui.interventions import form, results
from sensecf_core.ui.comparison import form, results
from sensecf_core.ui.models import adapters, base_models, fine_tuning
base_models.this_machine()
assert not {"torch", "shap", "transformers"} & set(sys.modules), "pages"
"""
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr[-2000:]


@pytest.mark.parametrize("title", PAGES)
def test_a_damaged_classifier_is_said_on_every_page(
    title: str, world: World, open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    def damaged(cohort: object) -> None:
        raise NotReadyError("The classifier of `small` is damaged; run `make train`.")

    monkeypatch.setattr(store, "load", damaged)
    at = open_page(title, cohort="small", participant=world.flagged)
    assert any("is damaged" in error.value for error in at.error)
