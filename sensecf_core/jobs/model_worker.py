"""The lane that owns the language model: one answer at a time, in the order asked.

A job's spec is its request, so a job that a restart interrupted is simply queued again: the same seed
gives the same answer.
"""

from __future__ import annotations

import threading
from contextlib import suppress
from typing import Protocol

from pydantic import ValidationError

from sensecf_core.errors import InputError, NotReadyError
from sensecf_core.jobs.job_table import Claimed, JobOutcome
from sensecf_core.jobs.worker import Progress, Worker, shared
from sensecf_core.queries.answer import Answer
from sensecf_core.queries.request import ExplainRequest
from sensecf_core.records import answers
from sensecf_core.types import Callbacks

MOST_WAITING = 16
MOST_ATTEMPTS = 3
KIND = "explain"
ENDED_TOO_OFTEN = f"The program ended {MOST_ATTEMPTS} times during this job; ask for fewer candidates."


def job_label(request: ExplainRequest) -> str:
    """What a job that answers a request is called."""
    return f"{request.cohort} · participant {request.participant_id} · {request.method}"


class AnswerRequest(Protocol):
    """What answers a request: :func:`sensecf_core.counterfactuals.explain.explain`."""

    def __call__(self, request: ExplainRequest, callbacks: Callbacks) -> Answer:
        """Answer ``request``; stop soon after ``callbacks.cancelled()`` turns true."""


class ModelWorker(Worker):
    """Answers requests in one thread and keeps the answers.

    Parameters
    ----------
    answer : what answers a request; None (the default) is the program's own ``explain``.
    most_waiting : how many jobs may wait besides the one that runs.
    """

    name = "model"

    def __init__(self, answer: AnswerRequest | None = None, *, most_waiting: int = MOST_WAITING) -> None:
        self._answer = answer
        super().__init__(most_waiting=most_waiting)

    def submit(self, request: ExplainRequest) -> str:
        """Queue ``request`` and return the job's id; raises ``InputError`` when the queue is full."""
        return self._queue(kind=KIND, label=job_label(request), spec=request.model_dump_json(), share=False)

    def _take_over(self) -> None:
        self._queue_again(MOST_ATTEMPTS, ENDED_TOO_OFTEN)

    def _run(self, job: Claimed, progress: Progress) -> JobOutcome:
        try:
            request = ExplainRequest.model_validate_json(job.spec)
        except ValidationError as error:
            raise InputError("This job was queued by another version of SenseCF; ask again.") from error
        answer = self._answer or _own_answer()
        given = answer(request, Callbacks(progress, progress.cancelled.is_set))
        if self._closed.is_set():
            return JobOutcome("cancelled")
        answer_id = answers.save(given)
        return JobOutcome("cancelled" if given.status == "cancelled" else "done", answer_id=answer_id)


def _own_answer() -> AnswerRequest:
    from sensecf_core.counterfactuals.explain import explain

    return explain


_lock = threading.Lock()
_warmed: set[str] = set()


def warm(cohort: str) -> threading.Thread | None:
    """Load what the first answer about ``cohort`` needs in the background, once per process.

    A load cannot be cancelled, so it is better begun while the form is still being filled in. Returns
    the thread that loads, or None where that was done before. What is missing is left for the job
    itself to report.
    """
    with _lock:
        if cohort in _warmed:
            return None
        _warmed.add(cohort)
    thread = threading.Thread(target=_load, args=(cohort,), name=f"warm-{cohort}", daemon=True)
    thread.start()
    return thread


def _load(cohort: str) -> None:
    from sensecf_core.counterfactuals.proposers.registry import make_ready

    with suppress(InputError, NotReadyError):
        make_ready(cohort)


def worker() -> ModelWorker:
    """Return this process's model lane; the first call starts it."""
    return shared(ModelWorker)
