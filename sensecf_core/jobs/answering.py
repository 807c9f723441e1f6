"""Jobs to whichever lane does them: language models to the model lane, other methods to theirs."""

from __future__ import annotations

from collections.abc import Callable

from sensecf_core.jobs import method_lane, model_lane, process_lane, rows
from sensecf_core.jobs.lane import Lane
from sensecf_core.jobs.rows import JobView, LaneName
from sensecf_core.queries.request import ExplainRequest, asks_language_model


def submit(request: ExplainRequest) -> str:
    """Queue a request and return the job's id; raises ``InputError`` when its queue is full."""
    if asks_language_model(request.method):
        return model_lane.lane().submit(request)
    return method_lane.lane().submit(request)


def view(job_id: str) -> JobView | None:
    """Return a job of any lane as it stands now, or None; see :meth:`Lane.view`."""
    job = rows.find(job_id)
    return None if job is None else _lane_of(job).view(job_id)


def cancel(job_id: str) -> None:
    """Cancel a job of any lane; finished and unknown jobs stay as they are."""
    job = rows.find(job_id)
    if job is not None:
        _lane_of(job).cancel(job_id)


def _lane_of(job: JobView) -> Lane:
    lanes: dict[LaneName, Callable[[], Lane]] = {
        "model": model_lane.lane,
        "method": method_lane.lane,
        "process": process_lane.lane,
    }
    return lanes[job.lane]()
