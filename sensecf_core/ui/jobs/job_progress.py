"""A job under way: position in the queue, progress, Cancel; and how it ended."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime

import streamlit as st

from sensecf_core.access import rights
from sensecf_core.errors import NotAllowedError, NotReadyError
from sensecf_core.jobs import model_worker
from sensecf_core.jobs.job_table import CANCELLING, JobView
from sensecf_core.ui.choice import shown_results
from sensecf_core.ui.choice.selection import Choice
from sensecf_core.ui.common import signed_in, wording

POLL_SECONDS = 1.0
QUICK_POLL_SECONDS = 0.4
YOUNG_SECONDS = 10.0
"""Most answers come within these seconds; until then a job is looked at more often."""
KEY = "job"
"""Key of the container that shows a job under way."""


def show(choice: Choice, job_id: str) -> None:
    """Show the job about the chosen row; once it is done, show its answer instead."""
    job = model_worker.worker().view(job_id)
    if job is None:
        st.warning(
            "This job is not known on this machine. Press Find options to ask again.",
            icon=":material/link_off:",
        )
    elif job.state in ("queued", "running"):
        young = _is_young(job)
        st.fragment(_watch, run_every=QUICK_POLL_SECONDS if young else POLL_SECONDS)(choice, job_id, young)
    elif job.state == "failed":
        st.error(
            f"No answer. {wording.message(job.error or 'The job failed.')} Mend this, then ask again.",
            icon=":material/error:",
        )
    elif job.answer_id is None:
        st.info(
            "Cancelled before anything was proposed. Press Find options to ask again.",
            icon=":material/block:",
        )
    else:
        shown_results.show_next(choice, answer=job.answer_id)
        st.rerun()


def under_way(job_id: str) -> bool:
    """Whether a job waits or runs."""
    job = model_worker.worker().view(job_id)
    return job is not None and not job.finished


def _is_young(job: JobView) -> bool:
    return (datetime.now(UTC) - datetime.fromisoformat(job.created)).total_seconds() < YOUNG_SECONDS


def _watch(choice: Choice, job_id: str, young: bool) -> None:
    """Show a job under way; how often that is done again changes with a run of the whole page alone."""
    signed_in.still()
    try:
        job = model_worker.worker().view(job_id)
    except NotReadyError as error:
        st.error(wording.message(str(error)), icon=":material/error:")
        return
    if job is not None and job.answer_id is not None:
        shown_results.show_next(choice, answer=job.answer_id)
    if job is None or job.finished or young is not _is_young(job):
        st.rerun()
    with st.container(border=True, key=KEY):
        st.progress(job.fraction, text=wording.plain(progress_text(job)))
        st.caption("You may leave this page or close the tab: the job goes on, and its link finds it again.")
        cancel_button(job, model_worker.worker().cancel)


def cancel_button(job: JobView, cancel: Callable[[str], None], help_text: str | None = None) -> None:
    """Offer to cancel a job that waits or runs; once pressed, the button says so and is disabled.

    It is disabled, too, for whoever may not cancel it, and says why.
    """
    cancelling = job.message == CANCELLING
    refused = rights.refusal_of("cancel", job.login)
    st.button(
        f"{CANCELLING} …" if cancelling else "Cancel",
        icon=":material/close:",
        key=f"cancel_{job.id}",
        disabled=cancelling or refused is not None,
        on_click=_cancel,
        args=(cancel, job.id),
        help=help_text if refused is None else wording.message(refused),
    )


def _cancel(cancel: Callable[[str], None], job_id: str) -> None:
    with suppress(NotAllowedError):  # the page that is drawn next says why
        cancel(job_id)


def time_left(job: JobView) -> str:
    """About how long a running job still takes, like "about 3 min left"; "" as long as nobody can tell.

    By its share done and the time since it was started.
    """
    if job.started is None or job.finished or job.fraction <= 0.02:
        return ""
    elapsed = (datetime.now(UTC) - datetime.fromisoformat(job.started)).total_seconds()
    if elapsed < 2:
        return ""
    return f"about {wording.duration(elapsed * (1 - job.fraction) / job.fraction)} left"


def progress_text(job: JobView) -> str:
    """Say how far a job that waits or runs is."""
    if job.state == "queued":
        position = job.position
        return (
            f"Waiting: place {position} in the queue. Another answer is being made first."
            if position
            else "Waiting"
        )
    return f"{job.message or 'Starting'} …"
