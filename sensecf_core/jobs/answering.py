"""Requests to whichever lane answers them: language models to the model lane, other methods to theirs."""

from __future__ import annotations

from sensecf_core.jobs import method_lane, model_lane, rows
from sensecf_core.jobs.method_lane import MethodLane
from sensecf_core.jobs.model_lane import ModelLane
from sensecf_core.jobs.rows import JobView
from sensecf_core.queries.request import ExplainRequest, asks_language_model


def submit(request: ExplainRequest) -> str:
    """Queue a request and return the job's id; raises ``InputError`` when its queue is full."""
    if asks_language_model(request.method):
        return model_lane.lane().submit(request)
    return method_lane.lane().submit(request)


def view(job_id: str) -> JobView | None:
    """Return a job of either lane as it stands now, or None; see :meth:`Lane.view`."""
    job = rows.find(job_id)
    return None if job is None else _lane_of(job).view(job_id)


def cancel(job_id: str) -> None:
    """Cancel a job of either lane; finished and unknown jobs stay as they are."""
    job = rows.find(job_id)
    if job is not None:
        _lane_of(job).cancel(job_id)


def _lane_of(job: JobView) -> ModelLane | MethodLane:
    return method_lane.lane() if job.lane == "method" else model_lane.lane()
