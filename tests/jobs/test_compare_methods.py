"""One question to several methods, each in its worker."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from sensecf_core.access import people
from sensecf_core.access.people import Person
from sensecf_core.classifiers.classifier import Classifier
from sensecf_core.classifiers.training import train
from sensecf_core.cohorts.cohort import Cohort
from sensecf_core.counterfactuals.proposers import registry
from sensecf_core.errors import InputError, NotAllowedError
from sensecf_core.jobs import compare_methods, dispatch, job_table, method_worker, worker as worker_module
from sensecf_core.jobs.compare_methods import MethodStatus
from sensecf_core.jobs.method_worker import MethodWorker
from sensecf_core.jobs.model_worker import ModelWorker
from sensecf_core.queries.answer import Answer
from sensecf_core.queries.request import ExplainRequest
from sensecf_core.records import answers, comparisons
from sensecf_core.records.comparisons import Comparison
from sensecf_core.records.storage.database import connect
from sensecf_core.types import Callbacks
from tests.jobs.conftest import until
from tests.records.made_answers import make_answer

ANSWERING = """
import json, sys, time
from sensecf_core.queries.request import ExplainRequest
from sensecf_core.records import answers
from tests.records.made_answers import make_answer
request = ExplainRequest.model_validate_json(sys.argv[2])
if request.seed == 13:
    sys.exit("The package is not installed.")
if request.seed == 60:
    time.sleep(60)
answer = make_answer("process", method=request.method, settings=request.model_dump(mode="json"))
print(json.dumps({"answer_id": answers.save(answer)}))
"""


@pytest.fixture(scope="module")
def classifier(small_cohort: Cohort) -> Classifier:
    return train(small_cohort, refits=2)


@pytest.fixture
def workers(open_worker: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A model worker that answers at once, and a method worker that runs a script."""

    def answer(request: ExplainRequest, _: Callbacks) -> Answer:
        return make_answer("model", method=request.method)

    monkeypatch.setitem(worker_module._shared, ModelWorker, open_worker(ModelWorker, answer))
    monkeypatch.setitem(
        worker_module._shared, MethodWorker, open_worker(MethodWorker, (sys.executable, "-c", ANSWERING))
    )
    yield


@pytest.fixture
def start(small_cohort: Cohort, classifier: Classifier, workers: None) -> Callable[..., Comparison]:
    def started(*methods: str, seed: int = 0) -> Comparison:
        person = str(small_cohort.rows.index[0][0])
        request = ExplainRequest(cohort="small", participant_id=person, row_id="0", seed=seed)
        return compare_methods.start(small_cohort, classifier, request, methods)

    return started


def ended(comparison: Comparison) -> tuple[MethodStatus, ...]:
    for member in comparison.members:
        if member.job_id is not None:
            until(member.job_id, "done", "failed", "cancelled")
    return compare_methods.method_statuses(comparison)


def test_each_method_goes_to_its_worker_and_their_answers_are_found_again(
    start: Callable[..., Comparison],
) -> None:
    comparison = start("lm-few-shot", "random")
    model, process = ended(comparison)
    assert (model.method, model.state, model.answer.answer_id) == ("lm-few-shot", "answered", "model")  # type: ignore[union-attr]
    assert (process.method, process.state, process.answer.answer_id) == ("random", "answered", "process")  # type: ignore[union-attr]
    assert [job_table.find(m.job_id).lane for m in comparison.members if m.job_id] == ["model", "method"]  # type: ignore[union-attr]
    assert json.loads(process.job.spec)[0] == "answer"  # type: ignore[union-attr]
    assert comparisons.find(comparison.comparison_id) == comparison


def test_one_that_fails_says_why_and_can_be_asked_again_alone(
    start: Callable[..., Comparison], small_cohort: Cohort, classifier: Classifier
) -> None:
    comparison = start("lm-few-shot", "random", seed=13)
    model, process = ended(comparison)
    assert model.state == "answered"
    assert (process.state, process.error) == ("failed", "The package is not installed.")
    again = compare_methods.retry(small_cohort, classifier, comparison, "random")
    assert again.comparison_id == comparison.comparison_id
    assert again.members[0] == comparison.members[0] and again.members[1] != comparison.members[1]
    assert comparisons.find(comparison.comparison_id) == again


