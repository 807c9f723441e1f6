"""Fine-tuning from a page: the form, how far a run is, Cancel, and resuming a run that ended."""

from __future__ import annotations

import json
from collections.abc import Sequence

import streamlit as st

from sensecf_core.access import rights
from sensecf_core.cohorts.cohort import Cohort
from sensecf_core.errors import InputError, NotReadyError
from sensecf_core.jobs import job_table, subprocess_worker
from sensecf_core.jobs.job_table import CANCELLING, JobView
from sensecf_core.language.models import adapters, default_model
from sensecf_core.queries.methods import METHODS, of_prompt
from sensecf_core.ui.common import signed_in, wording
from sensecf_core.ui.jobs.job_progress import cancel_button
from sensecf_core.ui.models import base_models

KIND = "finetune"
POLL_SECONDS = 2.0
MEMORY_GB = 5.0
"""The most memory that fine-tuning the default model takes."""
MINUTES = (1, 24 * 60)
TOLD: dict[str, str] = {"shap": of_prompt("guided"), "profile": of_prompt("profile")}
"""What --told can say, and which method the adapter then answers."""


def show(cohort: Cohort) -> None:
    """Show the newest run about a cohort, and the form that starts another."""
    st.header("Fine-tune for this cohort")
    try:
        job = newest(cohort)
    except NotReadyError as error:
        st.error(wording.message(str(error)), icon=":material/database_off:")
        return
    if job is not None and not job.finished:
        _watch(cohort, job.id)
        return
    if (why := rights.refusal("models")) is not None:
        st.caption(wording.message(why))
        return
    if job is not None:
        _ended(cohort, job)
    _form(cohort, _free_name(cohort, job))


def newest(cohort: Cohort) -> JobView | None:
    """The newest fine-tuning of a cohort, whichever tab or server started it."""
    for job in job_table.recent("process", KIND):
        if _option_value(json.loads(job.spec), "--cohort") == cohort.schema.name:
            # The worker first checks whether an unfinished job still has a process.
            return job if job.finished else subprocess_worker.worker().view(job.id)
    return None


def command(cohort: str, told: str, minutes: float, name: str, seed: int) -> list[str]:
    """The arguments of ``python -m sensecf_core`` for fine-tuning; ``told`` is one of :data:`TOLD`."""
    options = {"--cohort": cohort, "--told": told, "--minutes": f"{minutes:g}"}
    options |= {"--name": name, "--seed": str(seed)}
    return [KIND, *(part for pair in options.items() for part in pair), "--json-progress"]


def _option_value(argv: Sequence[str], option: str) -> str:
    return argv[argv.index(option) + 1] if option in argv[:-1] else ""


def _form(cohort: Cohort, suggested: str) -> None:
    model = default_model.status()
    if not model.ready:
        st.error(wording.message(model.message), icon=":material/download:")
        return
    st.markdown(
        "The language model learns from changes that the program finds for this cohort's training "
        "participants, and is measured on others. The result is an adapter of 5 to 10 MB; it stays here."
    )
    free = base_models.this_machine().memory_gb
    st.caption(
        "It runs in the background and goes on when you leave this page or close the tab; answers are slower "
        "meanwhile, and other training waits. It takes the minutes you give, plus about ten to measure how "
        f"good it has become, and up to {wording.gigabytes(MEMORY_GB)} of memory."
    )
    if free < MEMORY_GB:
        st.warning(
            f"Only {wording.gigabytes(free)} of memory are free now; close other programs first.",
            icon=":material/memory:",
        )
    with st.form(key=f"tune_{cohort.schema.name}", border=True):
        told = st.selectbox(
            "Method that it will answer",
            TOLD,
            format_func=lambda told: wording.method_title(TOLD[told]),
            key="tune_told",
            help=" ".join(f"{wording.method_title(one)}: {METHODS[one].note}" for one in TOLD.values()),
        )
        left, middle, right = st.columns(3)
        minutes = left.number_input("Minutes of training", *MINUTES, 60, 10, key="tune_minutes")
        name = middle.text_input("Name", placeholder=suggested, max_chars=64, key="tune_name")
        seed = right.number_input("Seed", 0, 2**31 - 1, 0, key="tune_seed")
        pressed = st.form_submit_button("Start fine-tuning", type="primary", icon=":material/play_arrow:")
    if pressed:
        start(cohort, told, float(minutes), name.strip() or suggested, int(seed))


