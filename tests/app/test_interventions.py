from __future__ import annotations

import time
from dataclasses import replace
from types import SimpleNamespace

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from sensecf_core.classifiers import store
from sensecf_core.errors import InputError, NotReadyError
from sensecf_core.jobs import job_table, worker as worker_module
from sensecf_core.jobs.model_worker import ModelWorker
from sensecf_core.queries.answer import Answer
from sensecf_core.queries.methods import BY_HAND
from sensecf_core.queries.request import ExplainRequest
from sensecf_core.records import answers
from sensecf_core.types import Callbacks
from sensecf_core.ui.common import wording
from sensecf_core.ui.interventions import answer as intervention_answer, believed, evidence
from tests.app.conftest import OpenPage, World, page_text, with_fields
from tests.records.made_answers import put_in_place


@pytest.fixture(autouse=True)
def queue(worker: ModelWorker) -> ModelWorker:
    return worker


def answered(at: AppTest, within: float = 60.0) -> AppTest:
    """Rerun, as the polling fragment does, until the followed job is over."""
    until = time.monotonic() + within
    while at.query_params.get("job") and time.monotonic() < until:
        time.sleep(0.1)
        at.run()
        assert not at.exception, at.exception[0].message
    return at


def ask(at: AppTest, seed: int = 0) -> AppTest:
    with_fields(at).selectbox(key="method").select("random").run()
    at.number_input(key="ask_seed").set_value(seed)
    at.number_input(key="ask_candidates").set_value(64)
    next(b for b in at.button if b.label == "Find options").click().run()
    assert not at.exception, at.exception[0].message
    return answered(at)


def generate(at: AppTest) -> AppTest:
    next(b for b in at.button if b.label == "Find options").click().run()
    return at


def test_nothing_asked_yet_says_what_to_do(world: World, open_page: OpenPage) -> None:
    at = with_fields(open_page("Interventions", cohort="small", participant=world.flagged))
    assert "Press Find options" in at.info[0].value
    assert {"free_small_bmi", "free_small_sleep"} <= {box.key for box in at.checkbox}
    assert "free_small_age" not in {box.key for box in at.checkbox}


def test_generate_shows_options_with_units_risk_and_funnel(world: World, open_page: OpenPage) -> None:
    at = ask(open_page("Interventions", cohort="small", participant=world.flagged))
    text = page_text(at)
    answer = answers.find(at.query_params["answer"])
    assert answer is not None and answer.status == "found"
    assert f"{len(answer.counterfactuals)} option" in text
    first = answer.counterfactuals[0]
    assert "Option 1: risk" in text and "▼" in text
    assert first.sentence in text
    assert "The second model" in text and "distance" in text
    assert "job" not in at.query_params
    assert not [*at.get("plotly_chart"), *at.dataframe, *at.code], "folds are drawn once they are opened"
    for fold in ("found", "raw", "origin"):
        at.session_state[f"evidence_{fold}"] = True
    at.run()
    assert not at.exception
    assert evidence.funnel_line(answer.trace) in page_text(at)
    assert len(at.dataframe[0].value) == len(answer.trace.candidates)
    assert at.code[0].value == f"/Interventions?answer={answer.answer_id}"


def test_fewer_options_than_asked_for_are_explained(world: World, open_page: OpenPage) -> None:
    at = with_fields(open_page("Interventions", cohort="small", participant=world.flagged))
    at.selectbox(key="method").select("random").run()
    for box in at.checkbox:
        if box.key not in ("free_small_bmi", "free_small_waist"):
            box.uncheck()
    at.number_input(key="ask_k").set_value(8)
    at.number_input(key="ask_candidates").set_value(64)
    at = answered(generate(at))
    answer = answers.find(at.query_params["answer"])
    assert answer is not None
    shown, passed = len(answer.counterfactuals), answer.trace.plausible
    assert 0 < shown < 8 < passed
    different = answer.trace.different["plausible"]
    assert different < passed, "of 64 draws of two features some are the same"
    came = f"the {passed} candidates ({different} different) that passed every check boiled down to {shown}"
    assert came in page_text(at)
    few = answer.trace.model_copy(update={"plausible": shown, "different": {}})
    text = intervention_answer.fewer_than_asked(answer.model_copy(update={"trace": few}), shown)
    assert text is not None and f"only {wording.counted(shown, 'candidate')} passed every check" in text


