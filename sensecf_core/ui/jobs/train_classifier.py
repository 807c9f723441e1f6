"""A missing classifier: train it in the background, and show how far the training is."""

from __future__ import annotations

import streamlit as st

from sensecf_core.access import rights
from sensecf_core.classifiers import store
from sensecf_core.classifiers.classifier import Classifier
from sensecf_core.cohorts.cohort import Cohort
from sensecf_core.cohorts.enough import too_small
from sensecf_core.errors import InputError, NotReadyError
from sensecf_core.jobs import subprocess_worker
from sensecf_core.jobs.job_table import JobView
from sensecf_core.provenance import CLI
from sensecf_core.ui.common import signed_in
from sensecf_core.ui.common.wording import message, plain
from sensecf_core.ui.jobs.job_progress import cancel_button

KIND = "train"


def load_if_ready(cohort: Cohort) -> tuple[Classifier | None, str | None]:
    """Return the cohort's classifier or None, and what to do if its files are damaged."""
    if not store.ready(cohort):
        return None, None
    try:
        return store.load(cohort), None
    except NotReadyError as error:
        return None, str(error)


def require_classifier(cohort: Cohort) -> None:
    """Stop the page if the cohort has no working classifier, and offer what may help."""
    classifier, damage = load_if_ready(cohort)
    if damage is not None:
        say_damaged(damage)
    elif classifier is None:
        offer_training(cohort)
    if classifier is None:
        st.stop()


def say_damaged(damage: str) -> None:
    """Show what :func:`load_if_ready` says of a damaged classifier."""
    st.error(message(damage), icon=":material/broken_image:")


def offer_training(cohort: Cohort) -> None:
    """Say that there is no classifier, and train one or say why it cannot be trained.

    A user's own cohort is trained at once, with progress. The classifier of a built-in cohort belongs to the
    checkout, so it is replaced only if somebody asks for it.
    """
    name = cohort.schema.name
    if (problem := too_small(cohort)) is not None:
        st.header("This cohort has no classifier")
        st.warning(
            f"{message(problem)} Without one there is no risk and no intervention; Participants shows what "
            "was measured all the same.",
            icon=":material/group_off:",
        )
        return
    if (why := rights.refusal("models")) is not None:
        st.header("This cohort has no classifier yet")
        st.warning(f"An administrator trains it. {message(why)}", icon=":material/lock:")
        return
    key = f"training_{name}_{cohort.data_sha256}"
    command = f"`{CLI} train --cohort {name}`"
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
            return
    try:
        if key not in st.session_state:
            st.session_state[key] = _start(cohort)
    except (InputError, NotReadyError) as error:
        st.error(message(str(error)), icon=":material/hourglass_top:")
        return
    _panel(cohort, key, command)


def _start(cohort: Cohort) -> str:
    name = cohort.schema.name
    return subprocess_worker.start(
        KIND, ["train", "--cohort", name, "--json-progress"], f"Train the classifier of {name}"
    )


@st.fragment(run_every=1.0)
def _panel(cohort: Cohort, key: str, command: str) -> None:
    signed_in.still()
    job = subprocess_worker.worker().view(st.session_state[key])
    if store.ready(cohort):
        st.rerun()
    if job is None or job.state in ("failed", "cancelled", "done"):
        _ended(job, key, command)
        return
    st.write(f"It is being trained now, once; this page goes on by itself. From a terminal: {command}")
    waiting = f"Waiting, place {job.position} in the queue" if job.state == "queued" else "Training"
    st.progress(job.fraction, text=plain(f"{waiting}. {job.message}"))
    cancel_button(job, subprocess_worker.worker().cancel)


def _ended(job: JobView | None, key: str, command: str) -> None:
    """Say how the training ended, and offer it again (:func:`offer_training` checked that it can work)."""
    if job is not None and job.state == "cancelled":
        st.info("Training was cancelled.", icon=":material/block:")
    else:
        reason = job.error if job and job.error else "It ended without a classifier."
        st.error(
            f"Training failed. {message(reason)} Train again here, or from a terminal: {command}",
            icon=":material/error:",
        )
    if st.button("Train again", key=f"again_{key}", icon=":material/refresh:"):
        del st.session_state[key]
        st.rerun()