def _free_name(cohort: Cohort, last: JobView | None) -> str:
    """A name that neither an adapter nor the last run has: a new run of that name drops its checkpoint."""
    used = _used_names(cohort) | ({_option_value(json.loads(last.spec), "--name")} if last else set())
    number = next(n for n in range(1, len(used) + 2) if f"tuned-{n}" not in used)
    return f"tuned-{number}"


def _used_names(cohort: Cohort) -> set[str]:
    return {adapter.card.name for adapter in adapters.adapters(cohort)}


def start(cohort: Cohort, told: str, minutes: float, name: str, seed: int) -> None:
    """Queue a fine-tuning, or say why it cannot be started."""
    try:
        check(cohort, minutes, name)
        _queue(command(cohort.schema.name, told, minutes, name, seed))
    except (InputError, NotReadyError) as error:
        st.error(wording.message(str(error)), icon=":material/error:")
        return
    st.rerun()


def check(cohort: Cohort, minutes: float, name: str) -> None:
    """Raise ``InputError`` for unusable minutes and names (a browser may send anything)."""
    if not MINUTES[0] <= minutes <= MINUTES[1]:
        raise InputError(f"Minutes of training must be {MINUTES[0]} to {MINUTES[1]}, got {minutes:g}.")
    adapters.check_name(name)
    if name in _used_names(cohort):
        raise InputError(
            f"There is an adapter {name!r} already; choose another name, or delete that one first."
        )


def _queue(argv: Sequence[str]) -> None:
    subprocess_worker.start(
        KIND, argv, f"Fine-tune for {_option_value(argv, '--cohort')}: {_option_value(argv, '--name')}"
    )


@st.fragment(run_every=POLL_SECONDS)
def _watch(cohort: Cohort, job_id: str) -> None:
    signed_in.still()
    try:
        job = subprocess_worker.worker().view(job_id)
    except NotReadyError as error:
        st.error(wording.message(str(error)), icon=":material/error:")
        return
    if job is None or job.finished:
        st.rerun()
    argv = json.loads(job.spec)
    with st.container(border=True, key="tuning"):
        name, minutes = wording.plain(_option_value(argv, "--name")), _option_value(argv, "--minutes")
        st.markdown(f"**{name}** is being trained for {minutes} minutes.")
        st.progress(job.fraction, text=wording.plain(_progress(job)))
        st.caption(
            "You may leave this page or close the tab: it goes on, and is found here again. If the program "
            "ends, it ends too and can go on from its last checkpoint."
        )
        cancel_button(
            job,
            subprocess_worker.worker().cancel,
            "What was learned so far is kept as a checkpoint, from which it can go on.",
        )


def _progress(job: JobView) -> str:
    if job.state == "queued":
        return f"Waiting: place {job.position} in the queue. Other training is being done first."
    if job.message == CANCELLING:
        return "Cancelling: the step under way is finished and kept as a checkpoint …"
    return f"{100 * job.fraction:.0f} %. {job.message or 'Starting'} …"


def _ended(cohort: Cohort, job: JobView) -> None:
    """Say how the newest run ended, and offer to resume it if it did not finish."""
    argv = json.loads(job.spec)
    name, when = wording.plain(_option_value(argv, "--name")), wording.moment(job.ended or job.created)
    if job.state == "done":
        if _option_value(argv, "--name") in _used_names(cohort):
            st.success(f"**{name}** was trained and measured ({when}).", icon=":material/check_circle:")
        return
    share_done = f"at {100 * job.fraction:.0f} %"
    if job.state == "cancelled":
        st.info(f"The training of **{name}** was cancelled {share_done} ({when}).", icon=":material/block:")
    else:
        reason = wording.message(job.error or "It said nothing.")
        st.error(f"The training of **{name}** ended {share_done} ({when}). {reason}", icon=":material/error:")
    if st.button(
        f"Go on with {name}",
        icon=":material/resume:",
        key=f"resume_{job.id}",
        help="Goes on from the last checkpoint; where none was written yet, it begins anew.",
    ):
        try:
            _queue([*argv, *(() if "--resume" in argv else ("--resume",))])
        except (InputError, NotReadyError) as error:
            st.error(wording.message(str(error)), icon=":material/error:")
            return
        st.rerun()
