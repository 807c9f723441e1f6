"""What a job raises, and what goes away while it runs: one sentence, and the worker goes on."""

from __future__ import annotations

import logging
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sensecf_core.errors import InputError, NotReadyError
from sensecf_core.jobs import job_table, worker as worker_module
from sensecf_core.jobs.model_worker import ModelWorker
from sensecf_core.queries.answer import Answer
from sensecf_core.queries.request import ExplainRequest
from sensecf_core.types import Callbacks
from tests.jobs.conftest import until
from tests.jobs.scripted_answers import HeldAnswer, answer_at_once, ask


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