def test_cancel_ends_what_runs_and_keeps_what_is_answered(start: Callable[..., Comparison]) -> None:
    comparison = start("lm-few-shot", "random", seed=60)
    until(comparison.members[0].job_id or "", "done")
    until(comparison.members[1].job_id or "", "running")
    assert [status.finished for status in compare_methods.method_statuses(comparison)] == [True, False]
    compare_methods.cancel(comparison)
    assert [status.state for status in ended(comparison)] == ["answered", "cancelled"]


def test_what_was_answered_before_is_not_asked_again(
    start: Callable[..., Comparison], small_cohort: Cohort, classifier: Classifier
) -> None:
    first = start("random")
    request = first.request.model_copy(update={"method": "random"})
    (answer_id,) = registry.expected_answer_ids(small_cohort, classifier, request)
    ended(first)
    answers.save(make_answer(answer_id, method="random"))
    (member,) = start("random").members
    assert (member.answer_id, member.job_id) == (answer_id, None)
    (status,) = compare_methods.method_statuses(start("random"))
    assert status.finished and status.answer is not None and status.answer.answer_id == answer_id
    assert start("random", seed=1).members[0].job_id is not None


def test_a_full_queue_is_that_methods_failure_only(
    start: Callable[..., Comparison], open_worker: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    full = open_worker(MethodWorker, (sys.executable, "-c", "import time; time.sleep(60)"), most_waiting=0)
    monkeypatch.setitem(worker_module._shared, MethodWorker, full)
    model, process = ended(start("lm-few-shot", "random"))
    assert model.state == "answered"
    assert process.state == "failed" and "queue is busy" in (process.error or "")


def test_a_job_or_an_answer_that_is_gone_is_said(start: Callable[..., Comparison]) -> None:
    comparison = start("random")
    ended(comparison)
    lost = tuple(m.model_copy(update={"job_id": "nosuch"}) for m in comparison.members)
    (status,) = compare_methods.method_statuses(comparison.model_copy(update={"members": lost}))
    assert status.state == "failed" and "not known" in (status.error or "")
    lost = tuple(m.model_copy(update={"job_id": None, "answer_id": "nosuch"}) for m in comparison.members)
    (status,) = compare_methods.method_statuses(comparison.model_copy(update={"members": lost}))
    assert status.state == "failed" and "without an answer" in (status.error or "")


def test_no_and_unknown_methods_are_refused_before_anything_is_asked(
    start: Callable[..., Comparison],
) -> None:
    with pytest.raises(InputError, match="at least one"):
        start()
    with pytest.raises(InputError, match="Unknown method 'magic'"):
        start("random", "magic")
    assert job_table.recent("method", "explain") == ()


def test_a_job_of_a_worker_that_is_gone_is_run_again(
    start: Callable[..., Comparison], open_worker: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    comparison = start("random", seed=60)
    job = comparison.members[0].job_id or ""
    until(job, "running")
    method_worker.worker().close()
    code = ANSWERING.replace("time.sleep(60)", "pass")
    monkeypatch.setitem(
        worker_module._shared, MethodWorker, open_worker(MethodWorker, (sys.executable, "-c", code))
    )
    assert dispatch.view(job) is not None
    assert ended(comparison)[0].state == "answered"


def test_a_kill_before_a_comparison_is_kept_loses_no_answer(
    start: Callable[..., Comparison], monkeypatch: pytest.MonkeyPatch
) -> None:
    save = comparisons.save

    def killed(_: Comparison) -> None:
        raise SystemExit

    monkeypatch.setattr(comparisons, "save", killed)
    with pytest.raises(SystemExit):
        start("random", "lm-zero-shot")
    with connect() as database:
        assert database.execute("SELECT count(*) FROM comparisons").fetchone()[0] == 0
    jobs = (*job_table.recent("method", "explain"), *job_table.recent("model", "explain"))
    assert len(jobs) == 2
    for job in jobs:
        until(job.id, "done")
    monkeypatch.setattr(comparisons, "save", save)
    again = start("random", "lm-zero-shot")
    assert [status.state for status in ended(again)] == ["answered", "answered"]
    assert comparisons.find(again.comparison_id) == again


def test_a_viewer_compares_nothing(start: Callable[..., Comparison]) -> None:
    people.find_by(lambda: Person("auditor@hospital.example", "viewer"))
    try:
        with pytest.raises(NotAllowedError, match="as a viewer"):
            start("random")
    finally:
        people.find_by(lambda: None)
    assert job_table.recent("method", "explain") == ()
