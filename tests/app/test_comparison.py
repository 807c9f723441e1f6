from __future__ import annotations

import re
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from sensecf_core.counterfactuals import explain as explaining
from sensecf_core.counterfactuals.problem.fitted_cohort import FittedCohort
from sensecf_core.errors import NotReadyError
from sensecf_core.jobs import compare_methods, model_worker, worker as worker_module
from sensecf_core.jobs.compare_methods import MethodStatus
from sensecf_core.jobs.method_worker import MethodWorker
from sensecf_core.jobs.model_worker import ModelWorker
from sensecf_core.language.models import default_model
from sensecf_core.language.models.default_model import WeightsStatus
from sensecf_core.queries.answer import Answer
from sensecf_core.queries.methods import METHODS
from sensecf_core.queries.request import ExplainRequest
from sensecf_core.records import answers, comparisons
from sensecf_core.types import Callbacks
from sensecf_core.ui.comparison import form
from tests.app import made_adapter
from tests.app.conftest import OpenPage, World, page_text, with_fields
from tests.records.made_answers import put_in_place

PROCESS_METHOD = """
import json, os, sys, time
from sensecf_core.queries.request import ExplainRequest
from sensecf_core.records import answers
from tests.records.made_answers import make_answer, make_counterfactual
request = ExplainRequest.model_validate_json(sys.argv[2])
if request.seed == 13:
    sys.exit("The package `dice-ml` is not installed; run `make setup`.")
print(json.dumps({"fraction": 0.4, "message": "Searching"}), flush=True)
if request.seed == 60:
    time.sleep(60)
candidate = {"text": "x", "edits": {"bmi": 40}, "readable": True}
broken = [{**candidate, "violations": ["`bmi` may only go down"]}] * 2
option = make_counterfactual({"bmi": (33.5, 30.0), "diet": ("mixed", "plants")})
made = make_answer("process" + str(request.seed), method=request.method, counterfactuals=(option,))
trace = {**made.trace.model_dump(), "proposed": 5, "readable": 5, "within_limits": 3, "candidates": broken}
made = made.model_validate({**made.model_dump(), "trace": trace, "seed": request.seed})
print(json.dumps({"answer_id": answers.save(made)}))
"""
"""Stands in for a method that runs in a subprocess; the request's seed decides how it ends."""


