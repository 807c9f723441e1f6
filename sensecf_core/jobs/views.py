"""Look at a job, or cancel it, without knowing its lane."""

from __future__ import annotations

from sensecf_core.jobs import model_lane, process_lane, rows
from sensecf_core.jobs.lane import Lane
from sensecf_core.jobs.rows import JobView


def view(job_id: str) -> JobView | None:
    """Return the job as it stands now, or None if there is none of that id."""
    found = rows.find(job_id)
    if found is None or found.finished:
        return found
    return _lane_of(found).view(job_id)


def cancel(job_id: str) -> None:
    """Cancel a queued job at once and stop a running one; finished and unknown jobs stay as they are."""
    found = rows.find(job_id)
    if found is not None and not found.finished:
        _lane_of(found).cancel(job_id)


def _lane_of(job: JobView) -> Lane:
    return model_lane.lane() if job.lane == "model" else process_lane.lane()
