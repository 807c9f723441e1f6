"""A quick run from the page: the form, the run as it fills, Cancel, and how the last one ended."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

from sensecf_core.augmentation.findings import cell_view, runs, words
from sensecf_core.augmentation.findings.cell_view import CellView
from sensecf_core.augmentation.findings.verdict import ABSENT, Verdict, verdict
from sensecf_core.cohorts.cohort import Cohort
from sensecf_core.errors import InputError, NotReadyError
from sensecf_core.jobs import dispatch
from sensecf_core.ui.augmentation import lights
from sensecf_core.ui.choice import kept_picks
from sensecf_core.ui.common import signed_in, wording
from sensecf_core.ui.jobs import background_run

# What plans a run brings packages and language models with it; a page that shows a run needs none of them.
if TYPE_CHECKING:
    from sensecf_core.augmentation.experiment import Plan
    from sensecf_core.augmentation.findings.partial import Partial

KIND = "augment"
REPEATS = 3
SHARES = ("0.5", "0.8", "0.9", "0.95")
SEARCH = (
    *("threshold", "weights", "ridge", "panel", "smotenc", "smotenc-panel"),
    *("search-hard", "search-panel", "search-full"),
)
ARM_SETS = {
    "Controls and our own search": SEARCH,
    "The same, and more resampling": (
        *(*SEARCH, "ros", "rose", "crossover", "ros-panel", "rose-panel", "crossover-panel"),
        *("random-hard", "random-panel", "search-margin"),
    ),
    "The same, and the language model": (*SEARCH, "random-panel", "lm-transfer-hard", "lm-transfer-panel"),
}
"""What a quick run compares."""


def show(cohort: Cohort) -> bool:
    """Show the run under way of a cohort, or how the last one ended and the form that starts another.

    Returns whether one is under way.
    """
    return background_run.show(
        KIND,
        cohort,
        name="quick run",
        title="Run a quick one on this cohort",
        watch=_watch,
        form=_form,
        has_run=any(run.finished for run in runs.runs(cohort.schema.name)),
    )


def _form(cohort: Cohort) -> None:
    st.markdown(
        f"Takes labels away in {REPEATS} new splits, trains again, and measures on people nobody saw. It is "
        "an example, no proof: so few repeats leave wide intervals. It takes about a minute for some hundred "
        "people, several for thousands (with the language model, minutes more), runs in the background, "
        "and its results stay on this machine."
    )
    with st.form(key=f"augment_{cohort.schema.name}", border=False):
        columns = st.columns([2, 2, 3, 1])
        scenarios = columns[0].multiselect(
            "Scenarios",
            list(words.SCENARIOS),
            ["A", "C"],
            format_func=lambda s: f"{s}: {words.SCENARIOS[s]}",
            key="quick_scenarios",
        )
        shares = columns[1].multiselect(
            "Labels gone",
            SHARES,
            ["0.9"],
            format_func=lambda share: words.percent(float(share)),
            key="quick_removed",
        )
        arms = columns[2].selectbox("What is compared", list(ARM_SETS), key="quick_arms")
        seed = columns[3].number_input("Seed", 0, 2**31 - 1, 0, key="quick_seed")
        pressed = st.form_submit_button("Start the quick run", type="primary", icon=":material/play_arrow:")
    if pressed:
        start(cohort, scenarios, shares, ARM_SETS[arms], int(seed))


def start(
    cohort: Cohort, scenarios: Sequence[str], shares: Sequence[str], arms: Sequence[str], seed: int
) -> None:
    """Queue a quick run, or say why it cannot be started."""
    try:
        if not scenarios or not shares:
            raise InputError("Choose at least one scenario and one share of labels.")
        argv = runs.arguments(
            cohort.schema.name,
            scenarios=scenarios,
            removed=[float(share) for share in shares],
            arms=arms,
            repeats=REPEATS,
            seed=seed,
        )
        plan_of(cohort, argv)  # refuses what the command would refuse
    except (InputError, NotReadyError) as error:
        st.error(wording.message(str(error)), icon=":material/error:")
        return
    background_run.start(KIND, argv, f"Augmentation of {cohort.schema.name}")


def plan_of(cohort: Cohort, argv: Sequence[str]) -> Plan:
    """The plan of a job's arguments, as the command makes it; raises ``InputError``."""
    from sensecf_core.augmentation.experiment import plan_experiment
    from sensecf_core.augmentation.run_task import Cell

    cells = [
        Cell(scenario, float(share))  # type: ignore[arg-type]
        for scenario in background_run.option(argv, "--scenario").split(",")
        for share in background_run.option(argv, "--removed").split(",")
    ]
    return plan_experiment(
        cohort,
        cells,
        background_run.option(argv, "--arms").split(","),
        repeats=int(background_run.option(argv, "--repeats")),
        seed=int(background_run.option(argv, "--seed")),
    )


@st.fragment(run_every=background_run.POLL_SECONDS)
def _watch(cohort: Cohort, job_id: str) -> None:
    signed_in.still()
    try:
        job = dispatch.view(job_id)
    except NotReadyError as error:
        st.error(wording.message(str(error)), icon=":material/error:")
        return
    if job is None or job.finished:
        if job is not None and job.state == "done":
            kept_picks.keep("run", plan_of(cohort, json.loads(job.spec)).run_id)
        st.rerun()
    plan = plan_of(cohort, json.loads(job.spec))
    with st.container(border=True, key="augmenting"):
        st.markdown(f"**A quick run is under way**: {_about(plan)}.")
        background_run.progress(job)
        changed = plan.record_file.stat().st_mtime_ns if plan.record_file.is_file() else 0
        _so_far(_partial(plan.run_id, changed, cohort, plan), plan)
        background_run.cancel(job, "Finished repeats are kept; the same run goes on from them.")


@st.cache_data(max_entries=4, show_spinner=False)
def _partial(run_id: str, changed: int, _cohort: Cohort, _plan: Plan) -> Partial:
    """What has finished; ``changed`` (mtime of the records in ns) renews the cache."""
    from sensecf_core.augmentation.findings.partial import partial_summary

    return partial_summary(_cohort, _plan)


def _about(plan: Plan) -> str:
    cells = wording.listed(f"{cell.scenario} with {words.percent(cell.removed)} gone" for cell in plan.cells)
    return f"{cells}, {len(plan.arms)} arms, {plan.repeats} repeats, seed {plan.origin['seed']}"


def _so_far(partial: Partial, plan: Plan) -> None:
    """The lights of the finished repeats, boosted trees, AUROC."""
    st.caption(f"{partial.done} of {partial.planned} repeats finished. So far, boosted trees, AUROC:")
    columns = st.columns(min(3, max(1, len(plan.cells))))
    for number, cell in enumerate(plan.cells):
        found = cell_view.find_cell(partial.summary["results"], cell.scenario, cell.removed)
        view, said = None, ABSENT
        if found is not None and found["repeats"]:
            view = CellView(found, partial.summary["titles"], "trees", "auroc")
            said = verdict(view, partial.table)
        elif found is not None:
            said = Verdict("refused")
        with columns[number % len(columns)].container(border=True, height="stretch", gap="xsmall"):
            if found is None:
                st.markdown(
                    f"**{cell.scenario}, {words.percent(cell.removed)} gone**: waiting for its first repeat."
                )
            else:
                lights.light(cell.scenario, said, view)
