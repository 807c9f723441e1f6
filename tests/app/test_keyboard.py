"""Keys: who is next, which option they are about, and that single ones can be switched off."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from sensecf_core.classifiers import store
from sensecf_core.counterfactuals import explain as explaining
from sensecf_core.counterfactuals.problem.fitted_cohort import FittedCohort
from sensecf_core.errors import NotReadyError
from sensecf_core.jobs.model_worker import ModelWorker
from sensecf_core.queries.request import ExplainRequest
from sensecf_core.records import answers, decisions
from sensecf_core.ui.page import navigation
from tests.app.conftest import PAGES, OpenPage, World


@pytest.fixture(autouse=True)
def queue(worker: ModelWorker) -> ModelWorker:
    return worker


def keys(at: AppTest) -> dict[str, str]:
    """The keys of a page: shortcut → key of the button that it presses."""
    return {button.proto.shortcut: str(button.key) for button in at.button if button.proto.shortcut}


def test_next_and_previous_follow_the_list_with_its_filters(world: World, open_page: OpenPage) -> None:
    at = open_page("Participants", cohort="small", participant=world.unflagged)
    at.pills(key="view_small").set_value("Flagged").run()
    listed = at.dataframe[0].value["Person", "Participant"].tolist()
    chosen = []
    for key in ("step_1", "step_1", "step_-1", "step_-1"):
        at.button(key=key).click().run()
        chosen.append(at.query_params["participant"])
    assert chosen == [listed[0], listed[1], listed[0], listed[0]]  # no further than the first


def test_next_works_with_a_damaged_classifier(
    world: World, open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    def damaged(_: object) -> None:
        raise NotReadyError("The classifier is damaged.")

    monkeypatch.setattr(store, "load", damaged)
    at = open_page("Prediction", cohort="small")
    at.button(key="step_1").click().run()
    assert not at.exception and at.query_params["participant"] == world.cohort.rows.index[0][0]


def test_letters_typed_into_a_table_press_nothing(world: World, open_page: OpenPage) -> None:
    at = open_page("Your_data", cohort="small")
    assert set(keys(at)) == {"ctrl+k"} and not guarded(at)
    at.switch_page(PAGES["Participants"]).run()
    assert {"n", "p"} < set(keys(at)) and guarded(at)


def guarded(at: AppTest) -> bool:
    """Whether the page holds single keys back while it is busy."""
    return any("keysAreGuarded" in str(html.proto.body) for html in at.get("html"))


@pytest.mark.parametrize("page", ["Prediction", "Comparison"])
def test_a_person_is_found_on_the_page_that_shows_them(page: str, world: World, open_page: OpenPage) -> None:
    at = open_page(page, cohort="small", participant=world.flagged)
    at.button(key="find").click().run()
    at.selectbox(key="find_person").set_value(world.unflagged).run()
    assert not at.exception
    assert at.query_params["participant"] == world.unflagged
    assert at.title[0].value == navigation.TITLES[page]


def test_keys_decide_about_the_first_option_that_is_not_decided(world: World, open_page: OpenPage) -> None:
    fitted = FittedCohort.fit(world.cohort, world.classifier)
    asked = ExplainRequest(cohort="small", participant_id=world.flagged, method="random", candidates=64)
    answer = answers.save(explaining.answer(fitted, asked))
    at = open_page("Interventions", cohort="small", participant=world.flagged)
    assert keys(at)["k"] == "press_K" and keys(at)["w"].startswith("try_1")
    at.button(key="press_K").click().run()
    at.text_input(key=f"keep_1_{answer}_by").set_value("Dr Lee")
    at.button(key=f"keep_1_{answer}").click().run()
    assert [one.kind for one in decisions.of_person("small", world.flagged)] == ["keep"]
    assert keys(at)["k"] == f"keep_2_{answer}" and keys(at)["w"].startswith("try_2")
    assert {"ctrl+k", *"npgkxwms"} == set(keys(at))
    at.toggle(key="single_keys").set_value(False).run()
    assert set(keys(at)) == {"ctrl+k"}
