from __future__ import annotations

import logging
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sensecf_core.counterfactuals.problem import fitted_cohort
from sensecf_core.counterfactuals.proposers import registry
from sensecf_core.errors import InputError, NotReadyError
from sensecf_core.jobs import dispatch, job_table, model_worker, visitor, worker as worker_module
from sensecf_core.jobs.model_worker import MOST_ATTEMPTS, ModelWorker
from sensecf_core.queries.answer import Answer
from sensecf_core.queries.request import ExplainRequest
from sensecf_core.records import answers
from sensecf_core.records.storage.database import transaction
from sensecf_core.types import Callbacks
from tests.jobs.conftest import until
from tests.records.made_answers import make_answer


def ask(participant: str = "p0001") -> ExplainRequest:
    return ExplainRequest(cohort="small", participant_id=participant, seed=7, ranges={"bmi": (24.0, 30.0)})


def answer_at_once(request: ExplainRequest, _: Callbacks) -> Answer:
    return make_answer(f"answer-{request.participant_id}", participant_id=request.participant_id)


class HeldAnswer:
    """Answers when it is released or cancelled, and remembers the requests."""

    def __init__(self) -> None:
        self.let_go = threading.Event()
        self.requests: list[ExplainRequest] = []
        self.begun = threading.Event()

    def __call__(self, request: ExplainRequest, callbacks: Callbacks) -> Answer:
        self.requests.append(request)
        callbacks.progress(0.4, "Proposing")
        self.begun.set()
        while not self.let_go.is_set() and not callbacks.cancelled():
            time.sleep(0.01)
        status = "cancelled" if callbacks.cancelled() else "found"
        return make_answer(f"answer-{request.participant_id}", status=status)


@pytest.fixture
def loaded(monkeypatch: pytest.MonkeyPatch) -> list[str | None]:
    """What is loaded in this test, in order; None stands for the libraries."""
    cohorts: list[str | None] = []

    def load(cohort: str | None) -> None:
        cohorts.append(cohort)
        raise NotReadyError("the language model is missing")

    monkeypatch.setattr(registry, "make_ready", load)
    monkeypatch.setattr(model_worker, "_at_once", {})
    return cohorts


def ended(thread: threading.Thread | None) -> bool:
    assert thread is not None
    thread.join(5)
    return not thread.is_alive()


def test_warming_loads_once_and_leaves_what_is_missing_to_the_job(loaded: list[str | None]) -> None:
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


def failing(error: BaseException) -> Callable[[ExplainRequest, Callbacks], Answer]:
    """A way to answer that raises ``error`` for the participant called "bad"."""

    def answer(request: ExplainRequest, callbacks: Callbacks) -> Answer:
        if request.participant_id == "bad":
            raise error
        return answer_at_once(request, callbacks)

    return answer


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (InputError("`bmi` is frozen."), "`bmi` is frozen."),
        (NotReadyError("Run `make setup`."), "Run `make setup`."),
        (RuntimeError("shapes do\nnot match"), "RuntimeError: shapes do not match"),
        (RuntimeError("x" * 5000), "RuntimeError: " + "x" * 200),
        (MemoryError(), "MemoryError."),
    ],
)
def test_a_failure_is_one_sentence_and_the_worker_goes_on(
    open_worker: Callable[..., Any], error: Exception, text: str
) -> None:
    worker = open_worker(ModelWorker, failing(error))
    bad, good = worker.submit(ask("bad")), worker.submit(ask("good"))
    view = until(bad, "failed")
    assert (view.error, view.answer_id) == (text, None)
    until(good, "done")


def test_the_log_of_a_failure_has_frames_but_no_values(
    open_worker: Callable[..., Any], caplog: pytest.LogCaptureFixture
) -> None:
    def fail(request: ExplainRequest, _: Callbacks) -> Answer:
        value = 370 + 1
        raise ValueError(f"could not convert glucose {value} of {request.participant_id}")

    with caplog.at_level(logging.ERROR):
        until(open_worker(ModelWorker, fail).submit(ask("93705")), "failed")
    assert "ValueError" in caplog.text and "in fail" in caplog.text
    assert "371" not in caplog.text and "93705" not in caplog.text


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


class Panic(BaseException):
    """What a panic of a library written in Rust is in Python: no ``Exception``."""


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (Panic("called `unwrap` on a `None` value"), "Panic: called `unwrap` on a `None` value"),
        (SystemExit(3), "SystemExit: 3"),
        (KeyboardInterrupt(), "KeyboardInterrupt."),
        (GeneratorExit(), "GeneratorExit."),
        (OSError(2, "No such file or directory"), "FileNotFoundError: [Errno 2] No such file or directory"),
        (UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte"), "UnicodeDecodeError"),
    ],
)
def test_nothing_that_a_job_raises_ends_the_worker(
    open_worker: Callable[..., Any], error: BaseException, text: str
) -> None:
    worker = open_worker(ModelWorker, failing(error))
    bad, good = worker.submit(ask("bad")), worker.submit(ask("good"))
    assert (until(bad, "failed").error or "").startswith(text)
    until(good, "done")
    assert worker.problem is None


