"""The worker that owns the language model: one answer at a time, in the order of the requests.

A job's spec is its request, so a job that a restart interrupted is simply queued again: the same seed
gives the same answer.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol

from pydantic import ValidationError

from sensecf_core.errors import InputError, NotReadyError
from sensecf_core.jobs.job_table import ClaimedJob, JobOutcome
from sensecf_core.jobs.worker import MOST_ATTEMPTS, Progress, Worker, shared
from sensecf_core.queries.answer import Answer
from sensecf_core.queries.request import ExplainRequest
from sensecf_core.records import answers
from sensecf_core.types import Callbacks

MOST_WAITING = 16
POLL_SECONDS = 0.1
_in_use = threading.Lock()


class CancelledWaitError(Exception):
    """Somebody cancelled what waited for its turn."""


@contextmanager
def alone(cancelled: Callable[[], bool]) -> Iterator[None]:
    """Wait until no other thread makes an answer or reads words; raises ``CancelledWaitError``."""
    while not _in_use.acquire(timeout=POLL_SECONDS):
        if cancelled():
            raise CancelledWaitError
    try:
        yield
    finally:
        _in_use.release()


KIND = "explain"
ENDED_TOO_OFTEN = f"The program ended {MOST_ATTEMPTS} times during this job; ask for fewer candidates."


def job_label(request: ExplainRequest) -> str:
    """The label of a job that answers a request."""
    return f"{request.cohort} · participant {request.participant_id} · {request.method}"


class AnswerRequest(Protocol):
    """A function that answers a request, like :func:`sensecf_core.counterfactuals.explain.explain`."""

    def __call__(self, request: ExplainRequest, callbacks: Callbacks) -> Answer:
        """Answer ``request``; stop soon after ``callbacks.cancelled()`` becomes true."""


class ModelWorker(Worker):
    """Answers requests in one thread and stores the answers.

    Parameters
    ----------
    explain : the function that answers a request; None means the program's own ``explain``.
    most_waiting : how many jobs of one visitor may wait besides the one that runs.
    """

    name = "model"

    def __init__(self, explain: AnswerRequest | None = None, *, most_waiting: int = MOST_WAITING) -> None:
        self._explain = explain
        super().__init__(most_waiting=most_waiting)

    def submit(self, request: ExplainRequest) -> str:
        """Queue ``request`` and return the job's id; raises ``InputError`` when the queue is full."""
        return self._queue(kind=KIND, label=job_label(request), spec=request.model_dump_json(), share=False)

    def _take_over(self) -> None:
        self._queue_again(MOST_ATTEMPTS, ENDED_TOO_OFTEN)

    def _run(self, job: ClaimedJob, progress: Progress) -> JobOutcome:
        try:
            request = ExplainRequest.model_validate_json(job.spec)
        except ValidationError as error:
            raise InputError("This job was queued by another version of SenseCF; ask again.") from error
        explain = self._explain or _default_explain()
        try:
            with alone(progress.cancelled.is_set):
                answer = explain(request, Callbacks(progress, progress.cancelled.is_set))
        except CancelledWaitError:
            return JobOutcome("cancelled")
        if self._closed.is_set():
            return JobOutcome("cancelled")
        answer_id = answers.save(answer)
        return JobOutcome("cancelled" if answer.status == "cancelled" else "done", answer_id=answer_id)


def _default_explain() -> AnswerRequest:
    from sensecf_core.counterfactuals.explain import explain

    return explain


_lock = threading.Lock()
_at_once: dict[str | None, threading.Event] = {}
"""By cohort that is loaded or about to be (None: the libraries); set where that is not to wait any longer."""


def warm(cohort: str | None, *, after: float = 0.0) -> threading.Thread | None:
    """Load what the first answer about ``cohort`` needs, in the background and once per process.

    ``cohort`` of None means the libraries alone. Loading cannot be cancelled, and slows down what is drawn
    meanwhile; where nobody asked for an answer yet, it may wait ``after`` so many seconds. It then begins for
    the first cohort alone; a call without ``after`` ends the wait, and one for another cohort takes its
    place. Returns the loading thread, or None if nothing is begun. If something is missing, the job itself
    reports it, and it is tried again with the next call.
    """
    with _lock:
        if after and _at_once:
            return None
        if cohort in _at_once:
            _at_once[cohort].set()
            return None
        _at_once[cohort] = threading.Event()
    thread = threading.Thread(target=_load, args=(cohort, after), name=f"warm-{cohort}", daemon=True)
    thread.start()
    return thread


def _load(cohort: str | None, after: float) -> None:
    from sensecf_core.counterfactuals.problem.fitted_cohort import load_fitted
    from sensecf_core.counterfactuals.proposers.registry import make_ready

    try:
        if cohort is not None and after and not _at_once[cohort].wait(after):
            with _lock:
                if set(_at_once) - {cohort, None}:
                    del _at_once[cohort]
                    return
            load_fitted(cohort)  # what every page about a person needs
        make_ready(cohort)
    except (InputError, NotReadyError):
        with _lock:
            _at_once.pop(cohort, None)


def worker() -> ModelWorker:
    """Return this process's model worker; the first call starts it."""
    return shared(ModelWorker)
