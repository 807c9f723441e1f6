"""Opening Options asks about a row that has no answer yet: once, for whoever may, and without a queue."""

from __future__ import annotations

import time

import pytest
from streamlit.testing.v1 import AppTest

from sensecf_core.access import people
from sensecf_core.access.people import Person
from sensecf_core.jobs.job_table import JobOutcome
from sensecf_core.jobs.model_worker import ModelWorker
from sensecf_core.jobs.worker import Progress
from sensecf_core.queries.request import ExplainRequest
from sensecf_core.records import answers
from sensecf_core.ui.interventions import form, method_picker
from sensecf_core.ui.server import sign_in
from tests.app.conftest import ROOT, World, page_text
from tests.app.test_interventions import answered
from tests.jobs.conftest import until

ASKS = form.asks_on_opening
"""As it is, before the fixture of all pages' tests."""


@pytest.fixture(autouse=True)
def asked(worker: ModelWorker, monkeypatch: pytest.MonkeyPatch) -> list[ExplainRequest]:
    """The requests that pages queue."""
    monkeypatch.setattr(form, "asks_on_opening", ASKS)
    found: list[ExplainRequest] = []
    submit = worker.submit
    monkeypatch.setattr(worker, "submit", lambda request: (found.append(request), submit(request))[1])
    return found


def opened(participant: str, method: str = "random", **address: str) -> AppTest:
    at = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60)
    at.switch_page("pages/3_Interventions.py")
    at.session_state["method_picked"] = method
    for name, value in {"cohort": "small", "participant": participant, **address}.items():
        at.query_params[name] = value
    at.run()
    assert not at.exception, at.exception[0].message
    return at


def until_cancelled(job: object, progress: Progress) -> JobOutcome:
    """What a job does that takes long."""
    while not progress.cancelled.is_set():
        progress(0.5, "Working")
        time.sleep(0.05)
    return JobOutcome("cancelled")


def placeholders(at: AppTest) -> int:
    return sum("placeholder" in html.proto.body for html in at.get("html"))


def test_a_flagged_row_is_asked_about_once_and_its_answer_shown(
    world: World, asked: list[ExplainRequest]
) -> None:
    at = opened(world.flagged)
    assert [request.participant_id for request in asked] == [world.flagged]
    assert asked[0].method == "random" and asked[0].behaviours_too
    at = answered(at)
    answer = answers.find(at.query_params["answer"])
    assert answer is not None and answer.participant_id == world.flagged
    assert "Option 1: risk" in page_text(at) and placeholders(at) == 0
    assert len(asked) == 1
    again = opened(world.flagged)
    assert again.query_params["answer"] == at.query_params["answer"], "a stored answer is shown instead"
    assert len(asked) == 1


def go_to(at: AppTest, participant: str) -> AppTest:
    at.query_params["participant"] = participant
    at.run()
    assert not at.exception, at.exception[0].message
    return at


def test_whoever_goes_on_to_the_next_person_leaves_no_queue_behind_and_may_come_back(
    world: World, worker: ModelWorker, asked: list[ExplainRequest], monkeypatch: pytest.MonkeyPatch
) -> None:
    test = world.cohort.part("test")
    flagged = [str(person) for person, _ in test.index[world.classifier.predict(test) == 1]]
    a, b, c = (world.flagged, *[person for person in flagged if person != world.flagged][:2])
    monkeypatch.setattr(worker, "_run", until_cancelled)
    at = opened(a)
    running = at.query_params["job"]
    assert placeholders(at) == 1
    assert until(running, "running").state == "running"
    waiting = go_to(at, b).query_params["job"]
    last = go_to(at, c).query_params["job"]
    assert until(waiting, "cancelled").finished and until(running, "running").state == "running"
    again = go_to(at, b).query_params["job"]
    assert again != waiting, "what was not answered is asked when somebody comes back"
    assert go_to(at, a).query_params["job"] == running, "what is being answered is not asked twice"
    assert [request.participant_id for request in asked] == [a, b, c, b]
    for job in (last, again, running):
        worker.cancel(job)


def test_limits_that_were_set_for_one_person_are_not_asked_about_the_next(
    world: World, asked: list[ExplainRequest]
) -> None:
    at = opened(world.unflagged)
    at.session_state["chip_fixed"] = True
    at.run()
    at.checkbox(key="free_small_sleep").uncheck().run()
    assert "No answer yet" in page_text(go_to(at, world.flagged))
    assert asked == []


def test_nothing_is_asked_where_there_is_nothing_to_change_or_nothing_to_find(
    world: World, asked: list[ExplainRequest], mapped: World
) -> None:
    assert "there is nothing to change" in page_text(opened(world.unflagged))
    assert "No realistic change alters this prediction" in page_text(opened(world.certain))
    assert asked == []


def test_no_other_model_is_asked_by_opening_a_page(
    world: World, asked: list[ExplainRequest], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(method_picker, "model_now", lambda cohort, method: "somewhere-else")
    monkeypatch.setattr(method_picker, "warn", lambda page, method, model: None)
    assert "No answer yet" in page_text(opened(world.flagged))
    assert asked == []


def test_the_button_takes_the_place_of_what_opening_asked_and_still_waits(
    world: World, worker: ModelWorker, asked: list[ExplainRequest], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "_run", until_cancelled)
    running = opened(world.certain).query_params["job"]  # another visitor's
    at = opened(world.flagged)
    waiting = at.query_params["job"]
    next(button for button in at.button if button.label == "Find options").click().run()
    assert not at.exception, at.exception[0].message
    assert until(waiting, "cancelled").finished
    assert at.query_params["job"] != waiting and len(asked) == 3
    worker.cancel(at.query_params["job"])
    worker.cancel(running)


def test_a_viewer_asks_nothing(
    world: World, asked: list[ExplainRequest], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sign_in, "person", lambda: Person("auditor@hospital.example", "viewer"))
    try:
        assert "No answer yet" in page_text(opened(world.flagged))
    finally:
        people.find_by(lambda: None)
    assert asked == []