def test_a_private_folder_that_goes_away_fails_the_job_and_stops_the_queue_only_until_it_is_back(
    open_worker: Callable[..., Any], private_var: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker_module, "RETRY_SECONDS", 0.01)
    held = HeldAnswer()
    worker = open_worker(ModelWorker, held)
    monkeypatch.setitem(worker_module._shared, ModelWorker, worker)
    job, later = worker.submit(ask("p1")), worker.submit(ask("p2"))
    assert held.begun.wait(5)
    private_var.rename(private_var.with_name("away"))
    private_var.write_text("a file in its place")
    held.let_go.set()
    deadline = time.monotonic() + 5
    while not worker_module.problems() and time.monotonic() < deadline:
        time.sleep(0.01)
    (problem,) = worker_module.problems()
    assert problem.startswith("The model queue waits: The private folder") and "not a folder" in problem
    private_var.unlink()
    private_var.with_name("away").rename(private_var)
    assert "cannot be used" in (until(job, "failed").error or "")
    until(later, "done")
    assert worker_module.problems() == ()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_thread_that_ended_is_told_and_started_again(
    open_worker: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is known to end it; should something, no job is lost."""
    held = HeldAnswer()
    held.let_go.set()
    worker = open_worker(ModelWorker, held)
    with monkeypatch.context() as broken:
        broken.setattr(worker, "_do", lambda _: sys.exit())
        job = worker.submit(ask("p1"))
        worker._thread.join(5)
    assert "its thread ended" in (worker.problem or "")
    worker.view(job)
    assert until(job, "done").answer_id == "answer-p1"
    assert worker.problem is None


def test_all_workers_start_together_and_take_over_what_a_restart_interrupted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As a server does when it starts: nobody has to look at the job."""
    monkeypatch.setattr(worker_module, "_shared", {})
    monkeypatch.setattr(model_worker, "_default_explain", lambda: answer_at_once)
    job = job_table.add(
        "model", "1:1.0:gone", kind="explain", label="", spec=ask().model_dump_json(), most_waiting=1,
        most_in_all=1,
    )  # fmt: skip
    dispatch.start_all()
    assert until(job, "done").answer_id == "answer-p0001"
    names = [worker.name for worker in worker_module._shared.values()]
    assert names == ["model", "method", "process"]
    for worker in worker_module._shared.values():
        worker.close()


def test_after_a_restart_answers_are_found_and_interrupted_jobs_run_again(
    open_worker: Callable[..., Any],
) -> None:
    before = open_worker(ModelWorker, answer_at_once)
    done = before.submit(ask("p0"))
    until(done, "done")
    before.close()

    held = HeldAnswer()
    interrupted = open_worker(ModelWorker, held)
    running, queued, unwanted = (interrupted.submit(ask(name)) for name in ("p1", "p2", "p3"))
    assert held.begun.wait(5)
    rows_view = interrupted.view(running)
    assert rows_view.state == "running"
    interrupted.close()
    assert [job_table.find(job).state for job in (running, queued)] == ["running", "queued"]  # type: ignore[union-attr]
    job_table.request_cancel(unwanted)
    assert answers.find("answer-p1") is None

    again = HeldAnswer()
    again.let_go.set()
    worker = open_worker(ModelWorker, again)
    assert until(running, "done").answer_id == "answer-p1"
    assert until(queued, "done").answer_id == "answer-p2"
    assert worker.view(unwanted).state == "cancelled"
    assert again.requests == [ask("p1"), ask("p2")]
    finished = worker.view(done)
    assert finished.state == "done" and answers.find(finished.answer_id) is not None


def test_a_job_that_was_being_cancelled_is_not_run_again(open_worker: Callable[..., Any]) -> None:
    held = HeldAnswer()
    worker = open_worker(ModelWorker, held)
    job = worker.submit(ask())
    assert held.begun.wait(5)
    job_table.request_cancel(job)
    assert worker.view(job).message == "Cancelling"
    worker.close()
    open_worker(ModelWorker, answer_at_once)
    view = until(job, "cancelled")
    assert view.error is None and view.ended is not None
    assert view.started is None


def test_a_job_that_keeps_ending_the_program_is_given_up(open_worker: Callable[..., Any]) -> None:
    job = ""
    for _ in range(MOST_ATTEMPTS):
        held = HeldAnswer()
        worker = open_worker(ModelWorker, held)
        job = job or worker.submit(ask())
        assert held.begun.wait(5)
        worker.close()
    open_worker(ModelWorker, answer_at_once)
    view = until(job, "failed")
    assert view.error is not None and "ended 3 times" in view.error


def test_jobs_of_a_living_process_are_left_to_it_and_of_a_dead_one_taken_over(
    open_worker: Callable[..., Any],
) -> None:
    """The other process is real: it queues a job and is then killed."""
    code = (
        "import sys, time\n"
        "from sensecf_core.jobs.model_worker import ModelWorker\n"
        "from sensecf_core.queries.request import ExplainRequest\n"
        "worker = ModelWorker(lambda request, _: time.sleep(60))\n"
        "print(worker.submit(ExplainRequest(cohort='small', participant_id='p9')), flush=True)\n"
        "time.sleep(60)\n"
    )
    other = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, env=os.environ)
    try:
        assert other.stdout is not None
        job = other.stdout.readline().strip()
        until(job, "running")
        worker = open_worker(ModelWorker, answer_at_once)
        assert until(worker.submit(ask("p1")), "done")
        assert worker.view(job).state == "running"
    finally:
        other.kill()
        other.communicate()
    assert worker.view(job).state in ("queued", "running", "done")  # looking at it takes it over
    assert until(job, "done").answer_id == "answer-p9"


