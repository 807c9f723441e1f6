"""Send each job to the right worker: language models to the model worker, other methods to theirs."""

from __future__ import annotations

from collections.abc import Callable

from sensecf_core.jobs import job_table, method_worker, model_worker, subprocess_worker
from sensecf_core.jobs.job_table import JobView, WorkerName
from sensecf_core.jobs.worker import Worker
from sensecf_core.queries.methods import asks_language_model
from sensecf_core.queries.request import ExplainRequest

_WORKERS: dict[WorkerName, Callable[[], Worker]] = {
    "model": model_worker.worker,
    "method": method_worker.worker,
    "process": subprocess_worker.worker,
}


def submit(request: ExplainRequest) -> str:
    """Queue a request and return the job's id; raises ``InputError`` when its queue is full."""
    if asks_language_model(request.method):
        return model_worker.worker().submit(request)
    return method_worker.worker().submit(request)


def view(job_id: str) -> JobView | None:
    """Return the current state of any worker's job, or None; see :meth:`Worker.view`."""
    job = job_table.find(job_id)
    return None if job is None else _worker_of(job).view(job_id)


def cancel(job_id: str) -> None:
    """Cancel a job of any worker; finished and unknown jobs stay as they are."""
    job = job_table.find(job_id)
    if job is not None:
        _worker_of(job).cancel(job_id)


def start_all() -> None:
    """Start every worker of this process, so that jobs which a restart interrupted go on at once.

    Raises ``NotReadyError`` if the database cannot be used.
    """
    for worker in _WORKERS.values():
        worker()


def _worker_of(job: JobView) -> Worker:
    return _WORKERS[job.lane]()
