"""Jobs of processes that ended, and of others that live."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from sensecf_core.jobs import dispatch, job_table, model_worker, worker as worker_module
from sensecf_core.jobs.model_worker import MOST_ATTEMPTS, ModelWorker
from sensecf_core.queries.answer import Answer
from sensecf_core.queries.request import ExplainRequest
from sensecf_core.records import answers
from sensecf_core.records.storage.database import transaction
from sensecf_core.types import Callbacks
from tests.jobs.conftest import until
from tests.jobs.scripted_answers import HeldAnswer, answer_at_once, ask
from tests.records.made_answers import make_answer


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


def test_a_job_of_another_version_fails_with_the_way_out(open_worker: Callable[..., Any]) -> None:
    held = HeldAnswer()
    worker = open_worker(ModelWorker, held)
    worker.submit(ask("p1"))
    job = worker.submit(ask("p2"))
    with transaction() as database:
        database.execute("UPDATE jobs SET spec = '{\"colour\": 1}' WHERE id = ?", (job,))
    held.let_go.set()
    assert until(job, "failed").error == "This job was queued by another version of SenseCF; ask again."


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
