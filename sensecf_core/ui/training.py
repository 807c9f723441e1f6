"""A classifier that is not there yet: train it in the process lane, and show how far it is."""

from __future__ import annotations

import streamlit as st

from sensecf_core.classifiers import store
from sensecf_core.cohorts.cohort import Cohort
from sensecf_core.errors import InputError, NotReadyError
from sensecf_core.jobs import process_lane
from sensecf_core.jobs.rows import JobView
from sensecf_core.ui.job_panel import cancel_button
from sensecf_core.ui.words import message, plain

KIND = "train"


def guard(cohort: Cohort) -> None:
    """Stop the page while the cohort's classifier is missing.

    A user's own cohort is trained at once, with progress. A built-in one's classifier belongs to the
    checkout, so it is replaced only when somebody asks for it.
    """
    if store.ready(cohort):
        try:
            store.load(cohort)
            return
        except NotReadyError as error:  # its files are there, but damaged
            st.error(message(str(error)), icon=":material/broken_image:")
            st.stop()
    name = cohort.schema.name
    key = f"training_{name}_{cohort.data_sha256}"
    command = f"`.venv/bin/python -m sensecf_core train --cohort {name}`"
    st.header("This cohort has no classifier yet")
    if key not in st.session_state and not cohort.own:
        st.warning(
            f"The classifier of **{plain(cohort.schema.title)}** is missing or was made for other data; "
            f"run {command}, or train it here.",
            icon=":material/model_training:",
        )
        if not st.button(
            "Train it now", type="primary", icon=":material/model_training:", key=f"train_{name}"
        ):
            st.stop()
    try:
        if key not in st.session_state:
            st.session_state[key] = _start(cohort)
    except (InputError, NotReadyError) as error:
        st.error(message(str(error)), icon=":material/hourglass_top:")
        st.stop()
    st.write(f"It is being trained now, once; this page goes on by itself. From a terminal: {command}")
    _panel(cohort, key)
    st.stop()


def _start(cohort: Cohort) -> str:
    name = cohort.schema.name
    return process_lane.start(
        KIND, ["train", "--cohort", name, "--json-progress"], f"Train the classifier of {name}"
    )


@st.fragment(run_every=1.0)
def _panel(cohort: Cohort, key: str) -> None:
    job = process_lane.lane().view(st.session_state[key])
    if store.ready(cohort):
        st.rerun()
    if job is None or job.state in ("failed", "cancelled", "done"):
        _ended(job, key)
        return
    waiting = f"Waiting, place {job.position} in the queue" if job.state == "queued" else "Training"
    st.progress(job.fraction, text=plain(f"{waiting}. {job.message}"))
    cancel_button(job, process_lane.lane().cancel)


def _ended(job: JobView | None, key: str) -> None:
    if job is not None and job.state == "cancelled":
        st.info("Training was cancelled.", icon=":material/block:")
    else:
        reason = job.error if job and job.error else "It ended without a classifier."
        st.error(f"Training failed. {message(reason)}", icon=":material/error:")
    if st.button("Train again", key=f"again_{key}", icon=":material/refresh:"):
        del st.session_state[key]
        st.rerun()
