"""A small benchmark from the page: the form, the run under way with Cancel, and how the last one ended."""

from __future__ import annotations

import streamlit as st

from sensecf_core.cohorts.cohort import Cohort
from sensecf_core.errors import NotReadyError
from sensecf_core.evaluation.benchmark import run_folder
from sensecf_core.jobs import dispatch
from sensecf_core.ui.common import signed_in, wording
from sensecf_core.ui.jobs import background_run

KIND = "benchmark"
FAST = ("random", "nearest-pair", "effects", "search", "nice-sparsity")
METHOD_SETS = {
    "Controls, our own search and NICE": FAST,
    "The same, with DiCE and treecf": (*FAST, "dice-random", "treecf"),
    "The same, with the language model": (*FAST, "dice-random", "treecf", "lm-guided"),
}
"""What a small run compares."""
PEOPLE = (4, 10, 20)


def show(cohort: Cohort) -> bool:
    """Show the run under way of a cohort, or how the last one ended and the form that starts another.

    Returns whether one is under way.
    """
    return background_run.show(
        KIND,
        cohort,
        name="benchmark",
        title="Run a small one on this cohort",
        watch=_watch,
        form=_form,
        has_run=any(run.finished for run in run_folder.runs(cohort.schema.name)),
    )


def arguments(cohort: str, methods: tuple[str, ...], people: int, seed: int) -> list[str]:
    """The arguments of the command that runs a small benchmark, both goals, not timed."""
    asked = ["--methods", ",".join(methods), "--n", str(people), "--seed", str(seed), "--no-timed"]
    return ["benchmark", "--cohort", cohort, *asked]


def _form(cohort: Cohort) -> None:
    st.markdown(
        "Asks some methods about a few test participants, with every judge of a full run. So few people "
        "leave wide intervals. It takes a few minutes (with the language model, minutes more), runs in the "
        "background, and its results stay on this machine. Nothing is timed, since pages run beside it."
    )
    with st.form(key=f"benchmark_{cohort.schema.name}", border=False):
        columns = st.columns([4, 2, 1])
        methods = columns[0].selectbox("What is compared", list(METHOD_SETS), key="small_methods")
        people = columns[1].selectbox(
            "People", PEOPLE, format_func=lambda n: f"{n} people a class", key="small_people"
        )
        seed = columns[2].number_input("Seed", 0, 2**31 - 1, 0, key="small_seed")
        pressed = st.form_submit_button("Start the run", type="primary", icon=":material/play_arrow:")
    if pressed:
        argv = arguments(cohort.schema.name, METHOD_SETS[methods], int(people), int(seed))
        background_run.start(KIND, argv, f"Benchmark of {cohort.schema.name}")


@st.fragment(run_every=background_run.POLL_SECONDS)
def _watch(_: Cohort, job_id: str) -> None:
    signed_in.still()
    try:
        job = dispatch.view(job_id)
    except NotReadyError as error:
        st.error(wording.message(str(error)), icon=":material/error:")
        return
    if job is None or job.finished:
        st.rerun()
    with st.container(border=True, key="benchmarking"):
        st.markdown("**A benchmark is under way.** It is shown under Run once it is finished.")
        background_run.progress(job)
        background_run.cancel(job, "Finished answers are kept; the same run goes on from them.")
