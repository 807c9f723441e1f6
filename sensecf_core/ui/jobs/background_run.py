"""A long command that a page starts: the newest one of a cohort, its progress, and how it ended."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence

import streamlit as st

from sensecf_core.access import rights
from sensecf_core.cohorts.cohort import Cohort
from sensecf_core.errors import InputError, NotReadyError
from sensecf_core.jobs import dispatch, job_table, subprocess_worker
from sensecf_core.jobs.job_table import JobView
from sensecf_core.ui.common import wording
from sensecf_core.ui.jobs.job_progress import cancel_button, progress_text, time_left

POLL_SECONDS = 2.0


def option(argv: Sequence[str], name: str) -> str:
    """What follows ``name`` among arguments; empty where it is not there."""
    return argv[argv.index(name) + 1] if name in argv[:-1] else ""


def newest(kind: str, cohort: Cohort) -> JobView | None:
    """The newest command of a kind about a cohort, whichever tab or server started it."""
    for job in job_table.recent("process", kind):
        if option(json.loads(job.spec), "--cohort") == cohort.schema.name:
            # The worker first checks whether an unfinished job still has a process.
            return job if job.finished else dispatch.view(job.id)
    return None


def unfinished(kind: str, cohort: Cohort) -> list[JobView]:
    """The commands of a kind about a cohort that wait or run, the oldest first."""
    about = [
        job
        for job in job_table.recent("process", kind)
        if not job.finished and option(json.loads(job.spec), "--cohort") == cohort.schema.name
    ]
    looked_at = [dispatch.view(job.id) for job in reversed(about)]
    return [job for job in looked_at if job is not None and not job.finished]


def show(
    kind: str,
    cohort: Cohort,
    *,
    name: str,
    title: str,
    watch: Callable[[Cohort, str], None],
    form: Callable[[Cohort], None],
    has_run: bool,
) -> bool:
    """Show the command under way of a cohort, or how the last one ended and the form that starts another.

    ``name`` is like "quick run", ``title`` stands on the fold of the form, which is open where the cohort
    has no finished run. Returns whether a command is under way.
    """
    try:
        job = newest(kind, cohort)
    except NotReadyError as error:
        st.error(wording.message(str(error)), icon=":material/database_off:")
        return False
    if job is not None and not job.finished:
        watch(cohort, job.id)
        return True
    if job is not None:
        ended(job, name)
    with st.expander(title, icon=":material/play_circle:", expanded=not has_run):
        if (why := rights.refusal("ask")) is not None:
            st.caption(wording.message(why))
        else:
            form(cohort)
    return False


def start(kind: str, argv: Sequence[str], label: str) -> None:
    """Queue a command and draw the page again, or say why it cannot be queued."""
    try:
        subprocess_worker.start(kind, [*argv, "--json-progress"], label)
    except (InputError, NotReadyError) as error:
        st.error(wording.message(str(error)), icon=":material/error:")
        return
    st.rerun()


def progress(job: JobView) -> None:
    """Draw how far a command is."""
    left = time_left(job)
    text = f"{100 * job.fraction:.0f} %{f', {left}' if left else ''}. {progress_text(job)}"
    st.progress(job.fraction, text=wording.plain(text))


def cancel(job: JobView, kept: str) -> None:
    """Offer to cancel a command; ``kept`` says what stays of it."""
    with st.container(horizontal=True, vertical_alignment="center"):
        cancel_button(job, dispatch.cancel, kept)
        st.caption("You may leave this page or close the tab: it goes on, and is found here again.")


def ended(job: JobView, name: str) -> None:
    """Say how the last command ended, unless it is what the page shows; ``name`` is like "quick run"."""
    when = wording.moment(job.ended or job.created)
    if job.state == "cancelled":
        st.info(
            f"The {name} was cancelled at {100 * job.fraction:.0f} % ({when}). What had finished is kept; "
            "the same run goes on from there.",
            icon=":material/block:",
        )
    elif job.state == "failed":
        reason = wording.message(job.error or "It said nothing.")
        st.error(
            f"The {name} ended at {100 * job.fraction:.0f} % ({when}). {reason}", icon=":material/error:"
        )
