"""Choose a run, and a direction and rows of it; or say what to do if there is no run."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from sensecf_core.classifiers import store
from sensecf_core.cohorts.cohort import Cohort
from sensecf_core.cohorts.schema import Schema
from sensecf_core.evaluation.benchmark import run_folder
from sensecf_core.evaluation.benchmark.run_folder import BenchmarkRun
from sensecf_core.provenance import CLI
from sensecf_core.types import JsonView
from sensecf_core.ui.benchmarks import tables as bench
from sensecf_core.ui.common import wording

FEW = 30
"""Below this number of queries a caption warns that intervals are wide."""


@dataclass(frozen=True)
class ChosenRun:
    """What the page shows: a cohort's schema, a run's summary, one of its directions, a view of its rows."""

    schema: Schema
    summary: JsonView
    group: JsonView
    view: str

    @property
    def rows(self) -> list[JsonView]:
        """The rows of the view, in the run's order."""
        return bench.rows(self.group, self.view)


def command(cohort: str) -> str:
    """The command that runs a benchmark of the cohort."""
    return f"{CLI} benchmark --cohort {cohort} --methods all --n 100"


def choose(cohort: Cohort) -> ChosenRun | None:
    """Ask for a run, a direction and rows; None if there is no run to show."""
    name = cohort.schema.name
    runs = run_folder.runs(name)
    finished = [run for run in runs if run.finished]
    if not finished:
        _nothing_yet(name)
        return None
    columns = st.columns([3, 4, 3], vertical_alignment="bottom")
    run = columns[0].selectbox("Run", finished, format_func=_run_title, key=f"run_{name}")
    summary = _summary(str(run.folder), (run.folder / run_folder.SUMMARY).stat().st_mtime_ns)
    if isinstance(summary, str):
        st.error(wording.message(summary), icon=":material/error:")
        return None
    task = cohort.schema.task
    groups = {bench.group_title(g, task.class_0, task.class_1): g for g in summary["groups"]}
    group = groups[columns[1].selectbox("Question", list(groups), key=f"group_{run.id}")]
    view = columns[2].selectbox(
        "Rows",
        list(bench.VIEWS),
        format_func=bench.VIEWS.__getitem__,
        key="benchmark_view",
        help="  \n".join(f"**{bench.VIEWS[option]}**: {note}." for option, note in bench.VIEW_NOTES.items()),
    )
    if summary["provenance"]["sha256"]["cohort"] != cohort.data_sha256:
        st.warning("This run was made with other rows of this cohort.", icon=":material/warning:")
    elif store.sha256(cohort) not in (None, summary["provenance"]["sha256"]["classifier"]):
        st.warning(
            "This run was made with another classifier than the one in use now.", icon=":material/warning:"
        )
    chosen = ChosenRun(cohort.schema, summary, group, view)
    _about(chosen)
    return chosen


@st.cache_data(max_entries=8, show_spinner=False)
def _summary(folder: str, changed: int) -> JsonView | str:
    """Read a summary, or say why it cannot be read; ``changed`` (mtime in ns) renews the cache."""
    try:
        return BenchmarkRun(Path(folder), {}, False).summary()
    except (OSError, ValueError) as error:
        return f"The summary of this run cannot be read: {error}. Give its command again."


def _run_title(run: BenchmarkRun) -> str:
    where = "comes with the program" if run.committed else "made on this machine"
    people_per_class = run.config.get("n")
    people = "everybody of the test part" if people_per_class == 0 else f"{people_per_class} people a class"
    return f"{wording.moment(run.config['created'])}, {people}, {where}"


def _about(chosen: ChosenRun) -> None:
    counts, queries = chosen.group["answers"], chosen.group["queries"]
    feasible = counts["proven_possible"] + counts["found"]
    text = (
        f"{wording.counted(queries, 'query', 'queries')}, the same for every method; {feasible} have an "
        "answer within the limits. In brackets and as lines: 95 % bootstrap intervals over people."
    )
    if queries < FEW:
        text += " **So few queries say little: the intervals are wide.**"
    st.caption(text)


def asked_in_full(chosen: ChosenRun) -> str:
    """What every method was asked, how many of it can be answered, and how failures count."""
    counts = chosen.group["answers"]
    queries = wording.counted(chosen.group["queries"], "query", "queries")
    feasible, infeasible = (
        counts["proven_possible"] + counts["found"],
        counts["proven_none"] + counts["not_found"],
    )
    text = (
        f"{queries}, the same for every method, {chosen.summary['k']} "
        f"counterfactuals asked for. {feasible} have an answer within the limits (proven for "
        f"{counts['proven_possible']}); for {infeasible} there is none or none was found (proven that there "
        f"is none for {counts['proven_none']}). Failures count as failures; a counterfactual that breaks "
        "limits still counts for coverage (All refined leaves only those that keep them)."
    )
    not_asked = {bench.title(row["method"]) for row in chosen.group["rows"] if row["ended"].get("proven")}
    if not_asked:
        text += (
            f" Skipped where provably no answer exists, and scored as failures there: "
            f"{wording.listed(sorted(not_asked))}."
        )
    return text


def _nothing_yet(cohort: str) -> None:
    st.info(
        "No benchmark of this cohort is here yet. It asks every method the same questions and takes minutes "
        "for a small one (`--n 5`), hours for all methods and 100 people a class. Run this, then come back:",
        icon=":material/query_stats:",
    )
    st.code(command(cohort), language=None, wrap_lines=True)


def unfinished(cohort: str) -> None:
    """Name the runs of a cohort that were not ended, with the command that goes on."""
    unfinished = [run for run in run_folder.runs(cohort) if not run.finished]
    if unfinished:
        with st.expander(f"Not finished yet ({len(unfinished)})", icon=":material/hourglass:"):
            st.markdown("Runs that are under way or were ended. The same command goes on where they stopped.")
            for run in unfinished:
                st.code(str(run.config.get("command", "")), language=None, wrap_lines=True)