@pytest.fixture(autouse=True)
def workers(
    worker: ModelWorker, world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[Callable[..., None]]:
    """Both workers, with language models that answer by random draws under their own name.

    Of the methods that run in subprocesses only the controls are offered, since they all behave alike here.
    """
    monkeypatch.setattr(form, "METHODS", {name: m for name, m in METHODS.items() if m.package is None})
    fitted = FittedCohort.fit(world.cohort, world.classifier)
    opened: list[ModelWorker | MethodWorker] = []

    def random_answer(request: ExplainRequest, _: Callbacks) -> Answer:
        random_request = request.model_copy(update={"method": "random", "candidates": 400})
        drawn = explaining.answer(fitted, random_request)
        return drawn.model_copy(
            update={"method": request.method, "answer_id": f"{request.method}-{request.seed}"}
        )

    def use(answer: Callable[..., Answer] = random_answer) -> None:
        opened.extend((ModelWorker(answer), MethodWorker((sys.executable, "-c", PROCESS_METHOD))))
        monkeypatch.setitem(worker_module._shared, ModelWorker, opened[-2])
        monkeypatch.setitem(worker_module._shared, MethodWorker, opened[-1])

    ready = WeightsStatus("ready", "Ready.", tmp_path, made_adapter.BASE_SHA256)
    monkeypatch.setattr(default_model, "status", lambda *_, **__: ready)
    use()
    yield use
    for started in opened:
        started.close()


def statuses(at: AppTest) -> tuple[MethodStatus, ...]:
    comparison = comparisons.find(at.query_params["comparison"])
    assert comparison is not None
    return compare_methods.method_statuses(comparison)


def run_all(at: AppTest, *, seed: int = 0, done: int | None = None, within: float = 60.0) -> AppTest:
    """Press Run all and rerun, as the polling fragment does, until so many methods are done (None: all)."""
    at.number_input(key="ask_seed").set_value(seed)
    next(b for b in at.button if b.label == "Run all").click().run()
    assert not at.exception, at.exception[0].message
    until = time.monotonic() + within
    wanted = len(statuses(at)) if done is None else done
    while sum(status.finished for status in statuses(at)) < wanted:
        assert time.monotonic() < until, statuses(at)
        time.sleep(0.1)
    at.run()
    assert not at.exception, at.exception[0].message
    return at


def opened(open_page: OpenPage, world: World) -> AppTest:
    return open_page("Comparison", cohort="small", participant=world.flagged)


def cells(at: AppTest) -> str:
    return "\n".join(
        str(cell)
        for table in at.get("table")
        for cell in [*table.value.columns, *table.value.to_numpy().ravel()]
    ).replace("\\", "")


def test_nothing_asked_yet_says_what_to_do_and_chooses_three_methods(
    world: World, open_page: OpenPage
) -> None:
    at = opened(open_page, world)
    assert "Press Run all" in at.info[0].value
    methods = at.multiselect(key="compare_methods")
    assert methods.value == ["lm-few-shot", "lm-zero-shot", "random"]
    assert "Language model, guided" not in methods.options
    assert "Options for a person · at most 3 changes" in page_text(at)


def test_every_method_is_shown_side_by_side_with_agreement_and_violations(
    world: World, open_page: OpenPage
) -> None:
    at = run_all(opened(open_page, world))
    text = page_text(at)
    assert "3 of 3 methods found an option" in text
    assert {status.state for status in statuses(at)} == {"answered"}
    assert "2 of 5 candidates broke limits and were left out: “Body mass index” may only go down (2×)" in text
    first = next(status.answer for status in statuses(at) if status.method == "lm-few-shot")
    assert first is not None and "▼" in cells(at)
    matrix, details = at.get("table")[0].value, at.get("table")[1].value
    changed = {*first.counterfactuals[0].changes, "bmi", "diet"}
    features = [feature for feature in world.cohort.schema.features if feature.name in changed]
    titles = {f"{f.label} ({f.unit})" if f.unit else f.label for f in features}
    said = [re.sub(r"^If (.)(.*) moved", lambda m: m[1].upper() + m[2], title) for title in matrix.index]
    assert said[0].startswith("Risk of 100 (cut-off") and said[-2:] == ["Answer", "Grade"]
    assert set(said[1:-2]) == titles
    assert list(matrix.columns) == ["Now", "LM with examples", "LM without examples", "Random draws"]
    assert matrix.loc["Diet", "Random draws"] == "→ plants"
    assert matrix.loc["Diet", "Now"] == world.cohort.rows.loc[(world.flagged, "0"), "diet"]
    assert set(matrix.loc["Grade"][1:]) <= {"✓ Solid", "△ Fragile", "Not graded"}
    assert details.loc["Broke limits", "Random draws"] == "2 of 5"
    assert re.search(r"All three methods .* the cut-off of \d+", text)
    assert [b.label for b in at.get("download_button")] == ["Download CSV", "Download JSON"]


def test_all_options_can_be_compared_instead_of_the_best(world: World, open_page: OpenPage) -> None:
    at = run_all(opened(open_page, world))
    best = len(at.get("table")[0].value)
    at.radio(key="compare_options").set_value("All options").run()
    changed = {
        name
        for status in statuses(at)
        for option in status.answer.counterfactuals  # type: ignore[union-attr]
        for name in option.changes
    }
    assert len(at.get("table")[0].value) == 3 + len(changed) > best  # and risk, answer, grade


def test_one_that_fails_says_why_and_the_others_are_shown(world: World, open_page: OpenPage) -> None:
    at = run_all(opened(open_page, world), seed=13)
    assert "2 of 3 methods found an option" in page_text(at)
    (error,) = at.error
    assert "package `dice-ml` is not installed; run `make setup`" in error.value
    answer = at.get("table")[0].value.loc["Answer"]
    assert answer["Random draws"] == "No answer" and "option" in answer["LM with examples"]
    assert "1 method without an answer left out" in page_text(at)
    failed = statuses(at)[2].job
    at.button(key="again_random").click().run()
    assert statuses(at)[2].job != failed and statuses(at)[0].state == "answered"


def test_one_at_work_does_not_hide_what_has_come_in_and_cancel_ends_it(
    world: World, open_page: OpenPage
) -> None:
    at = run_all(opened(open_page, world), seed=60, done=2)
    assert "2 of 3 methods done" in page_text(at)
    assert at.get("table")[0].value.loc["Answer", "Random draws"] == "At work"
    (still,) = (status for status in statuses(at) if not status.finished)
    assert still.method == "random" and still.job is not None
    at.button(key=f"cancel_{still.job.id}").click().run()
    until = time.monotonic() + 10
    while not statuses(at)[2].finished and time.monotonic() < until:
        time.sleep(0.05)
    at.run()
    assert statuses(at)[2].state == "cancelled"
    assert "Cancelled" in page_text(at) and "2 of 3 methods found an option" in page_text(at)
    assert at.button(key="again_random").label == "Ask again"


def test_cancel_all_ends_everything_that_is_not_done(
    world: World, open_page: OpenPage, workers: Callable[..., None]
) -> None:
    def slow(request: ExplainRequest, callbacks: Callbacks) -> Answer:
        while not callbacks.cancelled():
            time.sleep(0.02)
        raise RuntimeError("stopped")

    workers(slow)
    at = run_all(opened(open_page, world), seed=60, done=0)
    assert "place 1 in the queue" in " ".join(bar.text for bar in at.get("progress"))
    assert not at.get("table") and not at.get("download_button")
    at.button(key="cancel_all").click().run()
    until = time.monotonic() + 10
    while not all(status.finished for status in statuses(at)) and time.monotonic() < until:
        time.sleep(0.05)
    assert all(status.finished for status in statuses(at))


def test_a_comparison_opens_again_by_its_link_with_its_methods_and_limits(
    world: World, open_page: OpenPage
) -> None:
    at = opened(open_page, world)
    at.multiselect(key="compare_methods").set_value(["lm-zero-shot", "random"])
    at.checkbox(key="free_small_sleep").uncheck()
    for end, value in (("from", 50.0), ("to", 120.0)):
        at.number_input(key=f"range_small_intervention_sugar_{end}").set_value(value)
    at = run_all(at, seed=5)
    again = open_page("Comparison", comparison=at.query_params["comparison"])
    assert again.query_params["participant"] == world.flagged
    text = page_text(again)
    assert "2 of 2 methods found an option" in text
    assert "Asked: Options for a person" in text and "must not move" in text and "seed 5" in text
    assert again.multiselect(key="compare_methods").value == ["lm-zero-shot", "random"]
    assert not again.checkbox(key="free_small_sleep").value
    ends = (again.number_input(key=f"range_small_intervention_sugar_{end}").value for end in ("from", "to"))
    assert tuple(ends) == (50.0, 120.0)
    assert again.number_input(key="ask_seed").value == 5
    again.selectbox(key="pick_participant").select(world.unflagged).run()
    assert "comparison" not in again.query_params and "methods found" not in page_text(again)


def test_an_unknown_comparison_is_said_and_the_page_goes_on(world: World, open_page: OpenPage) -> None:
    at = open_page("Comparison", cohort="small", participant=world.flagged, comparison="nosuch")
    assert "There is no comparison “nosuch”" in at.warning[0].value
    assert "comparison" not in at.query_params and "Press Run all" in at.info[0].value


def test_an_answer_of_interventions_is_reused(world: World, open_page: OpenPage) -> None:
    """Interventions' own ``random`` answers in the model worker, under the very same id."""
    explain = explaining.answer

    def by_name(request: ExplainRequest, _: Callbacks) -> Answer:
        return explain(FittedCohort.fit(world.cohort, world.classifier), request)

    model_worker.worker()._explain = by_name  # type: ignore[assignment]
    at = with_fields(open_page("Interventions", cohort="small", participant=world.flagged))
    at.selectbox(key="method").select("random").run()
    at.number_input(key="ask_candidates").set_value(64)
    next(b for b in at.button if b.label == "Find options").click().run()
    while at.query_params.get("job"):
        time.sleep(0.1)
        at.run()
    answer = answers.find(at.query_params["answer"])
    at.switch_page("pages/4_Comparison.py").run()
    assert at.number_input(key="ask_candidates").value == 64  # the limits come along
    at.multiselect(key="compare_methods").set_value(["random"])
    at = run_all(at)
    (status,) = statuses(at)
    assert status.job is None and status.answer == answer
    assert "answered before" in cells(at)
    assert "The only method" in page_text(at)


def test_each_methods_evidence_is_in_its_fold(world: World, open_page: OpenPage) -> None:
    at = run_all(opened(open_page, world))
    assert "From proposed to shown" not in page_text(at)
    for method in ("random", "lm-few-shot"):
        at.session_state[f"each_{method}"] = at.session_state[f"evidence_found_{method}"] = True
    at.run()
    assert not at.exception
    assert page_text(at).count("From proposed to shown") == 2
    assert page_text(at).count("Option 1: risk") == 2
    links = [link.label for link in at.get("page_link")]
    assert links.count("Open on the page Options") == 2
    assert "What small change would alter this?" in links


def test_no_option_by_any_method_says_what_to_try(
    world: World, open_page: OpenPage, workers: Callable[..., None]
) -> None:
    fitted = FittedCohort.fit(world.cohort, world.classifier)

    def none(request: ExplainRequest, _: Callbacks) -> Answer:
        crossing = {"method": "random", "goal": "cross"}
        result = explaining.answer(fitted, request.model_copy(update=crossing))
        assert result.status == "none"
        return result.model_copy(update={"method": request.method, "answer_id": request.method})

    workers(none)
    at = open_page("Comparison", cohort="small", participant=world.certain)
    at.multiselect(key="compare_methods").set_value(["lm-few-shot", "lm-zero-shot"])
    for box in at.checkbox:
        if box.key != "free_small_diet":
            box.uncheck()
    at = run_all(at)
    assert "0 of 2 methods found an option" in page_text(at)
    assert any("No method found an option" in one.value for one in at.info)
    assert at.get("download_button")


def test_contrast_is_worded_as_explanation_and_an_older_classifier_is_said(
    world: World, open_page: OpenPage
) -> None:
    at = open_page("Comparison", cohort="small", participant=world.unflagged)
    assert "there is nothing to change" in at.info[0].value
    at.button(key="offer_contrast").click().run()
    assert statuses(at), "it asks at once"
    at.multiselect(key="compare_methods").set_value(["lm-few-shot"])
    at = run_all(at)
    (status,) = statuses(at)
    assert status.answer is not None and status.answer.counterfactuals
    assert status.answer.limits.profile == "contrast" and status.answer.desired == 1
    assert any("not advice" in one.value for one in at.info) and not at.warning
    before = {"sha256": {"classifier": "another"}}
    put_in_place(status.answer.model_copy(update={"provenance": before}))
    at.run()
    assert "trained anew" in at.warning[0].value


def test_nothing_chosen_or_nothing_movable_is_refused_before_any_job(
    world: World, open_page: OpenPage
) -> None:
    at = opened(open_page, world)
    at.multiselect(key="compare_methods").set_value([])
    next(b for b in at.button if b.label == "Run all").click().run()
    assert "at least one method" in at.error[0].value
    at.multiselect(key="compare_methods").set_value(["random"])
    for box in at.checkbox:
        box.uncheck()
    next(b for b in at.button if b.label == "Run all").click().run()
    assert "Nothing may move" in at.error[0].value
    assert "comparison" not in at.query_params


def test_without_the_language_model_the_others_can_be_compared(
    world: World, open_page: OpenPage, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    missing = WeightsStatus("missing", "The language model is missing; run `make setup`.", tmp_path)
    monkeypatch.setattr(default_model, "status", lambda *_, **__: missing)
    at = opened(open_page, world)
    assert "run `make setup`" in at.warning[0].value
    assert at.multiselect(key="compare_methods").value == ["random"]
    assert "1 of 1 method found an option" in page_text(run_all(at))


def test_a_damaged_database_is_said_with_its_mend(
    world: World, open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    def damaged(*_: object, **__: object) -> None:
        raise NotReadyError("The database var/sensecf.db is damaged; put it aside.")

    monkeypatch.setattr(comparisons, "recent", damaged)
    assert "is damaged" in opened(open_page, world).error[0].value


def test_earlier_comparisons_are_listed_as_links(world: World, open_page: OpenPage) -> None:
    at = run_all(opened(open_page, world), seed=1)
    first = at.query_params["comparison"]
    at = run_all(at, seed=2)
    assert at.query_params["comparison"] != first
    links = [link.label for link in at.get("page_link")]
    assert any("LM with examples, LM without examples and Random draws" in label for label in links)


def test_interventions_and_comparison_link_to_each_other(world: World, open_page: OpenPage) -> None:
    at = open_page("Interventions", cohort="small", participant=world.flagged)
    (link,) = (one for one in at.get("page_link") if one.label == "Do other methods agree?")
    assert f"participant={world.flagged}" in link.proto.query_string