def test_as_many_options_as_asked_for_need_no_word(world: World, open_page: OpenPage) -> None:
    at = ask(open_page("Interventions", cohort="small", participant=world.flagged))
    answer = answers.find(at.query_params["answer"])
    assert answer is not None and len(answer.counterfactuals) == answer.settings["k"]
    assert "were asked for" not in page_text(at)


def test_an_option_tells_whether_it_is_new_to_the_second_model_and_holds_for_retrained_ones(
    world: World, open_page: OpenPage
) -> None:
    at = ask(open_page("Interventions", cohort="small", participant=world.flagged))
    answer = answers.find(at.query_params["answer"])
    assert answer is not None
    classifier, row = world.classifier, world.cohort.rows.loc[[(world.flagged, "0")]]
    had_flagged = float(classifier.second_probability(row)[0]) >= classifier.second_threshold
    text, line = page_text(at), wording.of_100(classifier.threshold)
    for option in answer.counterfactuals:
        shown = f"range when the model is retrained: {wording.interval(*option.interval)} of 100"
        assert f"{shown} (90 %; flagged from {line})" in text
    assert ("The second model agrees" in text) == (
        had_flagged and any(option.second_judge_agrees for option in answer.counterfactuals)
    )
    assert ("The second model never flagged" in text) == (
        not had_flagged and any(option.second_judge_agrees for option in answer.counterfactuals)
    )


