"""Asking about those whom the list shows, and what the list says afterwards."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest

from sensecf_core.counterfactuals import explain as explaining
from sensecf_core.counterfactuals.problem.fitted_cohort import FittedCohort
from sensecf_core.jobs import ask_list, job_table, liveness, subprocess_worker
from sensecf_core.jobs.job_table import JobOutcome
from sensecf_core.jobs.model_worker import ModelWorker
from sensecf_core.language.models import default_model
from sensecf_core.queries.limits import Limits
from sensecf_core.records import answers
from sensecf_core.records.found import of_answer
from sensecf_core.ui.participants import batch, decided
from sensecf_core.ui.participants.work_list import WorkList
from tests.app.conftest import OpenPage, World, page_text, with_fields
from tests.records.made_answers import make_answer


@pytest.fixture(autouse=True)
def queue(worker: ModelWorker) -> ModelWorker:
    return worker


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """Commands that a page would start; the language model counts as there."""
    commands: list[list[str]] = []
    monkeypatch.setattr(subprocess_worker, "start", lambda kind, argv, label: commands.append(list(argv)))
    monkeypatch.setattr(default_model, "status", lambda: SimpleNamespace(ready=True, message=""))
    return commands


def test_it_asks_what_the_page_options_asks(world: World, open_page: OpenPage) -> None:
    at = with_fields(open_page("Interventions", cohort="small", participant=world.flagged))
    at.selectbox(key="method").set_value("random").run()
    at.button(key="generate").click().run()
    (job,) = job_table.recent("model", "explain")
    fitted = FittedCohort.fit(world.cohort, world.classifier)
    request = ask_list.request_of(fitted, (world.flagged, "0"), method="random")
    assert json.loads(job.spec) == json.loads(request.model_dump_json())


def test_the_button_asks_about_the_first_of_those_shown_who_have_no_answer(
    world: World, open_page: OpenPage, started: list[list[str]]
) -> None:
    at = open_page("Participants")
    listed = at.dataframe[0].value["Person", "Participant"].tolist()
    answered = make_answer("a1", cohort="small", participant_id=listed[0], row_id="0")
    answers.save(answered)
    at.run()
    line = at.dataframe[0].value.set_index(("Person", "Participant"))["Work list"].loc[listed[0]]
    assert line["Asked"] == decided.found_word(of_answer(answered)) != ""
    assert at.button(key="ask_shown").label == f"Ask for {ask_list.MOST} of those shown"
    at.button(key="ask_shown").click().run()
    (argv,) = started
    assert argv[:3] == ["batch", "--cohort", "small"] and argv[-1] == "--json-progress"
    people = [part.removeprefix("--participant=") for part in argv if part.startswith("--participant=")]
    assert people == listed[1 : ask_list.MOST + 1]
    at.pills(key="view_small").set_value("Not flagged").run()
    assert not [button for button in at.button if button.key == "ask_shown"]


def test_a_batch_is_found_again_and_says_what_came_of_it(world: World, open_page: OpenPage) -> None:
    fitted = FittedCohort.fit(world.cohort, world.classifier)
    request = ask_list.request_of(fitted, (world.flagged, "0"), method="random")
    answer = explaining.answer(fitted, request.model_copy(update={"candidates": 64}))
    answers.save(answer)
    keys = [(world.flagged, "0"), (world.certain, "0")]
    job = job_table.add(
        "process",
        job_table_owner(),
        kind=ask_list.KIND,
        label="Options",
        spec=json.dumps(batch.arguments("small", keys, "Dr Lee")),
        most_waiting=1,
    )
    assert "**Options for 2 people are being looked for.**" in page_text(open_page("Participants"))
    job_table.finish(job, JobOutcome("done"))
    at = open_page("Participants", cohort="small", participant=world.flagged)
    solid = of_answer(answer).solid
    text = page_text(at)
    assert f"1 of 2 have options ({int(solid > 0)} a solid one); 1 have no answer." in text
    assert f"**Asked:** {decided.found_sentence(of_answer(answer))}" in text  # in the preview
    at.pills(key="view_small").set_value("Options found").run()
    assert at.dataframe[0].value["Person", "Participant"].tolist() == [world.flagged]


def job_table_owner() -> str:
    """An owner that lives and takes no job, so that the job waits."""
    return liveness.open_owner()


def test_explanations_and_stopped_searches_are_said_as_what_they_are(world: World) -> None:
    keys = [(str(person), str(row)) for person, row in world.cohort.rows.index[:6]]
    empty: dict[str, Any] = {"counterfactuals": ()}
    made: list[dict[str, Any]] = [
        {},
        {"limits": Limits(profile="contrast")},
        {"status": "none", **empty},
        {"status": "already_desired", **empty},
        {"status": "budget_spent", **empty},
    ]
    found = {key: of_answer(make_answer("a", **one)) for key, one in zip(keys, made, strict=False)}
    assert batch.came_to(world.cohort, keys, found) == (
        "1 of 6 have options (0 a solid one); 1 of 6 have an explanation, which is no advice; 1 need none; "
        "1 stopped before any was found; 1 have none; 1 have no answer."
    )
    views = WorkList(world.cohort, None, 0.0, None, None, {}, found).views
    assert [views[name].nonzero()[0].tolist() for name in ("Options found", "Explained", "None found")] == [
        [0],
        [1],
        [2],
    ]


def test_words_for_what_was_found() -> None:
    def found(**changed: Any) -> Any:
        return of_answer(make_answer("a", **changed))

    nothing = found(status="none", counterfactuals=())
    assert decided.found_word(None) == ""
    assert decided.found_word(nothing) == "none found"
    assert decided.found_sentence(nothing) == "no option found"
    assert decided.found_word(found(status="already_desired", counterfactuals=())) == "none needed"
