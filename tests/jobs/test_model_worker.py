"""Jobs are queued, answered in turn and cancelled."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from sensecf_core.counterfactuals.problem import fitted_cohort
from sensecf_core.counterfactuals.proposers import registry
from sensecf_core.errors import InputError, NotReadyError
from sensecf_core.jobs import job_table, model_worker, visitor
from sensecf_core.jobs.model_worker import ModelWorker
from sensecf_core.queries.answer import Answer
from sensecf_core.queries.request import ExplainRequest
from sensecf_core.records import answers
from sensecf_core.types import Callbacks
from tests.jobs.conftest import until
from tests.jobs.scripted_answers import HeldAnswer, answer_at_once, ask
from tests.records.made_answers import make_answer


@pytest.fixture
def loaded(monkeypatch: pytest.MonkeyPatch) -> list[str | None]:
    """What is loaded in this test, in order; None stands for the libraries."""
    cohorts: list[str | None] = []

    monkeypatch.setattr(registry, "make_ready", cohorts.append)
    monkeypatch.setattr(fitted_cohort, "load_fitted", lambda cohort: None)
    monkeypatch.setattr(model_worker, "_at_once", {})
    return cohorts


def ended(thread: threading.Thread | None) -> bool:
    assert thread is not None
    thread.join(5)
    return not thread.is_alive()


def test_warming_loads_once(loaded: list[str | None]) -> None:
    threads = [model_worker.warm("small") for _ in range(3)]
    assert threads[1:] == [None, None]
    assert ended(threads[0]) and loaded == ["small"]
    assert ended(model_worker.warm(None)) and loaded == ["small", None], "the libraries alone"


def test_warming_that_may_wait_is_hurried_by_who_asks_and_never_comes_second(
    loaded: list[str | None],
) -> None:
    waits = model_worker.warm("small", after=300)
    assert waits is not None and waits.is_alive()
    assert model_worker.warm("other", after=300) is None and loaded == []
    assert model_worker.warm("small") is None
    assert ended(waits) and loaded == ["small"]


def test_warming_that_waits_gives_way_to_another_cohort_that_is_asked_about(
    loaded: list[str | None],
) -> None:
    waits = model_worker.warm("small", after=0.3)
    assert ended(model_worker.warm("other"))
    assert ended(waits) and loaded == ["other"]
    assert ended(model_worker.warm("small")) and loaded == ["other", "small"]


def test_what_could_not_be_loaded_is_tried_again(
    loaded: list[str | None], monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(_: str | None) -> None:
        raise NotReadyError("The language model is missing.")

    with monkeypatch.context() as nothing_here:
        nothing_here.setattr(registry, "make_ready", missing)
        assert ended(model_worker.warm("small"))
    assert ended(model_worker.warm("small")) and loaded == ["small"]


def test_warming_that_waited_loads_first_what_other_pages_need(
    loaded: list[str | None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fitted_cohort, "load_fitted", lambda cohort: loaded.append(f"{cohort}'s classifier"))
    assert ended(model_worker.warm("small", after=0.001))
    assert loaded == ["small's classifier", "small"]


def test_an_answer_is_kept_and_found_by_its_job(open_worker: Callable[..., Any]) -> None:
    worker = open_worker(ModelWorker, answer_at_once)
    job = worker.submit(ask())
    view = until(job, "done")
    assert view.answer_id == "answer-p0001"
    assert (view.kind, view.fraction, view.position, view.error) == ("explain", 1.0, 0, None)
    assert view.created <= (view.started or "") <= (view.ended or "")
    answer = answers.find("answer-p0001")
    assert answer is not None and answer.participant_id == "p0001"


def test_the_second_of_two_visitors_waits_and_both_finish(open_worker: Callable[..., Any]) -> None:
    held = HeldAnswer()
    worker = open_worker(ModelWorker, held)
    first, second, third = (worker.submit(ask(name)) for name in ("p1", "p2", "p3"))
    assert held.begun.wait(5)
    assert [worker.view(job).state for job in (first, second, third)] == ["running", "queued", "queued"]
    assert [worker.view(job).position for job in (first, second, third)] == [0, 1, 2]
    assert (worker.view(first).fraction, worker.view(first).message) == (0.4, "Proposing")
    held.let_go.set()
    assert [until(job, "done").answer_id for job in (first, second, third)] == [
        "answer-p1",
        "answer-p2",
        "answer-p3",
    ]
    assert held.requests == [ask("p1"), ask("p2"), ask("p3")]


def test_visitors_that_submit_at_once_all_get_their_own_answer(open_worker: Callable[..., Any]) -> None:
    worker = open_worker(ModelWorker, answer_at_once)
    jobs: dict[str, str] = {}

    def submit(name: str) -> None:
        jobs[name] = worker.submit(ask(name))

    threads = [threading.Thread(target=submit, args=(f"p{number}",)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {name: until(job, "done").answer_id for name, job in jobs.items()} == {
        f"p{number}": f"answer-p{number}" for number in range(12)
    }


def test_cancelling_a_queued_job_is_immediate(open_worker: Callable[..., Any]) -> None:
    held = HeldAnswer()
    worker = open_worker(ModelWorker, held)
    worker.submit(ask("p1"))
    waiting = worker.submit(ask("p2"))
    after = worker.submit(ask("p3"))
    worker.cancel(waiting)
    assert worker.view(waiting).state == "cancelled"
    assert worker.view(after).position in (1, 2)  # 2 as long as the first has not begun
    held.let_go.set()
    until(after, "done")
    assert [request.participant_id for request in held.requests] == ["p1", "p3"]
    assert worker.view(waiting).state == "cancelled"


def test_cancelling_a_running_job_takes_less_than_a_second_and_keeps_what_there_is(
    open_worker: Callable[..., Any],
) -> None:
    held = HeldAnswer()
    worker = open_worker(ModelWorker, held)
    job = worker.submit(ask("p1"))
    assert held.begun.wait(5)
    worker.cancel(job)
    view = until(job, "cancelled")  # the work itself is still held
    assert view.answer_id == "answer-p1"
    answer = answers.find("answer-p1")
    assert answer is not None and answer.status == "cancelled"
    later = worker.submit(ask("p2"))
    held.let_go.set()
    until(later, "done")


def test_cancelling_what_is_done_or_unknown_changes_nothing(open_worker: Callable[..., Any]) -> None:
    worker = open_worker(ModelWorker, answer_at_once)
    job = worker.submit(ask())
    done = until(job, "done")
    worker.cancel(job)
    worker.cancel("no such job")
    assert worker.view(job) == done
    assert worker.view("no such job") is None


def test_a_full_queue_is_refused_with_the_number_waiting(open_worker: Callable[..., Any]) -> None:
    held = HeldAnswer()
    worker = open_worker(ModelWorker, held, most_waiting=2)
    worker.submit(ask("p1"))
    assert held.begun.wait(5)
    worker.submit(ask("p2"))
    worker.submit(ask("p3"))
    with pytest.raises(InputError, match="busy: 2 waiting"):
        worker.submit(ask("p4"))


def test_visitors_take_turns_and_are_told_their_place(
    open_worker: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """One visitor queues ten questions first; the others do not wait for all of them."""
    held = HeldAnswer()
    worker = open_worker(ModelWorker, held, most_waiting=10)
    asking = [""]
    monkeypatch.setattr(visitor, "_ask", lambda: asking[0])
    jobs: dict[str, str] = {}

    def submit(who: str, *names: str) -> None:
        asking[0] = who
        jobs.update({name: worker.submit(ask(name)) for name in names})

    submit("busy", *(f"b{number}" for number in range(10)))
    assert held.begun.wait(5)
    submit("second", "s0", "s1")
    submit("third", "t0")
    expected = ["s0", "t0", "b1", "s1", *(f"b{number}" for number in range(2, 10))]
    places = {name: worker.view(job).position for name, job in jobs.items()}
    assert sorted(expected, key=places.__getitem__) == expected
    assert sorted(places.values()) == list(range(13))  # 0 is the one that runs
    held.let_go.set()
    until(jobs["b9"], "done")
    assert [request.participant_id for request in held.requests] == ["b0", *expected]


def test_twenty_visitors_are_all_accepted_and_none_is_shut_out_by_one(
    open_worker: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    held = HeldAnswer()
    worker = open_worker(ModelWorker, held, most_waiting=16)
    monkeypatch.setattr(worker, "_most_in_all", 36)
    asking = ["greedy"]
    monkeypatch.setattr(visitor, "_ask", lambda: asking[0])
    worker.submit(ask("first"))
    assert held.begun.wait(5)
    for _ in range(16):
        worker.submit(ask())
    with pytest.raises(InputError, match="busy: 16 waiting"):
        worker.submit(ask())
    jobs = []
    for number in range(20):
        asking[0] = f"visitor {number}"
        jobs.append(worker.submit(ask()))
    assert [worker.view(job).position for job in jobs] == list(range(1, 21))
    with pytest.raises(InputError, match="full: 36 of all visitors wait"):
        worker.submit(ask())


def test_progress_is_written_at_most_four_times_a_second(
    open_worker: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[float] = []
    report = job_table.report

    def counted(job_id: str, fraction: float, message: str) -> bool:
        written.append(fraction)
        return report(job_id, fraction, message)

    def work(request: ExplainRequest, callbacks: Callbacks) -> Answer:
        for step in range(100):
            callbacks.progress(step / 10, "far too much")  # beyond 1: a caller's mistake is clipped
            time.sleep(0.005)
        return make_answer()

    monkeypatch.setattr(job_table, "report", counted)
    began = time.monotonic()
    until(open_worker(ModelWorker, work).submit(ask()), "done")
    assert 2 <= len(written) <= 2 + 4 * (time.monotonic() - began)
    assert max(written) <= 1.0


def test_without_another_answer_function_the_programs_own_explain_is_asked(
    open_worker: Callable[..., Any],
) -> None:
    job = open_worker(ModelWorker).submit(ExplainRequest(cohort="nowhere", participant_id="p1"))
    assert "Unknown cohort 'nowhere'" in (until(job, "failed", within=60).error or "")