def test_what_the_second_model_said_before_is_no_agreement(
    world: World, open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = ask(open_page("Interventions", cohort="small", participant=world.flagged))
    answer = answers.find(at.query_params["answer"])
    assert answer is not None
    option = answer.counterfactuals[0].model_copy(update={"second_judge_agrees": True})
    put_in_place(answer.model_copy(update={"counterfactuals": (option,)}))
    for threshold, sentence in ((1.1, "The second model never flagged"), (0.0, "The second model agrees")):
        classifier = replace(world.classifier, second_threshold=threshold)
        monkeypatch.setattr(store, "load", lambda cohort, classifier=classifier: classifier)
        text = page_text(open_page("Interventions", answer=answer.answer_id))
        page = SimpleNamespace(
            required_cohort=world.cohort, row_key=(world.flagged, "0"), classifier=classifier
        )
        view = believed.second_verdict(page, answer, option)  # what a line of Comparison says
        assert view == ("as before" if threshold > 1 else "agrees")
        assert [words_ in text for words_ in ("never flagged", "The second model agrees")] == [
            "never" in sentence,
            "agrees" in sentence,
        ]


@pytest.mark.parametrize("flagged", [True, False])
def test_a_flag_that_the_record_contradicts_is_said(world: World, open_page: OpenPage, flagged: bool) -> None:
    cohort, classifier = world.cohort, world.classifier
    risks = pd.Series(classifier.predict_proba(cohort.rows), index=cohort.rows.index)
    wrong = cohort.rows.index[
        ((risks >= classifier.threshold) == flagged) & (cohort.target == int(not flagged))
    ]
    assert len(wrong)
    for page in ("Interventions", "Comparison"):
        text = page_text(open_page(page, cohort="small", participant=wrong[0][0], row=wrong[0][1]))
        assert ("The model is wrong here" in text) == flagged, "there is nothing to be altered"


def test_a_flag_that_the_record_bears_out_has_no_word(world: World, open_page: OpenPage) -> None:
    cohort, classifier = world.cohort, world.classifier
    risks = pd.Series(classifier.predict_proba(cohort.rows), index=cohort.rows.index)
    right = cohort.rows.index[(risks >= classifier.threshold) & (cohort.target == 1)]
    text = page_text(open_page("Interventions", cohort="small", participant=right[0][0], row=right[0][1]))
    assert "is wrong here" not in text


def test_the_answer_opens_again_by_its_address_in_a_new_session(world: World, open_page: OpenPage) -> None:
    first = ask(open_page("Interventions", cohort="small", participant=world.flagged))
    again = open_page("Interventions", answer=first.query_params["answer"])
    assert again.query_params["participant"] == world.flagged
    assert "Option 1: risk" in page_text(again)
    # choosing somebody else leaves the answer behind, coming back finds it
    again.selectbox(key="pick_participant").select(world.unflagged).run()
    assert "answer" not in again.query_params and "Option 1" not in page_text(again)
    again.selectbox(key="pick_participant").select(world.flagged).run()
    assert "Option 1: risk" in page_text(again)


def test_an_unknown_answer_is_said_and_the_page_goes_on(world: World, open_page: OpenPage) -> None:
    at = open_page("Interventions", cohort="small", participant=world.flagged, answer="nosuch")
    assert "There is no answer “nosuch”" in at.warning[0].value
    assert "answer" not in at.query_params


def test_an_answer_of_another_version_is_said_and_the_page_goes_on(
    world: World, open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unreadable(answer_id: str) -> None:
        raise InputError(f"Answer {answer_id} was kept by another version of SenseCF.")

    monkeypatch.setattr(answers, "find", unreadable)
    at = open_page("Interventions", cohort="small", participant=world.flagged, answer="old")
    assert "another version" in at.warning[0].value
    assert next(b for b in at.button if b.label == "Find options")


def test_a_damaged_database_is_said_with_its_mend(
    world: World, open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    def damaged(*_: object, **__: object) -> None:
        raise NotReadyError("The database var/sensecf.db is damaged; put it aside.")

    monkeypatch.setattr(answers, "recent", damaged)
    at = open_page("Interventions", cohort="small", participant=world.flagged)
    assert "is damaged" in at.error[0].value


def test_a_job_about_somebody_else_never_shows_their_answer(
    world: World, open_page: OpenPage, worker: ModelWorker
) -> None:
    job = worker.submit(ExplainRequest(cohort="small", participant_id=world.flagged, method="random"))
    while (view := job_table.find(job)) and not view.finished:
        time.sleep(0.05)
    at = open_page("Interventions", cohort="small", participant=world.unflagged, row="0", job=job)
    assert "another participant" in at.warning[0].value
    assert not at.get("download_button")


def test_everything_frozen_is_refused_before_any_job(world: World, open_page: OpenPage) -> None:
    at = with_fields(open_page("Interventions", cohort="small", participant=world.flagged))
    at.selectbox(key="method").select("random").run()
    for box in at.checkbox:
        box.uncheck()
    generate(at)
    assert "Nothing may move" in at.error[0].value
    assert "job" not in at.query_params


def test_a_frozen_feature_and_a_narrowed_range_reach_the_request(
    world: World, open_page: OpenPage, worker: ModelWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    requests: list[ExplainRequest] = []
    monkeypatch.setattr(worker, "submit", lambda request: requests.append(request) or "a-job")
    at = with_fields(open_page("Interventions", cohort="small", participant=world.flagged))
    at.selectbox(key="method").select("random").run()
    at.checkbox(key="free_small_sleep").uncheck()
    for end, value in (("from", 120.0), ("to", 50.0)):  # either way round
        at.number_input(key=f"range_small_intervention_sugar_{end}").set_value(value)
    at.number_input(key="ask_changes").set_value(2)
    generate(at)
    (request,) = requests
    assert request.frozen == ("sleep",)
    assert request.ranges == {"sugar": (50.0, 120.0)}
    assert (request.max_changes, request.profile, request.desired) == (2, "intervention", 0)


def test_already_desired_offers_contrast_and_contrast_tips_it(
    world: World, open_page: OpenPage, worker: ModelWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = with_fields(open_page("Interventions", cohort="small", participant=world.unflagged))
    assert "there is nothing to change" in at.info[0].value
    at.selectbox(key="method").select("random").run()
    requests: list[ExplainRequest] = []
    with monkeypatch.context() as held:
        held.setattr(worker, "submit", lambda request: requests.append(request) or "a-job")
        at.button(key="offer_contrast").click().run()
    assert [(request.profile, request.desired) for request in requests] == [("contrast", 1)], (
        "it asks at once"
    )
    assert at.radio(key="profile_small").value == "contrast"
    at = ask(at, seed=1)  # few draws reach the other class from here; this seed has one that does
    answer = answers.find(at.query_params["answer"])
    assert answer is not None and answer.desired == 1 and answer.limits.profile == "contrast"
    assert answer.counterfactuals
    assert any("not advice" in request.value for request in at.info)


def test_none_found_says_why_and_what_to_try(world: World, open_page: OpenPage, worker: ModelWorker) -> None:
    at = with_fields(open_page("Interventions", cohort="small", participant=world.certain))
    at.selectbox(key="method").select("random").run()
    for box in at.checkbox:
        if box.key != "free_small_carbohydrate":
            box.uncheck()
    generate(at)
    at = answered(at)
    answer = answers.find(at.query_params["answer"])
    assert answer is not None
    assert answer.status == "none"
    text = page_text(at)
    assert "No option found" in text and "allow more features to move" in text.lower()
    assert answer.reasons[0].replace("`", "") in text.replace("`", "")


def test_a_failed_job_says_what_was_wrong(world: World, open_page: OpenPage, worker: ModelWorker) -> None:
    request = ExplainRequest(cohort="nowhere", participant_id=world.flagged, method="random")
    job = worker.submit(request)
    while (view := job_table.find(job)) and not view.finished:
        time.sleep(0.05)
    at = open_page("Interventions", cohort="small", participant=world.flagged, row="0", job=job)
    assert (
        "Unknown cohort 'nowhere'" in at.error[0].value and "Mend this, then ask again" in at.error[0].value
    )


def test_a_running_job_shows_progress_and_cancel(
    world: World, open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slow(request: ExplainRequest, callbacks: Callbacks) -> Answer:
        callbacks.progress(0.4, "The language model writes")
        while not callbacks.cancelled():
            time.sleep(0.02)
        raise RuntimeError("stopped")

    slow_worker = ModelWorker(slow)
    monkeypatch.setitem(worker_module._shared, ModelWorker, slow_worker)
    request = ExplainRequest(cohort="small", participant_id=world.flagged, method="random")
    job, second = slow_worker.submit(request), slow_worker.submit(request)
    while (view := job_table.find(job)) and not view.message:
        time.sleep(0.05)
    at = open_page("Interventions", cohort="small", participant=world.flagged, row="0", job=job)
    assert "The language model writes" in at.get("progress")[0].text
    waiting = open_page("Interventions", cohort="small", participant=world.flagged, row="0", job=second)
    assert "place 1 in the queue" in waiting.get("progress")[0].text
    waiting.button(key=f"cancel_{second}").click().run()
    assert "Cancelled" in page_text(waiting)
    at.button(key=f"cancel_{job}").click().run()
    slow_worker.close()


def test_only_what_samples_is_made_smaller_and_an_unknown_method_is_no_error() -> None:
    assert evidence.made_smaller("lm-fine-tuned") == evidence.made_smaller("random") != ""
    for method in ("search", "dice-random", "treecf", BY_HAND, "a method of a later version"):
        assert evidence.made_smaller(method) == "", method