def test_another_process_can_cancel_a_running_job(open_worker: Callable[..., Any]) -> None:
    def work(request: ExplainRequest, callbacks: Callbacks) -> Answer:
        while not callbacks.cancelled():
            callbacks.progress(0.5, "working")
            time.sleep(0.01)
        return make_answer(status="cancelled")

    job = open_worker(ModelWorker, work).submit(ask())
    until(job, "running")
    job_table.request_cancel(job)  # what a worker of another process does
    until(job, "cancelled")


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


def test_a_job_of_another_version_fails_with_the_way_out(open_worker: Callable[..., Any]) -> None:
    held = HeldAnswer()
    worker = open_worker(ModelWorker, held)
    worker.submit(ask("p1"))
    job = worker.submit(ask("p2"))
    with transaction() as database:
        database.execute("UPDATE jobs SET spec = '{\"colour\": 1}' WHERE id = ?", (job,))
    held.let_go.set()
    assert until(job, "failed").error == "This job was queued by another version of SenseCF; ask again."


def test_a_database_that_is_away_for_a_moment_loses_no_answer(
    open_worker: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    finish, failures = job_table.finish, iter([NotReadyError("The database is kept busy.")])

    def fail_once(job_id: str, outcome: job_table.JobOutcome) -> None:
        for error in failures:
            raise error
        finish(job_id, outcome)

    monkeypatch.setattr(worker_module, "RETRY_SECONDS", 0.01)
    monkeypatch.setattr(job_table, "finish", fail_once)
    assert until(open_worker(ModelWorker, answer_at_once).submit(ask()), "done").answer_id == "answer-p0001"


def test_without_another_answer_function_the_programs_own_explain_is_asked(
    open_worker: Callable[..., Any],
) -> None:
    job = open_worker(ModelWorker).submit(ExplainRequest(cohort="nowhere", participant_id="p1"))
    assert "Unknown cohort 'nowhere'" in (until(job, "failed", within=60).error or "")


def test_there_is_one_worker_per_process_however_many_ask(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(worker_module._shared, ModelWorker, raising=False)
    workers: list[ModelWorker] = []
    threads = [threading.Thread(target=lambda: workers.append(model_worker.worker())) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(workers) == 8 and len(set(map(id, workers))) == 1
    workers[0].close()


def test_an_end_that_no_database_can_hold_fails_that_job_alone(open_worker: Callable[..., Any]) -> None:
    def answers_badly(request: ExplainRequest, callbacks: Callbacks) -> Answer:
        if request.participant_id == "p0001":
            raise InputError("a text that is none: \ud800")
        return answer_at_once(request, callbacks)

    worker = open_worker(ModelWorker, answers_badly)
    bad, good = worker.submit(ask()), worker.submit(ask("p0002"))
    failed = until(bad, "failed")
    assert failed.error is not None and failed.error.startswith("How it ended could not be stored: Unicode")
    assert until(good, "done").answer_id == "answer-p0002"
    assert worker.problem is None


@pytest.mark.parametrize("error", [ValueError("always"), NotReadyError("The database is kept busy.")])
def test_a_database_that_never_takes_the_end_is_not_waited_for_without_end(
    open_worker: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    finish, ended = job_table.finish, threading.Event()

    def refuse(job_id: str, outcome: job_table.JobOutcome) -> None:
        if job_id == bad:
            raise error
        finish(job_id, outcome)
        ended.set()

    monkeypatch.setattr(worker_module, "RETRY_SECONDS", 0.01)
    monkeypatch.setattr(worker_module, "MOST_WAIT_SECONDS", 0.05)
    monkeypatch.setattr(job_table, "finish", refuse)
    hold = threading.Event()

    def answer_later(request: ExplainRequest, callbacks: Callbacks) -> Answer:
        hold.wait(10)
        return answer_at_once(request, callbacks)

    worker = open_worker(ModelWorker, answer_later)
    bad, good = worker.submit(ask()), worker.submit(ask("p0002"))
    hold.set()
    assert ended.wait(10)
    assert until(good, "done").answer_id == "answer-p0002"
    seen = worker.view(bad)
    assert seen.state == "failed" and "could not be stored" in seen.error and str(error) in seen.error
